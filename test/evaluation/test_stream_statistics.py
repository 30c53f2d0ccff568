"""What is counted of a stream: parts add up, whoever did them."""

import json

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from scored_runs import example_ontology, image_sample

from seg_perception.evaluation.class_mapping import map_classes
from seg_perception.evaluation.confusion import ConfusionLayout
from seg_perception.evaluation.protocol import ClassMapping, Protocol
from seg_perception.evaluation.scorer import Scorer
from seg_perception.evaluation.stream_statistics import StreamStatistics

PROTOCOL = Protocol(name="test", title="test", class_mappings=(ClassMapping(name="fine"),))
LAYOUT = ConfusionLayout(example_ontology(), example_ontology())
MAPPED = map_classes(PROTOCOL, LAYOUT)[0]


def scorer():
    return Scorer("camera.front", PROTOCOL, MAPPED, LAYOUT, boundary=True)


@given(st.lists(st.integers(0, 2), min_size=6, max_size=6))
@settings(max_examples=15)
def test_parts_add_up_to_the_whole_whoever_did_them(owners):
    whole, parts = scorer(), [scorer() for _ in range(3)]
    for n, owner in enumerate(owners):
        whole.add(image_sample(n))
        parts[owner].add(image_sample(n))
    merged = StreamStatistics(LAYOUT, MAPPED.size)
    for part in parts:
        text = json.dumps(part.statistics.to_json())
        merged.merge(StreamStatistics.from_json(json.loads(text), LAYOUT, MAPPED.size))
    assert (merged.pairs == whole.statistics.pairs).all()
    assert (merged.levels == whole.statistics.levels).all()
    assert (merged.boundaries == whole.statistics.boundaries).all()
    assert merged.median_miou == whole.statistics.median_miou
    assert {k: v.frames for k, v in merged.units.items()} == {
        k: v.frames for k, v in whole.statistics.units.items()
    }
    for key, pairs in whole.statistics.slices.items():
        assert (merged.slices[key] == pairs).all()


def test_the_confidence_of_a_slice_adds_up_too():
    whole, parts = StreamStatistics(LAYOUT, MAPPED.size), []
    for n in (3, 5):
        part = StreamStatistics(LAYOUT, MAPPED.size)
        levels = np.zeros((256, 2), np.int64)
        levels[n, 1] = n
        part.add_slice_levels(("corruption noise", "2"), levels)
        parts.append(StreamStatistics.from_json(part.to_json(), LAYOUT, MAPPED.size))
    for part in parts:
        whole.merge(part)
    (found,) = whole.slice_levels.values()
    assert (found[3, 1], found[5, 1], found.sum()) == (3, 5, 8)
