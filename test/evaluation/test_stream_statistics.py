"""What is counted of a stream: parts add up, whoever did them."""

import json

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
