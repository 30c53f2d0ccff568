"""Grounding DINO: boxes of phrases, many of them in one text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from seg_perception.core.errors import OpenVocabularyError
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

# As its authors take boxes.
_LEAST = 0.25
_STEP = 32


class GroundingDino:
    """A box's score for a phrase is the best of the phrase's tokens.

    Attributes:
        description: which network this is.
    """

    def __init__(self, folder: ModelFolder, device: torch.device) -> None:
        """Load it.

        Raises:
            OpenVocabularyError, ImportModelError: its files are not complete.
        """
        self._tokenizer = load_tokenizer(folder)
        self.description = describe("Grounding DINO", folder, device)
        self._pixels = Pixels.of_settings(processor_settings(folder), "proportions")
        self._network = load_teacher(folder, "GroundingDinoForObjectDetection", device)
        self._length = int(self._network.config.max_text_len)
        self._device = device

    def expect(self, phrases: Phrases) -> None:
        """Refuse phrases with words that its tokenizer does not know, or too many of them.

        Raises:
            OpenVocabularyError: there is one.
        """
        for phrase in phrases:
            tokens = self._tokens(phrase)
            if not tokens or self._tokenizer.unk_token_id in tokens:
                msg = f"phrase {phrase!r}: {self.description} does not know it; say it in English"
                raise OpenVocabularyError(msg)
            if len(tokens) + 3 > self._length:
                msg = (
                    f"phrase {phrase!r} has {len(tokens)} tokens, the teacher takes "
                    f"{self._length - 3}; say it in fewer words"
                )
                raise OpenVocabularyError(msg)

    @torch.inference_mode()
    def boxes(self, images: Sequence[Image], phrases: Phrases, share: float) -> list[FoundBoxes]:
        """Boxes that score 0.25 or more for a phrase."""
        pixels = self._pixels if share == 1 else self._pixels.scaled(share, _STEP)
        numbers = pixels.tensor(images, self._device)
        found = [
            self._ask(numbers, text, places, len(phrases)) for text, places in self._texts(phrases)
        ]
        sizes = np.tile(np.array(images[0].shape[1::-1], np.float32), 2)
        return [_joined([some[number] for some in found], sizes) for number in range(len(images))]

    def _ask(
        self, numbers: Tensor, text: Tensor, places: dict[int, list[int]], count: int
    ) -> list[FoundBoxes]:
        said = self._network(pixel_values=numbers, input_ids=text.expand(len(numbers), -1))
        chances = said.logits.sigmoid().float().cpu().numpy()
        boxes = said.pred_boxes.float().cpu().numpy()
        found = []
        for chance, box in zip(chances, boxes, strict=True):
            scores = np.zeros((len(chance), count), np.float32)
            for phrase, columns in places.items():
                scores[:, phrase] = chance[:, columns].max(axis=1)
            rows, which = np.nonzero(scores >= _LEAST)
            found.append(FoundBoxes(corners(box[rows]), scores[rows, which], which))
        return found

    def _texts(self, phrases: Phrases) -> Iterator[tuple[Tensor, dict[int, list[int]]]]:
        """Texts such as "log. wet leaves.", and where the tokens of each phrase stand in them."""
        begin, end = self._tokenizer.cls_token_id, self._tokenizer.sep_token_id
        stop = self._tokenizer.convert_tokens_to_ids(".")
        ids, places = [begin], dict[int, list[int]]()
        for number, phrase in enumerate(phrases):
            tokens = self._tokens(phrase)
            if places and len(ids) + len(tokens) + 2 > self._length:
                yield torch.tensor([[*ids, end]], device=self._device), places
                ids, places = [begin], {}
            places[number] = list(range(len(ids), len(ids) + len(tokens)))
            ids += [*tokens, stop]
        yield torch.tensor([[*ids, end]], device=self._device), places

    def _tokens(self, phrase: str) -> list[int]:
        text = phrase.lower().replace(".", " ")
        return list(self._tokenizer(text, add_special_tokens=False)["input_ids"])


def _joined(found: Sequence[FoundBoxes], sizes: Any) -> FoundBoxes:
    """Boxes of several texts, in pixels of the picture, within it."""
    boxes = np.clip(np.concatenate([some.boxes for some in found]), 0, 1) * sizes
    return FoundBoxes(
        boxes.astype(np.float32),
        np.concatenate([some.scores for some in found]),
        np.concatenate([some.phrases for some in found]),
    )
