"""What stands on a video's pictures, and where."""

import numpy as np
import pytest

from seg_perception.core.ontology import Ontology
from seg_perception.outputs.labelled_video import LabelledVideo
from seg_perception.outputs.pictures import PAPER
from seg_perception.outputs.video_layout import VideoLayout

MS = 1_000_000
START = 1_700_000_000_000 * MS
RED, GREEN = 0, 1
ONTOLOGY = Ontology.model_validate(
    {
        "name": "two",
        "classes": [
            {"id": RED, "name": "red", "color": "#ff0000"},
            {"id": GREEN, "name": "green", "color": "#00ff00"},
        ],
    }
)


class Pictures:
    """Stands for the writer."""

    def __init__(self):
        self.found = []

    @property
    def count(self):
        return len(self.found)

    def add(self, picture, time_ns):
        self.found.append((time_ns / MS, picture))

    @property
    def times(self):
        return [at for at, _ in self.found]


@pytest.fixture
def pictures():
    return Pictures()


def film(pictures, cameras=("front",), **options):
    return LabelledVideo(pictures, ONTOLOGY, cameras, 0.5, **options)


def image(video, camera, at_ms, label=RED, grey=100, size=(320, 240)):
    pixels = np.full((size[1], size[0], 3), grey, np.uint8)
    labels = np.full((size[1] // 4, size[0] // 4), label, np.uint8)
    video.add_image(camera, START + at_ms * MS, pixels, labels)


def test_an_overlay_with_its_legend_below(pictures):
    video = film(pictures)
    image(video, "front", 0, RED)
    image(video, "front", 100, GREEN)
    summary = video.finish("v.mp4")
    assert (summary.file, summary.pictures, summary.duration_s) == ("v.mp4", 2, 0.1)
    assert pictures.times == [0, 100]
    first, second = (picture for _, picture in pictures.found)
    # Half grey 100, half of the class's colour.
    assert first[100, 100].tolist() == pytest.approx([178, 50, 50], abs=1)
    assert second[100, 100].tolist() == pytest.approx([50, 178, 50], abs=1)
    # A class a row where two do not fit beside each other.
    assert first.shape[:2] == (240 + 2 * 26 + 8, 320)
    assert first[240 + 16, 16].tolist() == [255, 0, 0]
    assert first[240 + 5, 315].tolist() == list(PAPER)


def test_cameras_stand_in_tiles_and_images_of_one_moment_make_one_picture(pictures):
    video = film(pictures, ("left", "right", "rear"))
    for at in (0, 100):
        image(video, "left", at, RED)
        image(video, "right", at + 5, GREEN)
        image(video, "rear", at + 50, RED, grey=0, size=(320, 160))
    assert video.finish("v.mp4").pictures == 4
    assert pictures.times == [0, 50, 100, 150]
    first, last = pictures.found[0][1], pictures.found[-1][1]
    assert first.shape[1] == 640
    assert first[100, 100].tolist() == pytest.approx([178, 50, 50], abs=1)
    assert first[100, 420].tolist() == pytest.approx([50, 178, 50], abs=1)
    # Not there yet; then in the middle of its tile, since its shape is another.
    assert first[240 + 120, 100].tolist() == list(PAPER)
    assert last[240 + 120, 100].tolist() == pytest.approx([128, 0, 0], abs=1)
    assert last[240 + 20, 100].tolist() == list(PAPER)


def test_pictures_wait_for_the_cloud_of_their_time(pictures):
    video = film(pictures, wait_s=0.3, with_clouds=True)
    for at in range(0, 1000, 100):
        image(video, "front", at)
        # Known with the next image; ahead, one metre a tenth of a second; red and green by turns.
        xyz = np.array([[5 + at / 100, 0, 0], [np.nan] * 3], np.float32)
        labels = np.array([RED if at % 200 == 0 else GREEN, 255], np.uint8)
        if at >= 100:
            video.add_cloud("top", START + (at - 100) * MS, xyz, labels)
    video.finish("v.mp4")
    assert pictures.times == list(range(0, 1000, 100))
    for number, (_, picture) in enumerate(pictures.found[:-1]):
        square = picture[:240, -240:]
        ahead_m = 6 + number
        row = 120 - ahead_m * 120 / 30
        want = [255, 0, 0] if number % 2 else [0, 255, 0]
        marked = (square == want).all(axis=2)
        assert np.argwhere(marked).mean(axis=0) == pytest.approx([row, 120], abs=1.5)


def test_memory_is_bounded_whatever_the_stamps_say(pictures):
    video = film(pictures, wait_s=60, with_clouds=True)
    for at in range(0, 20_000, 100):
        image(video, "front", at)
    assert len(video._held) <= 64
    assert video.finish("v.mp4").pictures == 200


def test_a_bag_that_loops_goes_on_and_a_gap_is_cut(pictures):
    video = film(pictures, wait_s=0.3, with_clouds=True)
    for at in (0, 100, 200, 60_000, 60_100, 0, 100):
        image(video, "front", at)
    assert video.finish("v.mp4").cuts == 2
    assert pictures.times == [0, 100, 200, 1200, 1300, 2300, 2400]


@pytest.mark.parametrize(
    ("cameras", "size", "clouds", "canvas"),
    [
        (1, (2048, 1536), False, (1280, 960)),
        (1, (2048, 1536), True, (960 + 720, 720)),
        (1, (101, 75), False, (240, 178)),
        (2, (1920, 1200), True, (960 + 300, 300)),
        (4, (1920, 1080), False, (1280, 720)),
        (5, (640, 480), False, (3 * 426, 2 * 320)),
    ],
)
def test_every_size_is_even(cameras, size, clouds, canvas):
    names = [f"c{n}" for n in range(cameras)]
    layout = VideoLayout.of(names, size, with_clouds=clouds)
    picture = layout.compose({}, None, ONTOLOGY)
    legend_px = 34 if canvas[0] >= 2 * 176 else 60
    assert picture.shape[1::-1] == (canvas[0], canvas[1] + legend_px)
    assert picture.shape[0] % 2 == picture.shape[1] % 2 == 0
