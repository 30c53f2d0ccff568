from seg_perception.inference.bundle import Bundle


def test_the_shipped_bundle_fits_its_budget() -> None:
    bundle = Bundle.load("field_tiny")
    total = sum(path.stat().st_size for path in bundle.folder.rglob("*") if path.is_file())
    assert total <= 8_000_000
    assert bundle.manifest.licence_file is not None
    assert "demonstration and tests only" in bundle.manifest.notice
