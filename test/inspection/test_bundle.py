"""What a bundle is found to hold."""

from seg_perception.inspection import inspect_bundle


def test_a_bundle_is_validated(world):
    found = inspect_bundle(world.bundle)
    assert "100.00% equal labels" in found.engine
    assert found.problem == ""
    assert found.to_json()["manifest"]["name"] == "tiny"
