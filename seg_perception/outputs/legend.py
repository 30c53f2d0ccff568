"""What the numbers in labels mean: the legend, for programs and as a picture."""

from __future__ import annotations

import hashlib
import json

import numpy as np
from numpy.typing import NDArray

from seg_perception.core.ontology import Ontology
from seg_perception.io.images import encode_rgb
from seg_perception.io.messages import Header, Image, LabelInfo, VisionClass
from seg_perception.io.perception_messages import SemanticClass, SemanticGrouping, SemanticLegend
from seg_perception.outputs.pictures import legend_strip

_WIDTH_PX = 360


def legend(ontology: Ontology, stamp_ns: int) -> SemanticLegend:
    """What the numbers in labels mean, with colours and groupings."""
    return SemanticLegend(
        header=Header.at(stamp_ns, ""),
        ontology=ontology.name,
        ontology_sha256=ontology_sha256(ontology),
        unknown_id=ontology.unknown_id,
        unknown_color_rgb=ontology.palette[ontology.unknown_id],
        classes=[SemanticClass(c.id, c.name, np.array(c.rgb, np.uint8)) for c in ontology.classes],
        groupings=[_grouping(ontology, name) for name in ontology.groupings],
    )


def legend_picture(ontology: Ontology, stamp_ns: int) -> Image:
    """The legend for those who look at it: a patch of colour beside every class's name."""
    return encode_rgb(legend_strip(ontology, ontology.names, _WIDTH_PX), stamp_ns, "")


def label_info(ontology: Ontology, stamp_ns: int) -> LabelInfo:
    """The class names of labels, as vision_msgs spells them; they hold in every frame."""
    classes = [VisionClass(c.id, c.name) for c in ontology.classes]
    return LabelInfo(Header.at(stamp_ns, ""), classes)


def ontology_sha256(ontology: Ontology) -> str:
    """Fingerprint of an ontology: equal where ids, names, colours and groupings are."""
    text = json.dumps(ontology.model_dump(mode="json"), sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _grouping(ontology: Ontology, name: str) -> SemanticGrouping:
    groups = enumerate(ontology.groupings[name])
    table = ontology.group_ids(name)
    return SemanticGrouping(
        name=name,
        groups=[SemanticClass(i, g.name, _rgb(g.color)) for i, g in groups],
        group_ids=[int(table[c.id]) for c in ontology.classes],
        unknown_group_id=ontology.unknown_id,
    )


def _rgb(color: str) -> NDArray[np.uint8]:
    """A colour written as #rrggbb, uint8 (3,)."""
    return np.frombuffer(bytes.fromhex(color[1:]), np.uint8)
