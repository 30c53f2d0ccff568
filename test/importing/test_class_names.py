"""A model's class names are found among the shipped ontologies, however they are spelt."""

from __future__ import annotations

import pytest

from seg_perception.core.errors import ImportModelError
from seg_perception.core.ontology import Ontology, shipped
from seg_perception.importing.class_names import chosen_ontology, ontology_of, word

# Where Mask2Former's checkpoints spell ADE20K's classes differently, as they are published.
ADE20K_OF_MASK2FORMER = {
    "road": "road, route",
    "bed": "bed ",
    "windowpane": "window ",
    "sidewalk": "sidewalk, pavement",
    "earth": "earth, ground",
    "bathtub": "tub",
    "railing": "rail",
    "signboard": "signboard, sign",
    "screen_door": "screen door, screen",
    "blind": "blind, screen",
    "toilet": "toilet, can, commode, crapper, pot, potty, stool, throne",
    "streetlight": "street lamp",
    "television_receiver": "tv",
    "airplane": "plane",
    "apparel": "clothes",
    "land": "land, ground, soil",
    "buffet": "buffet, counter, sideboard",
    "swimming_pool": "pool",
    "waterfall": "falls",
    "minibike": "minibike, motorbike",
    "ashcan": "trash can",
}


def names_of(name: str) -> list[str]:
    loaded = Ontology.load(name)
    return [loaded.names[i] for i in sorted(loaded.names)]


def is_contiguous(name: str) -> bool:
    return list(Ontology.load(name).names) == list(range(len(Ontology.load(name).names)))


@pytest.mark.parametrize("name", [name for name in shipped() if is_contiguous(name)])
@pytest.mark.parametrize(
    "spelling", [str, str.upper, lambda n: n.replace("_", " ").title(), lambda n: n + " "]
)
def test_every_shipped_ontology_is_found_by_its_names(name: str, spelling) -> None:
    assert ontology_of([spelling(n) for n in names_of(name)], "mine") == Ontology.load(name)


def test_synonyms_and_names_after_commas_are_found() -> None:
    names = [ADE20K_OF_MASK2FORMER.get(n, n) for n in names_of("ade20k")]
    assert ontology_of(names, "mine") == Ontology.load("ade20k")


def test_punctuation_of_published_names_does_not_count() -> None:
    published = {
        "crosswalk_plain": "Crosswalk - Plain",
        "lane_marking_general": "Lane Marking - General",
        "traffic_sign_back": "Traffic Sign (Back)",
    }
    names = [published.get(n, n) for n in names_of("mapillary_vistas")]
    assert ontology_of(names, "mine") == Ontology.load("mapillary_vistas")


@pytest.mark.parametrize("name", shipped())
def test_no_two_classes_of_an_ontology_have_one_name(name: str) -> None:
    words = [word(n) for n in names_of(name)]
    assert len(set(words)) == len(words)


def test_other_ids_of_the_same_classes_are_the_models() -> None:
    """RELLIS has gaps in its ids; models that were trained on it count through."""
    found = ontology_of(names_of("rellis"), "mine")
    assert found.name == "rellis_20"
    assert found.names == dict(enumerate(names_of("rellis")))
    assert found.groupings == Ontology.load("rellis").groupings
    assert found.ignore == ("void",)
    assert found.classes[19].color == "#6e168a"


def test_what_is_void_may_be_missing() -> None:
    """Checkpoints of Mapillary Vistas have 65 classes: all but `unlabeled`."""
    found = ontology_of(names_of("mapillary_vistas")[:65], "mine")
    assert found.name == "mapillary_vistas_65"
    assert found.ignore == ()
    assert found.groupings["goose_category"][0].classes == ("car_mount", "ego_vehicle")


def test_the_ontology_of_which_least_is_missing_is_taken() -> None:
    """Cityscapes' 19 classes are all among its 34 ids, too."""
    assert ontology_of(names_of("cityscapes_train"), "mine").name == "cityscapes_train"
    assert ontology_of(names_of("cityscapes_train")[::-1], "mine").name == "cityscapes_train_19"


@pytest.mark.parametrize(
    "names", [["road", "sky", "tree"], [*names_of("voc"), "moon"], ["LABEL_0", "LABEL_1"]]
)
def test_other_names_get_colours_and_no_groupings(names: list[str]) -> None:
    """Three words in common are no label space, and a class more is another one."""
    found = ontology_of(names, "mine")
    assert (found.name, dict(found.groupings)) == ("mine", {})
    assert found.names == dict(enumerate(names))
    assert len({c.color for c in found.classes}) == len(names)


def test_an_output_for_none_of_the_classes_is_void() -> None:
    """As in ESPNetv2 of EdgeNets: Cityscapes' 19 and `background`."""
    found = ontology_of([*names_of("cityscapes_train"), "Background"], "mine")
    assert found.name == "cityscapes_train_20"
    assert (found.names[19], found.ignore) == ("background", ("background",))
    groups = {g.name: g.classes for g in found.groupings["goose_category"]}
    assert groups["void"] == ("background",)
    assert found.group_ids("traversability")[19] == found.unknown_id


def test_a_name_that_occurs_twice_gets_its_number() -> None:
    assert list(ontology_of(["rock", "moss", "rock"], "mine").ids) == ["rock_0", "moss", "rock_2"]


def test_a_chosen_ontology_is_taken_where_the_model_does_not_say_otherwise() -> None:
    train = Ontology.load("cityscapes_train")
    unnamed = [f"LABEL_{number}" for number in range(19)]
    assert chosen_ontology(unnamed, train, "mine", "folder") is train
    assert chosen_ontology(names_of("cityscapes_train"), train, "mine", "folder") is train
    assert chosen_ontology(unnamed, None, "mine", "folder").name == "mine"


def test_a_chosen_ontology_of_other_classes_is_refused() -> None:
    train = Ontology.load("cityscapes_train")
    with pytest.raises(ImportModelError, match=r"folder has 2 classes, cityscapes_train 19"):
        chosen_ontology(["road", "sky"], train, "mine", "folder")
    swapped = names_of("cityscapes_train")
    swapped[10], swapped[0] = "road", "sky"
    with pytest.raises(ImportModelError, match=r"class 0 'sky', cityscapes_train calls it 'road'"):
        chosen_ontology(swapped, train, "mine", "folder")
