"""OWLv2: boxes of phrases, one for each patch of the picture."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from seg_perception.importing.model_folder import ModelFolder
from seg_perception.open_vocabulary.prompts import FoundBoxes, corners
from seg_perception.open_vocabulary.teacher import Image, Phrases
from seg_perception.open_vocabulary.teachers.folder import (
    describe,
    load_teacher,
    load_tokenizer,
    processor_settings,
)
from seg_perception.open_vocabulary.teachers.pixels import Pixels
from seg_perception.open_vocabulary.teachers.text import Tokens

# As its authors take boxes.
_LEAST = 0.1


class Owlv2:
    """Pictures are padded to squares at right and bottom, as its authors do.

    Attributes:
        description: which network this is.
    """

    def __init__(self, folder: ModelFolder, device: torch.device) -> None:
        """Load it.

        Raises:
            OpenVocabularyError, ImportModelError: its files are not complete.
        """
        tokenizer = load_tokenizer(folder)
        self.description = describe("OWLv2", folder, device)
        self._pixels = Pixels.of_settings(processor_settings(folder), "square")
        self._network = load_teacher(folder, "Owlv2ForObjectDetection", device)
        config = self._network.config
        self._patch = int(config.vision_config.patch_size)
        length = int(config.text_config.max_position_embeddings)
        self._tokens = Tokens(tokenizer, length, device)
        self._device = device

    def expect(self, phrases: Phrases) -> None:
        """Refuse phrases that are too long.

        Raises:
            OpenVocabularyError: there is one.
        """
        self._tokens.expect(phrases)

    @torch.inference_mode()
    def boxes(self, images: Sequence[Image], phrases: Phrases, share: float) -> list[FoundBoxes]:
        """Boxes that score 0.1 or more for a phrase."""
        pixels = self._pixels if share == 1 else self._pixels.scaled(share, self._patch)
        ids, mask = self._tokens(phrases)
        said = self._network(
            input_ids=ids.repeat(len(images), 1),
            attention_mask=mask.repeat(len(images), 1),
            pixel_values=pixels.tensor(images, self._device),
            interpolate_pos_encoding=share != 1,
        )
        scores = said.logits.sigmoid().float().cpu().numpy()
        boxes = said.pred_boxes.float().cpu().numpy()
        side = np.float32(max(images[0].shape[:2]))
        most = np.tile(np.array(images[0].shape[1::-1], np.float32), 2)
        found = []
        for score, box in zip(scores, boxes, strict=True):
            rows, which = np.nonzero(score >= _LEAST)
            placed = np.clip(corners(box[rows]) * side, 0, most).astype(np.float32)
            found.append(FoundBoxes(placed, score[rows, which], which))
        return found
