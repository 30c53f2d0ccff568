"""SAM 2 and SAM 3: masks of what a box, clicks or a coarse mask point at."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
import transformers
from torch import Tensor

from seg_perception.core.errors import OpenVocabularyError
from seg_perception.importing.model_folder import ModelFolder
from seg_perception.open_vocabulary.prompts import Prompt, PromptedMasks
from seg_perception.open_vocabulary.teacher import Image
from seg_perception.open_vocabulary.teachers.folder import (
    describe,
    load_teacher,
    processor_settings,
)
from seg_perception.open_vocabulary.teachers.pixels import Pixels

# What a checkpoint names, and the part of it that takes prompts.
MASK_MAKERS = {
    "Sam2Model": "Sam2Model",
    "Sam2VideoModel": "Sam2Model",
    "Sam3TrackerModel": "Sam3TrackerModel",
    "Sam3VideoModel": "Sam3TrackerModel",
}
# Where a network for videos keeps the weights of the part that takes prompts.
_KEYS = {
    r"^detector_model\.vision_encoder\.backbone\.": "vision_encoder.backbone.",
    r"^tracker_neck\.": "vision_encoder.neck.",
    r"^tracker_model\.": "",
}
_AT_ONCE = 16
_NO_POINT = -10
# SAM takes mask logits; what a coarse mask holds is that sure.
_SURE = 10.0


class SamMasks:
    """A mask of each prompt.

    Attributes:
        description: which network this is.
    """

    def __init__(self, folder: ModelFolder, device: torch.device) -> None:
        """Load it.

        Raises:
            OpenVocabularyError: it is no network that takes prompts, or its files are incomplete.
            ImportModelError: its weights do not fit its configuration.
        """
        part = MASK_MAKERS.get(folder.architecture)
        if part is None:
            msg = (
                f"{folder.path}: expected a network that makes masks of boxes "
                f"({', '.join(MASK_MAKERS)}), got {folder.architecture}"
            )
            raise OpenVocabularyError(msg)
        self.description = describe(part.removesuffix("Model"), folder, device)
        self._pixels = Pixels.of_settings(processor_settings(folder), "stretch")
        self._network = load_teacher(folder, part, device, **_own_config(folder, part))
        self._device = device

    @torch.inference_mode()
    def masks(self, image: Image, prompts: Sequence[Prompt]) -> PromptedMasks:
        """A mask for each prompt, at a quarter of the network's size."""
        seen = self._network.get_image_embeddings(self._pixels.tensor([image], self._device))
        scale = np.array(self._pixels.size[::-1]) / image.shape[1::-1]
        masks, quality = [], []
        for some in _alike(prompts):
            found = self._network(
                image_embeddings=list(seen),
                multimask_output=False,
                **self._inputs(some, scale.astype(np.float32)),
            )
            masks.append(found.pred_masks[0, :, 0].sigmoid().float().cpu().numpy())
            quality.append(found.iou_scores[0, :, 0].float().cpu().numpy())
        return PromptedMasks(np.concatenate(masks), np.concatenate(quality))

    def _inputs(self, prompts: Sequence[Prompt], scale: Any) -> dict[str, Tensor]:
        given: dict[str, Tensor] = {}
        if prompts[0].box is not None:
            boxes = np.array([[prompt.box for prompt in prompts]], np.float32)
            given["input_boxes"] = self._tensor(boxes * np.tile(scale, 2))
        if prompts[0].clicks:
            most = max(len(prompt.clicks) for prompt in prompts)
            points = np.zeros((1, len(prompts), most, 2), np.float32)
            labels = np.full((1, len(prompts), most), _NO_POINT, np.int64)
            for row, prompt in enumerate(prompts):
                for column, (x, y, there) in enumerate(prompt.clicks):
                    points[0, row, column] = (x * scale[0], y * scale[1])
                    labels[0, row, column] = int(there)
            given |= {"input_points": self._tensor(points), "input_labels": self._tensor(labels)}
        if prompts[0].coarse is not None:
            coarse = np.where(prompts[0].coarse, _SURE, -_SURE).astype(np.float32)
            given["input_masks"] = self._tensor(coarse[None, None])
        return given

    def _tensor(self, values: Any) -> Tensor:
        return torch.from_numpy(values).to(self._device)


def _own_config(folder: ModelFolder, part: str) -> dict[str, Any]:
    """The configuration of a part, where the folder is of a network for videos that holds it."""
    whole = folder.config.get("tracker_config")
    if part != "Sam3TrackerModel" or whole is None:
        return {}
    names = ("vision_config", "prompt_encoder_config", "mask_decoder_config", "initializer_range")
    own = {name: whole[name] for name in names if name in whole}
    return {"config": transformers.Sam3TrackerConfig(**own), "key_mapping": dict(_KEYS)}


def _alike(prompts: Sequence[Prompt]) -> list[list[Prompt]]:
    """Neighbours that say the same kinds of things; the network takes one coarse mask at a time."""
    parts: list[list[Prompt]] = []
    for prompt in prompts:
        joins = parts and len(parts[-1]) < _AT_ONCE and _kind(parts[-1][0]) == _kind(prompt)
        if not joins or prompt.coarse is not None:
            parts.append([])
        parts[-1].append(prompt)
    return parts


def _kind(prompt: Prompt) -> tuple[bool, bool, bool]:
    return prompt.box is not None, bool(prompt.clicks), prompt.coarse is not None
