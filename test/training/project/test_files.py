"""A project is written whole, or not at all where a run could not begin with it."""

from pathlib import Path

import cv2
import numpy as np
import pytest
import yaml
from painted import NAMES, write_painted

from seg_perception.core.errors import ConfigError
from seg_perception.core.ontology import Ontology
from seg_perception.datasets.layouts import open_folder
from seg_perception.training.project.class_names import known_names
from seg_perception.training.project.files import write_project
from seg_perception.training.project.found_ids import FoundIds
from seg_perception.training.project.held_out import choose_held_out
from seg_perception.training.project.project import Project
from seg_perception.training.project.settings import Settings


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    write_painted(tmp_path / "photos")
    return tmp_path / "photos"


def project(photos: Path, names: dict[int, str]) -> Project:
    folder = open_folder(photos)
    found = FoundIds.count(folder, lambda _done, _total: None)
    held_out = choose_held_out(folder.pairs, found)
    return Project(folder, found, names, held_out, Settings.suited(found.size, 8), "")


def test_a_mask_of_another_size_is_told_and_nothing_is_written(photos: Path) -> None:
    cv2.imwrite(str(photos / "masks" / "03.png"), np.ones((32, 96), np.uint8))
    with pytest.raises(ConfigError, match=r"03.png: expected the image's size 96x64, got 96x32"):
        write_project(project(photos, NAMES), photos.parent / "p")
    assert [path.name for path in photos.parent.iterdir()] == ["photos"]


def test_a_file_that_was_not_edited_makes_a_run(photos: Path) -> None:
    run = write_project(project(photos, NAMES), photos.parent / "p")
    assert run.data.ontology == Ontology.load(photos.parent / "p" / "ontology.yaml")
    assert len(run.data.train["photos"]) + len(run.data.validation["photos"]) == 10
    # 62 of 64 rows have a truth.
    pixels = run.frequency.pixels["photos"].sum(axis=1)
    assert set(pixels.tolist()) == {62 * 96}
    golden = sorted((photos.parent / "p" / "golden").iterdir())
    assert [cv2.imread(str(path)).shape for path in golden] == [(64, 96, 3)] * 3


def test_the_data_sets_own_colours_and_groups_are_kept(photos: Path) -> None:
    classes = [
        {"id": i, "name": name, "color": f"#0000{i:02d}"} for i, name in {**NAMES, 9: "sea"}.items()
    ]
    groups = [
        {"name": "yes", "color": "#00ff00", "classes": ["grass", "trail"]},
        {"name": "no", "color": "#ff0000", "classes": ["tree", "sea"]},
    ]
    document = {
        "name": "mine",
        "classes": classes,
        "ignore": ["sea"],
        "groupings": {"traversability": groups},
    }
    (photos / "ontology.yaml").write_text(yaml.safe_dump(document))
    names = known_names(open_folder(photos))
    assert names[9] == "ignore"
    found = write_project(project(photos, names), photos.parent / "p").data.ontology
    assert found.palette[:4].tolist() == [[0, 0, i] for i in (1, 2, 3, 4)]
    # Grass and trail, tree, and nothing for the sky; the sea is no class any more.
    assert found.group_ids("traversability")[:4].tolist() == [0, 0, 1, 255]
