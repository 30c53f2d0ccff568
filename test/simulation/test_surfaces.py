from __future__ import annotations

import numpy as np

from seg_perception.core.ontology import Ontology
from seg_perception.simulation.surfaces import SKY, SURFACES


def test_every_class_is_one_of_the_field_ontology():
    assert set(SURFACES.class_names) <= set(Ontology.load("field").ids)


def test_nearly_all_classes_of_the_field_ontology_occur():
    assert set(Ontology.load("field").ids) - set(SURFACES.class_names) == {"sidewalk"}


def test_names_become_the_ids_of_any_ontology():
    table = SURFACES.class_ids({"trunk": 7, "sky": 3}, 99)
    assert table[SURFACES.id("bark")] == table[SURFACES.id("birch_bark")] == 7
    assert table[SKY] == 3
    assert table[SURFACES.id("rock")] == 99
    assert table[255] == 99


def test_colours_and_reflectivities_are_physical():
    assert SURFACES.rgb.min() > 0
    assert SURFACES.rgb.max() < 1
    assert np.all((SURFACES.reflectivity > 0) & (SURFACES.reflectivity < 1))
