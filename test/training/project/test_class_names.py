"""What ids are called is said by somebody, never guessed."""

from pathlib import Path

import pytest
import yaml
from painted import write_painted

from seg_perception.core.errors import ConfigError
from seg_perception.datasets.layouts import open_folder
from seg_perception.training.project.class_names import (
    class_order,
    expect_named,
    known_names,
    parse_names,
)
from seg_perception.training.project.found_ids import FoundIds


@pytest.fixture
def found(tmp_path: Path) -> FoundIds:
    write_painted(tmp_path / "photos")
    return FoundIds.count(open_folder(tmp_path / "photos"), lambda _done, _total: None)


def test_ids_are_found_with_their_shares(found: FoundIds) -> None:
    assert found.ids == (1, 2, 3, 4, 255)
    assert found.size == (96, 64)
    assert found.share(255) == pytest.approx(2 / 64)
    assert found.images(255) == 10
    assert sum(map(found.share, found.ids)) == pytest.approx(1)


@pytest.mark.parametrize("text", ["1", "1=", "=grass", "grass=1", "1=a,,2=b"])
def test_names_of_another_form_are_refused(text: str) -> None:
    with pytest.raises(ConfigError, match="expected ID=NAME,ID=NAME"):
        parse_names(text)


def test_names_come_from_the_option_or_a_file(tmp_path: Path) -> None:
    assert parse_names("1=grass, 2=dirt road") == {1: "grass", 2: "dirt road"}
    file = tmp_path / "names.yaml"
    file.write_text("1: grass\n'2': dirt road\n")
    assert parse_names(str(file)) == {1: "grass", 2: "dirt road"}
    file.write_text("[grass, trail]")
    with pytest.raises(ConfigError, match="expected names by id"):
        parse_names(str(file))


def test_an_id_without_a_name_is_told_with_its_share_and_the_mend(found: FoundIds) -> None:
    with pytest.raises(ConfigError, match=r"2 \(\d+\.\d%\), 4 .* by --names 2=NAME,4=NAME"):
        expect_named(found, {1: "grass", 3: "tree"})
    expect_named(found, {1: "grass", 2: "ignore", 3: "tree", 4: "ignore"})
    with pytest.raises(ConfigError, match=r"two classes or more in the masks, got \['grass'\]"):
        expect_named(found, {1: "grass", 2: "ignore", 3: "grass", 4: "ignore"})


def test_ids_of_one_name_are_one_class() -> None:
    names = {9: "sky", 2: "trail", 1: "grass", 5: "grass", 0: "ignore"}
    assert class_order(names) == ["grass", "trail", "sky"]


def test_a_data_set_that_names_its_ids_is_believed(tmp_path: Path) -> None:
    root = tmp_path / "photos"
    write_painted(root)
    assert known_names(open_folder(root)) == {}
    classes = {1: {"name": "lawn", "as": ["grass"]}, 7: {"name": "rest", "as": []}}
    (root / "mapping.yaml").write_text(yaml.safe_dump({"classes": classes}))
    assert known_names(open_folder(root)) == {1: "lawn", 7: "ignore"}
