"""`check-calibration`: whether camera and lidar of a bag agree about where things are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from seg_perception.alignment.evidence import Evidence
from seg_perception.calibration.clock_search import OFFSETS_S
from seg_perception.calibration.diagnosis import Diagnosis, diagnose, nothing_to_compare
from seg_perception.calibration.hypotheses import Hypothesis
from seg_perception.calibration.observation_reader import read_observations
from seg_perception.calibration.observations import Observations
from seg_perception.calibration.pictures import edges_picture
from seg_perception.config import Config
from seg_perception.config.full_names import with_full_names
from seg_perception.core.atomic_write import write_file
from seg_perception.core.errors import CalibrationError, ReportError
from seg_perception.core.issue_log import Issue
from seg_perception.io.bag_reader import BagReader
from seg_perception.io.remapped_bag import BagSource
from seg_perception.outputs.pictures import encode_png


@dataclass(frozen=True, eq=False)
class CameraCheck:
    """What was found for one camera.

    Attributes:
        camera: its name.
        observations: how many were compared.
        diagnosis: whether its calibration holds, and why not.
        pictures: files that were written.
        remarks: what is said of its lens and images, for instance which file it comes from.
    """

    camera: str
    observations: int
    diagnosis: Diagnosis
    pictures: tuple[Path, ...]
    remarks: tuple[Issue, ...] = ()

    @property
    def clock_s(self) -> float | None:
        """An offset of its clock that would explain more (second); None: none would."""
        finding = self.diagnosis.finding
        if finding is None or self.diagnosis.level == "wrong":
            return None
        return finding.hinted_clock_s or finding.clock_s or None

    @property
    def clock_sentence(self) -> str:
        """What to do about the clock; empty where nothing is."""
        if self.clock_s is None or self.diagnosis.level == "good":
            return ""
        late = f"with its images about {1000 * self.clock_s:+.0f} ms later it fits clearly better"
        if "clock" in self.diagnosis.causes:
            return f"{late}; `seg-perception estimate-offset` measures that alone, from more scans"
        return (
            f"{late}: run `seg-perception estimate-offset` first, set the time_offset_s that it "
            "prints, and check again"
        )

    def to_json(self) -> dict[str, Any]:
        """The same for machines."""
        diagnosis = self.diagnosis
        return {
            "camera": self.camera,
            "observations": self.observations,
            "level": diagnosis.level,
            "causes": list(diagnosis.causes),
            "sentence": diagnosis.sentence,
            "parameters": dict(diagnosis.parameters),
            "search": None if diagnosis.finding is None else diagnosis.finding.to_json(),
            "clock_s": self.clock_s,
            "pictures": [str(path) for path in self.pictures],
            "issues": [issue.to_json() for issue in self.remarks],
        }


def check_calibration(
    bag: BagSource, config: Config, output: Path, wanted: int = 24, *, only_turn: bool = False
) -> tuple[list[CameraCheck], Observations]:
    """Compare the edges of the lidars' scans with those of the pictures.

    Args:
        bag: any recording that `BagReader` takes.
        config: sensors and their conventions.
        output: folder for the pictures; it is made.
        wanted: observations of each lidar.
        only_turn: no move is looked for.

    Returns:
        What was found, and what was looked at.

    Raises:
        BagError: the bag can't be read, or lacks a topic.
        CalibrationError: no camera has anything to compare; says why.
    """
    offsets_s = OFFSETS_S if config.transforms.fixed_frame else (0.0,)
    observations = gather(bag, config, wanted, offsets_s)
    output.mkdir(parents=True, exist_ok=True)
    checks = []
    for camera in config.cameras:
        try:
            observations.expect_convention(camera)
        except CalibrationError as error:
            if not observations.of:
                raise
            diagnosis, remarks = nothing_to_compare(str(error)), observations.remarks(camera)
            checks.append(CameraCheck(camera, 0, diagnosis, (), remarks))
            continue
        checks.append(_check(camera, config, observations, output, only_turn=only_turn))
    return checks, observations


def gather(
    bag: BagSource, config: Config, wanted: int, offsets_s: Sequence[float] = (0.0,)
) -> Observations:
    """The observations of a bag.

    Raises:
        BagError, CalibrationError: as `check_calibration`.
    """
    with BagReader(bag) as reader:
        config = with_full_names(config, {topic.name for topic in reader.topics})
        return read_observations(reader, config, wanted, offsets_s)


def _check(
    camera: str,
    config: Config,
    observations: Observations,
    output: Path,
    *,
    only_turn: bool,
) -> CameraCheck:
    evidence = Evidence(observations.expect(camera))
    convention = observations.expect_convention(camera)
    parameters = config.cameras[camera].model_copy(update={"frame_convention": convention})
    diagnosis = diagnose(evidence, parameters, observations.static_transforms, only_turn=only_turn)
    return CameraCheck(
        camera=camera,
        observations=len(evidence.observations),
        diagnosis=diagnosis,
        pictures=tuple(_write_pictures(output, camera, evidence, diagnosis)),
        remarks=observations.remarks(camera),
    )


def _write_pictures(
    folder: Path, camera: str, evidence: Evidence, diagnosis: Diagnosis
) -> list[Path]:
    """The observation with most edges in view, as given and mended."""
    mended = diagnosis.mended
    # An earlier run's would be taken for this one's.
    (folder / f"{camera}_mended.png").unlink(missing_ok=True)
    at = (mended or Hypothesis()).sums(evidence).busiest
    shown = Evidence(evidence.observations[at : at + 1])
    pictures = {"overlay": edges_picture(shown, Hypothesis(), f"{camera}: as given")}
    if mended is not None:
        title = f"{camera}: mended ({', '.join(diagnosis.causes)})"
        pictures["mended"] = edges_picture(shown, mended, title)
    paths = []
    for name, picture in pictures.items():
        paths.append(folder / f"{camera}_{name}.png")
        write_file(paths[-1], encode_png(picture), ReportError)
    return paths
