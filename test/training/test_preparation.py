"""Everything that is wrong with a run is said at once, in an interpreter that never sees torch."""

import re
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
import yaml

from seg_perception.core.errors import ConfigError
from seg_perception.training.preparation import prepare

CLASSES = {0: "road", 1: "sky"}


def write(path: Path, document: object) -> None:
    path.write_text(yaml.safe_dump(document, sort_keys=False))


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Two classes of one's own without any grouping, ids 0, 1 and 255, four images."""
    for index in range(4):
        for part in ("images", "masks_src"):
            (tmp_path / "data" / part).mkdir(parents=True, exist_ok=True)
        mask = np.zeros((32, 32), np.uint8)
        mask[index:, 16:], mask[0, 0] = 1, 255
        cv2.imwrite(str(tmp_path / "data" / "masks_src" / f"{index}.png"), mask)
        image = np.zeros((32, 32, 3), np.uint8)
        cv2.imwrite(str(tmp_path / "data" / "images" / f"{index}.png"), image)
    colours = [{"id": i, "name": name, "color": "#101010"} for i, name in CLASSES.items()]
    write(tmp_path / "ontology.yaml", {"name": "mine", "classes": colours})
    mapped = {i: {"name": name, "as": [name]} for i, name in CLASSES.items()}
    write(tmp_path / "mapping.yaml", {"source": "m", "ontology": "mine", "classes": mapped})
    write(tmp_path / "split.yaml", {"train": ["0", "1", "2"], "validation": ["3"]})
    write(tmp_path / "train.yaml", configuration())
    return tmp_path


def configuration(**changes: object) -> dict[str, object]:
    source = {"name": "m", "folder": "data", "mapping": "mapping.yaml", "split": "split.yaml"}
    return {
        "ontology": "ontology.yaml",
        "sources": [source],
        "steps": 2,
        "network_size": [32, 32],
        "crop": [32, 32],
        **changes,
    }


def mistakes(project: Path) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        prepare(project / "train.yaml", project, {})
    return str(caught.value).replace(f"{project}/", "").splitlines()


def test_a_run_that_is_right_is_read_and_counted(project: Path) -> None:
    run = prepare(project / "train.yaml", project, {})
    assert run.data.ontology.name == "mine"
    # 32 x 32 pixels each; the right half is class 1 but for `index` rows; one pixel is 255.
    by_class = run.frequency.pixels["m"].sum(axis=0)
    assert by_class.tolist() == [3 * 512 - 3 + (0 + 1 + 2) * 16, 3 * 512 - (0 + 1 + 2) * 16]
    assert run.notes == ()


def test_every_mistake_of_every_file_is_told_at_once(project: Path) -> None:
    document = configuration(metrik="x", batch_size=0)
    del document["steps"]
    write(project / "train.yaml", document)
    write(project / "mapping.yaml", {"sources": "m", "classes": {0: {"name": "road"}}})
    write(project / "split.yaml", {"train": [1, "x"]})
    write(project / "ontology.yaml", {"name": "mine", "classes": [{"id": 0, "name": "road"}]})
    assert mistakes(project) == [
        "train.yaml: batch_size: Input should be greater than or equal to 1, got 0",
        "train.yaml: steps is missing; give it a value",
        "train.yaml: metrik: Extra inputs are not permitted, got 'x'",
        "ontology.yaml: classes.0.color is missing; give it a value",
        "mapping.yaml: classes.0.as is missing; give it a value",
        "mapping.yaml: sources: Extra inputs are not permitted, got 'm'",
        "split.yaml: train.0: Input should be a valid string, got 1",
    ]


def test_names_and_sizes_that_do_not_fit_each_other_are_told(project: Path) -> None:
    document = configuration(
        unseen=["snow"],
        metric="category_mean_iou",
        crop=[30, 32],
        sampling={"paste_classes": ["dog"]},
    )
    write(project / "train.yaml", document)
    write(project / "split.yaml", {"train": ["0", "7"], "validation": ["3"]})
    found = mistakes(project)
    assert [re.split(";|: expected some|, which", line)[0] for line in found] == [
        "the data set has no 7: take it out of the split, or add its files",
        "train.yaml: crop 30x32: expected multiples of 16, the network's stride",
        "train.yaml: unseen: ontology mine has no classes ['snow']",
        "train.yaml: sampling.paste_classes: ontology mine has no classes ['dog']",
        "train.yaml: metric category_mean_iou needs the grouping goose_category",
    ]


def test_ids_that_no_mapping_knows_are_told_for_the_first_few_images(project: Path) -> None:
    for index in range(3):
        path = project / "data" / "masks_src" / f"{index}.png"
        mask = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
        mask[5, 5] = 40 + index
        cv2.imwrite(str(path), mask)
    found = mistakes(project)
    assert [line.partition(":")[0] for line in found] == [
        f"data/masks_src/{index}.png" for index in range(3)
    ]
    assert "holds ids [42] that the mapping does not know" in found[2]


def test_a_class_that_nothing_is_and_a_broken_held_out_mask_are_told_together(
    project: Path,
) -> None:
    mapped = {i: {"name": name, "as": ["road"]} for i, name in CLASSES.items()}
    write(project / "mapping.yaml", {"source": "m", "ontology": "mine", "classes": mapped})
    (project / "data" / "masks_src" / "3.png").write_bytes(b"no image")
    found = mistakes(project)
    assert found[0].startswith("data/masks_src/3.png: can't be decoded as an image")
    assert found[1].startswith("no training pixel is sky (mappings mapping.yaml)")


def test_what_cannot_be_measured_is_noted(project: Path) -> None:
    write(project / "split.yaml", {"train": ["0", "1"]})
    (nothing_held,) = prepare(project / "train.yaml", project, {}).notes
    assert "no best.pt is written: export last.pt" in nothing_held
    write(project / "split.yaml", {"train": ["0", "1"], "validation": ["1", "2"]})
    (memorised,) = prepare(project / "train.yaml", project, {}).notes
    assert memorised.startswith("source m: 1 images are learnt from and held out, too, such as 1")


def test_torch_is_not_imported_before_a_run_is_right(project: Path) -> None:
    write(project / "train.yaml", configuration(steps=0))
    code = (
        "import sys\n"
        "sys.modules['torch'] = None\n"
        "from seg_perception.cli.main import app\n"
        f"app(['train', 'run', {str(project / 'train.yaml')!r}, '-o', 'x', '--data-root', 'y'])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=project
    )
    assert done.returncode == 2, done.stderr
    assert "train.yaml: steps: Input should be greater than or equal to 1, got 0" in done.stderr
    assert "y/data not found" in done.stderr
    assert all(line.startswith("error: ") for line in done.stderr.splitlines())
