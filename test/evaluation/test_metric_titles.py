"""Numbers have words for people, and keys for documents."""

import pytest

from seg_perception.evaluation.metric_titles import title


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ("fwiou", "frequency-weighted IoU"),
        ("mce", "largest calibration error"),
        ("fine.miou", "mean IoU (fine)"),
        ("fine.iou.person", "IoU of person (fine)"),
        ("coarse.own_mean", "own mean (coarse)"),
        ("composite", "composite"),
    ],
)
def test_keys_have_words(key, words):
    assert title(key) == words
