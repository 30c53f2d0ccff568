"""Parameters in, configuration out; what is wrong is named."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from pydantic.fields import FieldInfo

from seg_perception.config import (
    EXPERT,
    LIVE,
    Config,
    TransferConfig,
    describe,
    has_mark,
    meaning,
    read_parameter_file,
    without_expert_defaults,
)
from seg_perception.core.errors import ConfigError
from seg_perception.core.resources import config_path

CAMERA = {"cameras": ["front"], "camera.front.image_topic": "/camera/image_raw"}


def test_flat_parameters_make_nested_stages() -> None:
    config = Config.from_parameters({**CAMERA, "transfer.cell_px": 4, "camera.front.weight": 2})
    assert config.transfer.cell_px == 4
    assert config.cameras["front"].weight == 2.0
    assert config.synchronizer == Config().synchronizer


@given(
    cell=st.integers(1, 512),
    ratio=st.floats(1.01, 100),
    names=st.sets(st.sampled_from(["a", "b", "c"])),
)
def test_a_configuration_survives_its_own_parameters(
    cell: int, ratio: float, names: set[str]
) -> None:
    sensors = {f"lidar.{name}.topic": f"/{name}" for name in names}
    flat = {
        **CAMERA,
        **sensors,
        "lidars": sorted(names),
        "transfer.cell_px": cell,
        "transfer.occlusion_ratio": ratio,
    }
    config = Config.from_parameters(flat)
    assert Config.from_parameters(config.to_parameters()) == config


@pytest.mark.parametrize(
    ("parameters", "sentence"),
    [
        (
            {"transfer.cel_px": 4},
            "unknown parameter 'transfer.cel_px'; did you mean 'transfer.cell_px'",
        ),
        ({"zzz": 1}, "config dump"),
        (
            {"pairing.max_gap_s": 1.0},
            "unknown parameter 'pairing.max_gap_s'; it is called 'synchronizer.max_gap_s' now",
        ),
        ({"pairing.ring_size": 1}, "it is called 'synchronizer.buffer_size' now"),
        ({"pairing.ring": 1}, "'pairing.ring'"),
        ({"transfer.cell_px": "4"}, "transfer.cell_px: Input should be a valid integer, got '4'"),
        (
            {"transfer.cell_px": -1},
            "transfer.cell_px: Input should be greater than or equal to 0, got -1",
        ),
        (
            {"transfer.occlusion_ratio": float("nan")},
            "transfer.occlusion_ratio: Input should be a finite number",
        ),
        ({"cameras": ["front"]}, "camera.front.image_topic is missing"),
        (
            {"camera.front.image_topic": "/a"},
            "camera.front is described but not listed; add it to cameras",
        ),
        ({"cameras": "front"}, "cameras: expected a list of names"),
        ({"cameras": ["a", "a"]}, "cameras: expected different names"),
        ({"cameras": ["a.b"]}, "without dots"),
        (
            {**CAMERA, "lidars": ["top"], "lidar.top.topic": "/p", "lidar.top.cameras": ["back"]},
            r"lidar.top.cameras names \['back'\], expected some of \['front'\]",
        ),
    ],
)
def test_what_is_wrong_is_named(parameters: dict[str, object], sentence: str) -> None:
    with pytest.raises(ConfigError, match=sentence):
        Config.from_parameters(parameters)


def test_everything_that_is_wrong_is_said_at_once() -> None:
    wrong = {
        **CAMERA,
        "camera.rear.image_topic": "/rear",
        "camera.rear.weight": 1.0,
        "transfer.cel_px": 4,
        "zzz": 1,
        "transfer.occlusion_ratio": 0.5,
        "lidars": ["top"],
    }
    with pytest.raises(ConfigError) as error:
        Config.from_parameters(wrong, "robot.yaml")
    said = str(error.value).splitlines()
    assert [line.partition(": ")[0] for line in said] == ["robot.yaml"] * 5
    for line, words in zip(
        said,
        ("camera.rear is described", "'transfer.cel_px'", "'zzz'", "transfer.occlusion_ratio: ",
         "lidar.top.topic is missing"),
        strict=True,
    ):  # fmt: skip
        assert words in line


def test_each_malformed_list_and_each_contradiction_is_said() -> None:
    with pytest.raises(ConfigError) as error:
        Config.from_parameters({"cameras": "front", "lidars": ["a", "a"], "zzz": 1}, "x")
    assert [line.split(":")[1] for line in str(error.value).splitlines()] == [" cameras", " lidars"]
    lidar = {"lidars": ["a"], "lidar.a.topic": "/p", "lidar.a.cameras": ["rear"]}
    radar = {"radars": ["a"], "radar.a.topic": "/r", "map.sensors": ["b"]}
    with pytest.raises(ConfigError) as error:
        Config.from_parameters({**CAMERA, **lidar, **radar})
    said = str(error.value)
    assert "lidar.a.cameras names" in said
    assert "map.sensors names ['b']" in said
    assert "a lidar and a radar are both called 'a'" in said
    assert len(said.splitlines()) == 3


def test_a_later_section_wins_and_nested_keys_equal_dotted_ones(
    tmp_path: Path,
) -> None:
    file = tmp_path / "robot.yaml"
    file.write_text(
        "/**:\n  ros__parameters:\n    use_sim_time: true\n"
        "    transfer: {cell_px: 4, occlusion_ratio: 1.5}\n"
        "perception_node:\n  ros__parameters:\n    transfer.cell_px: 16\n"
        "other_node:\n  ros__parameters:\n    unrelated: 1\n"
    )
    assert read_parameter_file(file, "perception_node") == {
        "transfer.cell_px": 16,
        "transfer.occlusion_ratio": 1.5,
    }
    assert Config.load(file).transfer.cell_px == 16


@pytest.mark.parametrize(
    ("keys", "value"),
    [
        (["/**/perception_node"], 1),
        (["/*/perception_node"], 1),
        (["/ns/perception_node"], 1),
        (["ns/perception_node"], 1),
        (["/ns/**"], 1),
        (["/ns/*"], 1),
        (["/**", "/ns/perception_node"], 2),
        (["/ns/perception_node", "/**"], 2),
        (["/**/perception_node", "/ns/perception_node", "/ns/**", "/*/perception_node"], 4),
        (["perception_node", "/*/perception_node"], 1),  # not in a namespace
        (["perception_node", "/**/other_node", "/*"], 3),
        (["/perception_node", "perception_node"], 2),
    ],
)
def test_sections_are_found_as_ros_finds_them(tmp_path: Path, keys: list[str], value: int) -> None:
    """The value is the number of the last section that is the node's."""
    file = tmp_path / "robot.yaml"
    sections = [f"{key}: {{ros__parameters: {{a: {n}}}}}" for n, key in enumerate(keys, 1)]
    file.write_text("\n".join(sections))
    assert read_parameter_file(file, "perception_node") == {"a": value}


