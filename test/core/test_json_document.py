"""A document for machines."""

import json
import math

from seg_perception.core.json_document import dump_json


def test_json_has_no_nan():
    assert json.loads(dump_json({"a": [math.nan, 1.5], "b": {"c": math.inf}})) == {
        "a": [None, 1.5],
        "b": {"c": None},
    }
