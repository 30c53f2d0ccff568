"""`python -m bench.gpu.members NAME FOLDER`: a random network as its authors would publish it."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

from seg_perception.core.json_document import dump_json

sys.path.insert(0, str(Path(__file__).parents[2] / "test" / "fixtures"))

import published_networks as published
import transformers as hf

_SIDE = 512
_VIT = {
    "S": {"hidden_size": 384, "num_hidden_layers": 12, "num_attention_heads": 6},
    "L": {"hidden_size": 1024, "num_hidden_layers": 24, "num_attention_heads": 16},
}
_SWIN = {
    "S": {"embed_dim": 96, "depths": [2, 2, 18, 2], "num_heads": [3, 6, 12, 24]},
    "L": {"embed_dim": 192, "depths": [2, 2, 18, 2], "num_heads": [6, 12, 24, 48]},
}


def main() -> int:
    """Write it; its weights are drawn so that the classes of an image differ."""
    name, folder = sys.argv[1], Path(sys.argv[2])
    member = MEMBERS[name]()
    published.MEMBERS[name] = member
    # One frame tells the spread of the features; of the large networks it takes long enough.
    published.save(name, folder, published.frames(member.size)[:1])
    print(dump_json({"network": name, "size": list(member.size)}))
    return 0


def eomt(size: str) -> published.Member:
    """EoMT on a DINOv3 of a published size."""
    vit = _VIT[size]

    def make() -> Any:
        config = hf.EomtDinov3Config(
            **vit,
            intermediate_size=4 * vit["hidden_size"],
            image_size=_SIDE,
            patch_size=16,
            num_queries=100,
            num_labels=published.CLASSES,
        )
        return hf.EomtDinov3ForUniversalSegmentation(config)

    tiny = published.MEMBERS["eomt_dinov3"]
    settings = dict(tiny.settings) | {"size": {"shortest_edge": _SIDE, "longest_edge": _SIDE}}
    return replace(tiny, make=make, size=(_SIDE, _SIDE), settings=tuple(settings.items()))


def mask2former(size: str) -> published.Member:
    """Mask2Former on a Swin of a published size."""

    def make() -> Any:
        backbone = hf.SwinConfig(**_SWIN[size], window_size=7, out_features=published.STAGES)
        config = hf.Mask2FormerConfig(backbone_config=backbone, num_labels=published.CLASSES)
        return hf.Mask2FormerForUniversalSegmentation(config)

    return replace(published.MEMBERS["mask2former_swin"], make=make, size=(_SIDE, _SIDE))


MEMBERS = {
    "eomt_tiny": lambda: published.MEMBERS["eomt_dinov3"],
    "mask2former_tiny": lambda: published.MEMBERS["mask2former_swin"],
    "eomt_S": lambda: eomt("S"),
    "eomt_L": lambda: eomt("L"),
    "mask2former_S": lambda: mask2former("S"),
    "mask2former_L": lambda: mask2former("L"),
}

if __name__ == "__main__":
    sys.exit(main())