def test_a_section_may_be_nested_in_its_namespace(tmp_path: Path) -> None:
    file = tmp_path / "robot.yaml"
    file.write_text("ns: {perception_node: {ros__parameters: {a: 1}}}\n/b: {other: {x: 1}}")
    assert read_parameter_file(file, "perception_node") == {"a": 1}


def test_a_file_of_several_robots_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "robots.yaml"
    file.write_text(
        "/one/perception_node: {ros__parameters: {a: 1}}\n"
        "/two/perception_node: {ros__parameters: {a: 2}}\n"
    )
    with pytest.raises(ConfigError, match=r"several robots \(/one/perception_node, /two/perc"):
        read_parameter_file(file, "perception_node")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("a: [", "is not YAML"),
        ("", "expected a section"),
        ("perception_node:\n  transfer.cell_px: 4\n", "no ros__parameters map"),
    ],
)
def test_a_file_that_is_no_parameter_file_is_refused(
    tmp_path: Path, text: str, sentence: str
) -> None:
    file = tmp_path / "robot.yaml"
    file.write_text(text)
    with pytest.raises(ConfigError, match=sentence):
        Config.load(file)
    with pytest.raises(ConfigError, match="not found"):
        Config.load(tmp_path / "absent.yaml")


def test_frames_lose_the_slash_of_ros_1() -> None:
    frames = {
        "transforms.fixed_frame": "/odom",
        "camera.front.frame_id": "/camera",
        "lidars": ["top"],
        "lidar.top.topic": "/points",
        "lidar.top.frame_id": "/lidar",
    }
    config = Config.from_parameters({**CAMERA, **frames})
    assert config.transforms.fixed_frame == "odom"
    assert config.cameras["front"].frame_id == "camera"
    assert config.lidars["top"].frame_id == "lidar"


