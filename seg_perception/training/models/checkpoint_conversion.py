"""What others call the weights of DINOv3 and Mask2Former, in this project's words.

Three namings of a DINOv3 backbone are understood: that of the modules of `transformers`,
that of the files on the hub (one level less), and that of Meta's own `.pth` files.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from torch import Tensor

State = dict[str, Tensor]
Rule = tuple[str, str]

# Meta's .pth of a vision transformer; `qkv` is divided before.
_META_VIT: Sequence[Rule] = (
    (r"^(cls_token|mask_token)$", r"embeddings.\1"),
    (r"^storage_tokens$", "embeddings.register_tokens"),
    (r"^patch_embed\.proj\.", "embeddings.patch_embeddings."),
    (r"^blocks\.(\d+)\.attn\.proj\.", r"model.layer.\1.attention.o_proj."),
    (r"^blocks\.(\d+)\.attn\.", r"model.layer.\1.attention."),
    (r"^blocks\.(\d+)\.ls(\d)\.gamma$", r"model.layer.\1.layer_scale\2.lambda1"),
    (r"^blocks\.(\d+)\.mlp\.(?:fc1|w2)\.", r"model.layer.\1.mlp.up_proj."),
    (r"^blocks\.(\d+)\.mlp\.(?:fc2|w3)\.", r"model.layer.\1.mlp.down_proj."),
    (r"^blocks\.(\d+)\.mlp\.w1\.", r"model.layer.\1.mlp.gate_proj."),
    (r"^blocks\.(\d+)\.norm", r"model.layer.\1.norm"),
)
# Angles are worked out, keys have no bias, and the other norms belong to the training's heads.
_META_VIT_WITHOUT = re.compile(r"^rope_embed\.|\.bias_mask$|\.k_proj\.bias$|^(local_)?cls_norm\.")
_META_CONVNEXT: Sequence[Rule] = (
    (r"^downsample_layers\.(\d+)\.(\d+)\.", r"model.stages.\1.downsample_layers.\2."),
    (r"^stages\.(\d+)\.(\d+)\.dwconv\.", r"model.stages.\1.layers.\2.depthwise_conv."),
    (r"^stages\.(\d+)\.(\d+)\.norm\.", r"model.stages.\1.layers.\2.layer_norm."),
    (r"^stages\.(\d+)\.(\d+)\.pwconv(\d)\.", r"model.stages.\1.layers.\2.pointwise_conv\3."),
    (r"^stages\.(\d+)\.(\d+)\.gamma$", r"model.stages.\1.layers.\2.gamma"),
    (r"^norm\.", "layer_norm."),
)
# The same norm under a second name.
_META_CONVNEXT_WITHOUT = re.compile(r"^norms\.3\.")
_HUB: Sequence[Rule] = ((r"^layer\.", "model.layer."), (r"^stages\.", "model.stages."))
_HUB_WITHOUT = re.compile(r"^rope_embeddings\.")
_EOMT_BACKBONE: Sequence[Rule] = ((r"^model\.layer\.", "layers."), (r"^norm\.", "layernorm."))
_EOMT_BACKBONE_WITHOUT = re.compile(r"^embeddings\.mask_token$")
_MASK2FORMER: Sequence[Rule] = (
    (r"^model\.pixel_level_module\.encoder\.", "backbone.model."),
    (r"^model\.pixel_level_module\.decoder\.", "head.pixel_decoder."),
    (r"^model\.transformer_module\.", "head.transformer."),
    (r"^class_predictor\.", "head.class_predictor."),
)
# Weights of the loss, not of the network.
_MASK2FORMER_WITHOUT = re.compile(r"^criterion\.")
_EOMT: Sequence[Rule] = ((r"^", "model."),)
_NOTHING = re.compile(r"(?!)")


def backbone_state(state: State) -> State:
    """A DINOv3 backbone's weights under the names of `transformers`' modules.

    A naming that is not recognised is left as it is, for the strict loader to complain.
    """
    if any(name.startswith("blocks.") for name in state):
        return _rename(_divide_attention(state), _META_VIT, _META_VIT_WITHOUT)
    if any(name.startswith("downsample_layers.") for name in state):
        return _rename(state, _META_CONVNEXT, _META_CONVNEXT_WITHOUT)
    return _rename(state, _HUB, _HUB_WITHOUT)


def eomt_backbone_state(state: State) -> State:
    """The same for the backbone inside EoMT, which has no mask token."""
    return _rename(backbone_state(state), _EOMT_BACKBONE, _EOMT_BACKBONE_WITHOUT)


def mask2former_state(state: State) -> State:
    """A whole Mask2Former of `transformers` in this project's words."""
    return _rename(state, _MASK2FORMER, _MASK2FORMER_WITHOUT)


def eomt_state(state: State) -> State:
    """A whole EoMT of `transformers` in this project's words."""
    return _rename(state, _EOMT, _NOTHING)


def is_foreign(state: State, marks: Sequence[str]) -> bool:
    """Whether some weight's name begins with one of the marks."""
    return any(name.startswith(tuple(marks)) for name in state)


def _rename(state: Mapping[str, Tensor], rules: Sequence[Rule], without: re.Pattern[str]) -> State:
    return {_named(n, rules): t for n, t in state.items() if not without.search(n)}


def _named(name: str, rules: Sequence[Rule]) -> str:
    for pattern, replacement in rules:
        renamed, count = re.subn(pattern, replacement, name)
        if count:
            return renamed
    return name


def _divide_attention(state: Mapping[str, Tensor]) -> State:
    """Meta keeps query, key and value in one matrix, and the mask token without a batch."""
    result: State = {}
    for name, tensor in state.items():
        if ".attn.qkv." in name and not name.endswith("bias_mask"):
            for part, piece in zip("qkv", tensor.chunk(3), strict=True):
                result[name.replace("qkv", f"{part}_proj")] = piece
        elif name == "mask_token" and tensor.ndim == 2:
            result[name] = tensor[None]
        else:
            result[name] = tensor
    return result
