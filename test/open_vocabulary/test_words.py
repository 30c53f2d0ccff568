"""words.yaml: classes, phrases, and what is refused."""

from pathlib import Path

import pytest
import yaml

from seg_perception.core.errors import OpenVocabularyError, SegPerceptionError
from seg_perception.core.ontology import Ontology
from seg_perception.open_vocabulary.words import Words


def load(tmp_path: Path, **document: object) -> Words:
    file = tmp_path / "words.yaml"
    file.write_text(yaml.safe_dump({"name": "yard", **document}, sort_keys=False), encoding="utf-8")
    return Words.load(file)


LOG = {"name": "fallen_log", "phrases": ["log"], "color": "#102030"}


def test_a_class_without_phrases_is_asked_by_its_name(tmp_path):
    words = load(tmp_path, classes=[{"name": "barbed_wire"}, LOG])
    assert words.phrases == ("barbed wire", "log")


def test_languages_choose_phrases_and_a_plain_list_is_always_asked(tmp_path):
    spoken = {"name": "water", "phrases": {"en": ["water"], "de": ["Wasser", "Bach"]}}
    assert load(tmp_path, classes=[spoken, LOG]).phrases == ("water", "Wasser", "Bach", "log")
    german = load(tmp_path, classes=[spoken, LOG], languages=["de"])
    assert german.phrases == ("Wasser", "Bach", "log")


def test_ids_colours_groups_and_background_make_an_ontology(tmp_path):
    stone = {"name": "stone", "groups": {"drive": "blocked"}}
    log = {**LOG, "groups": {"drive": "blocked"}}
    path = {"name": "path", "groups": {"drive": "free"}}
    space = load(tmp_path, classes=[log, stone, path], background="rest").label_space
    assert dict(space.ids) == {"fallen_log": 0, "stone": 1, "path": 2, "rest": 3}
    assert space.classes[0].color == "#102030"
    assert len({c.color for c in space.classes}) == 4
    assert space.group_names("drive") == ("blocked", "free")
    assert space.group_ids("drive")[:4].tolist() == [0, 0, 1, 255]


def test_ids_are_those_of_an_ontology_that_is_named(tmp_path):
    words = load(tmp_path, ontology="goose", classes=[{"name": "water"}])
    assert words.label_space == Ontology.load("goose")


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ({"classes": []}, "classes: Tuple should have at least 1 item"),
        ({"classes": [LOG, LOG]}, "class fallen_log appears twice"),
        ({"classes": [LOG, {"name": "tree", "phrases": ["Log"]}]}, "'log' stands for fallen_log"),
        ({"classes": [{"name": "x", "phrases": [" "]}]}, "class x has an empty phrase"),
        ({"classes": [{"name": "x", "colour": "#102030"}]}, "colour: Extra inputs"),
        ({"ontology": "goose", "classes": [{"name": "culvert"}]}, "culvert: no class of ontology"),
        ({"ontology": "gose", "classes": [{"name": "water"}]}, "gose.yaml not found"),
        ({"classes": [LOG], "threshold": 2}, "threshold: Input should be less than 1"),
    ],
)
def test_what_is_wrong_gets_its_sentence(tmp_path, document, said):
    with pytest.raises(SegPerceptionError) as error:
        load(tmp_path, **document)
    assert said in str(error.value)


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(OpenVocabularyError, match=r"expected a words.yaml with classes"):
        Words.load(tmp_path / "words.yaml")