@pytest.mark.parametrize("expert", [True, False])
@pytest.mark.parametrize(
    "more",
    [
        {},
        {"synchronizer.queue_size": 3, "transforms.fixed_frame": "", "map.sensors": ["yes"]},
        {
            "camera.front.ego_mask": "a: #b",
            "camera.front.weight": 1e-7,
            "camera.front.rectified": True,
        },
    ],
)
def test_the_dumped_file_loads(tmp_path: Path, more: dict[str, object], *, expert: bool) -> None:
    lidar = {"lidars": ["yes"], "lidar.yes.topic": "/points"}
    config = Config.from_parameters({**CAMERA, **lidar, **more})
    file = tmp_path / "dumped.yaml"
    file.write_text(config.to_file(expert=expert))
    assert Config.load(file) == config


def test_the_dumped_file_leaves_out_expert_parameters_at_their_default() -> None:
    config = Config.from_parameters({**CAMERA, "synchronizer.queue_size": 3})
    short, whole = config.to_file(expert=False), config.to_file()
    assert "buffer_size" not in short
    assert "queue_size: 3  # Clouds that may wait per sensor; the oldest goes (expert)" in short
    assert "buffer_size: 8" in whole
    assert short.startswith("/**:\n  ros__parameters:\n    segmentation:\n      bundle: field_tiny")


def test_marks_stand_in_the_schema_alone_or_together() -> None:
    fields = TransferConfig.model_fields
    assert has_mark(fields["min_range_m"], LIVE)
    assert not has_mark(fields["min_range_m"], EXPERT)
    assert meaning(fields["min_range_m"]).endswith("(live)")
    assert meaning(fields["cell_px"]).endswith("(expert)")
    both = FieldInfo(description="Both", json_schema_extra=LIVE | EXPERT)
    assert has_mark(both, LIVE)
    assert has_mark(both, EXPERT)
    assert meaning(both) == "Both (live, expert)"


def test_about_sixty_parameters_are_left_to_experts() -> None:
    flat = Config.from_parameters(
        {**CAMERA, "lidars": ["l"], "lidar.l.topic": "/p"}
    ).to_parameters()
    assert 45 <= len(flat) - len(without_expert_defaults(flat)) <= 75


def test_the_table_of_renamed_parameters_leads_from_what_is_gone_to_what_there_is() -> None:
    table = yaml.safe_load(config_path("renamed_parameters.yaml").read_text())["parameters"]
    keys = {key for key, _, _ in describe({})}
    known = keys | {key.partition(".")[0] for key in keys}
    assert set(table.values()) <= known
    assert not known & set(table)


def test_every_parameter_is_described() -> None:
    for key, stage, field in describe({**CAMERA, "lidars": ["l"], "radars": ["r"]}):
        assert stage.model_fields[field].description, key
    assert "transfer.cell_px" in {key for key, _, _ in describe({})}
    assert TransferConfig.model_fields["cell_px"].description


DEPTH = {**CAMERA, "camera.front.depth_topic": "/front/depth/image_raw"}


def test_a_camera_with_depths_is_a_sensor_of_points_too() -> None:
    config = Config.from_parameters({**DEPTH, "camera.front.max_rate_hz": 5.0})
    ((name, depth),) = config.depths.items()
    assert (name, depth.topic, depth.cameras) == ("front", "/front/depth/image_raw", ["front"])
    assert depth.camera_info_topic == "/front/depth/camera_info"
    assert depth.output_topic.endswith("/semantic/points")
    assert (depth.max_rate_hz, config.kind_of("front")) == (5.0, "depth")
    assert Config.from_parameters(CAMERA).depths == {}


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        (
            {"lidars": ["front"], "lidar.front.topic": "/points"},
            "a lidar and a camera with depths are both called 'front'; rename one of them",
        ),
        (
            {"camera.front.frame_convention": "auto"},
            "expected optical or body of a camera with depth_topic, got auto",
        ),
    ],
)
def test_what_no_depth_camera_can_be_is_refused(changed: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        Config.from_parameters({**DEPTH, **changed})
