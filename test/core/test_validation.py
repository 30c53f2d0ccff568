"""What people write is read, or refused in one sentence with the place."""

from pathlib import Path

import pytest
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from seg_perception.core.errors import DatasetError
from seg_perception.core.validation import explain, load_model, read_yaml


class Wheel(BaseModel):
    model_config = ConfigDict(extra="forbid")

    radius_m: float = Field(gt=0)


class Robot(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: str
    wheels: list[Wheel] = []

    @field_validator("name")
    @classmethod
    def _short(cls, name: str) -> str:
        if len(name) > 9:
            msg = "expected a short name"
            raise ValueError(msg)
        return name


def load(folder: Path, text: str) -> Robot:
    file = folder / "robot.yaml"
    file.write_text(text, encoding="utf-8")
    return load_model(Robot, file, "a robot", DatasetError)


def test_all_that_is_wrong_is_told_a_line_each_without_what_follows_from_it(
    tmp_path: Path,
) -> None:
    class Fleet(BaseModel):
        robots: tuple[Robot, ...] = Field(min_length=1)
        base: str

    file = tmp_path / "fleet.yaml"
    file.write_text("robots: [{name: a, wheels: [{radius_m: -1}, {radius_m: x}]}]\n")
    with pytest.raises(DatasetError) as caught:
        load_model(Fleet, file, "a fleet", DatasetError)
    lines = [line.removeprefix(f"{file}: ") for line in str(caught.value).splitlines()]
    assert [line.split(" ")[0] for line in lines] == [
        "robots.0.wheels.0.radius_m:",
        "robots.0.wheels.1.radius_m:",
        "base",
    ]


def test_a_file_becomes_a_model(tmp_path: Path) -> None:
    robot = load(tmp_path, "name: käfer\nwheels: [{radius_m: 0.5}]\n")
    assert (robot.name, robot.wheels[0].radius_m) == ("käfer", 0.5)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("wheels: []", "robot.yaml: name is missing; give it a value"),
        (
            "name: a\nwheels: [{radius_m: -1}]",
            "robot.yaml: wheels.0.radius_m: Input should be greater than 0, got -1",
        ),
        (f"name: {'a' * 10}", f"robot.yaml: name: expected a short name, got '{'a' * 10}'"),
        ("name: a\nlegs: 2", "robot.yaml: legs: Extra inputs are not permitted, got 2"),
        ("", "robot.yaml: Input should be a valid dictionary or instance of Robot, got None"),
        (
            f"name: a\nwheels: {'x' * 99}",
            "robot.yaml: wheels: Input should be a valid list",
        ),
    ],
)
def test_the_first_mistake_is_told_with_its_place(tmp_path: Path, text: str, sentence: str) -> None:
    with pytest.raises(DatasetError) as caught:
        load(tmp_path, text)
    assert str(caught.value) == f"{tmp_path}/{sentence}"


def test_outer_keys_are_called_as_the_user_calls_them() -> None:
    with pytest.raises(ValidationError) as caught:
        Robot.model_validate({"name": "a", "wheels": [{}]})
    text = explain(caught.value, "robot", {"wheels": "wheel"})
    assert text == "robot: wheel.0.radius_m is missing; give it a value"


def test_what_can_not_be_read_is_told_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"robot.yaml not found: expected a robot$"):
        read_yaml(tmp_path / "robot.yaml", "a robot", DatasetError)
    for content in (b"name: [", b"\xff\xfe\x00"):
        (tmp_path / "robot.yaml").write_bytes(content)
        with pytest.raises(DatasetError, match=r"robot.yaml is not YAML: [^\n]+$"):
            read_yaml(tmp_path / "robot.yaml", "a robot", DatasetError)


def test_a_file_without_permission_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_arguments: object, **_options: object) -> str:
        raise PermissionError(13, "Permission denied")

    (tmp_path / "robot.yaml").touch()
    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(DatasetError, match=r"Permission denied\); check the permissions"):
        read_yaml(tmp_path / "robot.yaml", "a robot", DatasetError)


def test_a_name_that_is_too_long_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="choose a shorter name"):
        read_yaml(tmp_path / ("x" * 300), "a robot", DatasetError)


def test_a_file_without_end_is_read_up_to_a_bound(tmp_path: Path) -> None:
    with (tmp_path / "robot.yaml").open("wb") as stream:
        stream.write(b"# ")
        stream.truncate(1 << 40)
    with pytest.raises(DatasetError, match=r"is not YAML: expected at most 4194304 char"):
        read_yaml(tmp_path / "robot.yaml", "a robot", DatasetError)


def test_a_value_that_can_not_be_shown_is_described() -> None:
    with pytest.raises(ValidationError) as caught:
        Robot.model_validate({"name": 10**5000})
    assert explain(caught.value, "robot").endswith("should be a valid string, got a very long int")
