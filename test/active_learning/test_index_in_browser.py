"""The page of mined frames as a browser shows it."""

import numpy as np
import pytest

from seg_perception.active_learning.candidate import Candidate
from seg_perception.active_learning.config import MiningConfig
from seg_perception.active_learning.index import FrameCards, draw_index
from seg_perception.active_learning.selection import Choice
from seg_perception.active_learning.summary import MiningSummary
from seg_perception.core.ontology import Ontology
from seg_perception.reports.page import write_page


@pytest.fixture
def page(tmp_path, hostile):
    """Three frames whose names, classes and reasons are hostile."""
    classes = [{"id": n, "name": f"{hostile} {n}", "color": "#c8a070"} for n in range(2)]
    samples = FrameCards(Ontology.parse({"name": "own", "classes": classes}, "test"))
    choices = []
    for number in range(3):
        shares = np.array([0.5, 0.5], np.float32)
        candidate = Candidate(number, hostile, number, 0.5, 0.1, shares, np.zeros(6, np.uint8))
        parts = {"uncertainty": 1.0, "disagreement": 0.5, "rarity": 0.0, "diversity": 0.0}
        choices.append(Choice(candidate, 1.5, parts, (f"shows {hostile}", "another reason")))
        labels = np.tile(np.array([0, 1], np.uint8), (90, 80))
        samples.add(choices[-1], np.full((90, 160, 3), 80, np.uint8), labels)
    summary = MiningSummary(
        bag=tmp_path / f"{hostile.replace('/', '')}.mcap",
        output=tmp_path / "out",
        config=MiningConfig(count=3),
        frames={hostile: 300},
        compared=12,
        choices=tuple(choices),
        engine=hostile,
        model_sha256="ab" * 32,
        ontology="own",
        wall_s=12.5,
        notes=(hostile,),
        problems=(hostile,),
    )
    write_page(tmp_path / "index.html", draw_index(summary, samples))
    return tmp_path / "index.html"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_the_index_of_mined_frames_is_sound(browser, expect_sound, page, width, scheme):
    look = browser.look(page, width, scheme)
    expect_sound(look, page)
    assert look.layout["images"] == 3
    assert look.layout["sections"] == ["frames", "correct", "origin"]
