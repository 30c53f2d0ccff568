"""SAM 3: finds every instance of a phrase, says whether there is one, and takes boxes beside it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from copy import deepcopy
from functools import partial
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from seg_perception.importing.model_folder import ModelFolder
from seg_perception.open_vocabulary.teacher import Image, Phrases, PhraseScores
from seg_perception.open_vocabulary.teachers.folder import (
    describe,
    load_teacher,
    load_tokenizer,
    processor_settings,
)
from seg_perception.open_vocabulary.teachers.pixels import Pixels
from seg_perception.open_vocabulary.teachers.text import Tokens

_LENGTH = 32
# Phrases of one pass: each has a mask for each of 200 queries.
_AT_ONCE = 4
# An instance that is less sure than this adds nothing (ActiveSAM's confidence_threshold).
_INSTANCE = 0.3
_PREVIEW = 2 / 3


class Sam3Teacher:
    """Scores of a phrase: the better of its instances and its semantic map, times its presence.

    As SegEarth-OV3 and ActiveSAM put them together. The preview runs the same weights at two
    thirds of the size.

    Attributes:
        description: which network this is.
        has_preview: it has.
    """

    has_preview = True

    def __init__(self, folder: ModelFolder, device: torch.device) -> None:
        """Load it.

        Raises:
            OpenVocabularyError, ImportModelError: its files are not complete.
        """
        tokenizer = load_tokenizer(folder)
        self.description = describe("SAM 3", folder, device)
        self._pixels = Pixels.of_settings(processor_settings(folder), "stretch")
        self._network = load_teacher(folder, "Sam3Model", device)
        self._tokens = Tokens(tokenizer, _LENGTH, device)
        self._device = device
        self._texts: dict[str, tuple[Tensor, Tensor]] = {}
        backbone = self._network.config.vision_config.backbone_config
        # Whole windows, so that attention within them is the same as at full size.
        self._small = self._pixels.scaled(_PREVIEW, backbone.patch_size * backbone.window_size)

    def expect(self, phrases: Phrases) -> None:
        """Refuse phrases of more than 32 tokens.

        Raises:
            OpenVocabularyError: there is one.
        """
        self._tokens.expect(phrases)

    @torch.inference_mode()
    def presence(self, images: Sequence[Image], phrases: Phrases) -> NDArray[np.float32]:
        """The presence token at two thirds of the size, float32 (pictures, P)."""
        said = np.empty((len(images), len(phrases)), np.float32)
        with _at_size(self._network, self._small):
            seen = self._network.get_vision_features(self._small.tensor(images, self._device))
        for number, vision in enumerate(_split(seen)):
            for first in range(0, len(phrases), _AT_ONCE):
                some = phrases[first : first + _AT_ONCE]
                found = self._ask(vision, some)
                said[number, first : first + len(some)] = _numbers(found.presence_logits[:, 0])
        return said

    @torch.inference_mode()
    def score(self, images: Sequence[Image], phrases: Sequence[Phrases]) -> list[PhraseScores]:
        """Presence and scores of each picture's phrases, at a quarter of the network's size."""
        seen = self._network.get_vision_features(self._pixels.tensor(images, self._device))
        return [
            self._scores(vision, asked) for vision, asked in zip(_split(seen), phrases, strict=True)
        ]

    def _scores(self, vision: Any, phrases: Phrases) -> PhraseScores:
        presence, scores = [], []
        for first in range(0, len(phrases), _AT_ONCE):
            found = self._ask(vision, phrases[first : first + _AT_ONCE])
            there = found.presence_logits.sigmoid()
            presence.append(there[:, 0].float().cpu().numpy())
            maps = torch.maximum(_instances(found), found.semantic_seg[:, 0].sigmoid())
            scores.append((maps * there[..., None]).float().cpu().numpy())
        return PhraseScores(np.concatenate(presence), np.concatenate(scores))

    def _ask(self, vision: Any, phrases: Phrases) -> Any:
        texts, masks = zip(*(self._text(phrase) for phrase in phrases), strict=True)
        text = _Text(torch.cat(texts))
        seen = _repeat(vision, len(phrases))
        return self._network(vision_embeds=seen, text_embeds=text, attention_mask=torch.cat(masks))

    def _text(self, phrase: str) -> tuple[Tensor, Tensor]:
        """A phrase's features, float32 (1, 32, C), and its mask, made once."""
        if phrase not in self._texts:
            ids, mask = self._tokens([phrase])
            made = self._network.get_text_features(input_ids=ids, attention_mask=mask)
            self._texts[phrase] = made.pooler_output, mask
        return self._texts[phrase]


class _Text:
    """Features of phrases, where `transformers` looks for them."""

    def __init__(self, pooler_output: Tensor) -> None:
        self.pooler_output = pooler_output


@contextmanager
def _at_size(network: Any, pixels: Pixels) -> Iterator[None]:
    """Let the network see pictures of another size: its global layers know where patches lie.

    The positions are stretched over the picture, as `transformers` works them out for a network
    of that size; windows, and all else, do not depend on it.
    """
    layers = [n for n in network.vision_encoder.backbone.layers if n.window_size == 0]
    before = [layer.position_ids for layer in layers]
    for layer in layers:
        config = deepcopy(layer.config)
        config.image_size = list(pixels.size)
        layer.position_ids = layer.precompute_positions(config, 0).to(network.device)
    try:
        yield
    finally:
        for layer, positions in zip(layers, before, strict=True):
            layer.position_ids = positions


def _split(vision: Any) -> list[Any]:
    """Features of several pictures, one by one."""
    count = len(vision.fpn_hidden_states[0])
    return [_each(vision, partial(_one, number)) for number in range(count)]


def _one(number: int, level: Tensor) -> Tensor:
    return level[number : number + 1]


def _repeat(vision: Any, count: int) -> Any:
    """Features of one picture, for so many phrases."""
    return _each(vision, lambda level: level.expand(count, *level.shape[1:]))


def _each(vision: Any, change: Callable[[Tensor], Tensor]) -> Any:
    return type(vision)(
        fpn_hidden_states=tuple(map(change, vision.fpn_hidden_states)),
        fpn_position_encoding=tuple(map(change, vision.fpn_position_encoding)),
    )


def _instances(found: Any) -> Tensor:
    """float32 (P, h, w): the best mask of each pixel, times how sure its instance is."""
    sure = found.pred_logits.sigmoid()
    sure = torch.where(sure >= _INSTANCE, sure, 0.0)
    return (found.pred_masks.sigmoid() * sure[..., None, None]).amax(dim=1)


def _numbers(logits: Tensor) -> NDArray[np.float32]:
    return np.asarray(logits.sigmoid().float().cpu().numpy(), np.float32)
