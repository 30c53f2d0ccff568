"""CLIPSeg: one map for each phrase; small, and fast on a CPU."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from seg_perception.importing.model_folder import ModelFolder
from seg_perception.open_vocabulary.presence import best_mean
from seg_perception.open_vocabulary.teacher import Image, Phrases, PhraseScores
from seg_perception.open_vocabulary.teachers.folder import (
    describe,
    load_teacher,
    load_tokenizer,
    processor_settings,
)
from seg_perception.open_vocabulary.teachers.pixels import Pixels
from seg_perception.open_vocabulary.teachers.text import Tokens

_PREVIEW = 0.5


class ClipsegTeacher:
    """The sigmoid of its map.

    Attributes:
        description: which network this is.
        has_preview: it has: half the size.
    """

    has_preview = True

    def __init__(self, folder: ModelFolder, device: torch.device) -> None:
        """Load it.

        Raises:
            OpenVocabularyError, ImportModelError: its files are not complete.
        """
        tokenizer = load_tokenizer(folder)
        self.description = describe("CLIPSeg", folder, device)
        self._pixels = Pixels.of_settings(processor_settings(folder), "stretch")
        self._network = load_teacher(folder, "CLIPSegForImageSegmentation", device)
        config = self._network.config
        self._small = self._pixels.scaled(_PREVIEW, config.vision_config.patch_size)
        length = config.text_config.max_position_embeddings
        self._tokens = Tokens(tokenizer, length, device)
        self._device = device
        self._texts: dict[str, Tensor] = {}

    def expect(self, phrases: Phrases) -> None:
        """Refuse phrases that are too long.

        Raises:
            OpenVocabularyError: there is one.
        """
        self._tokens.expect(phrases)

    @torch.inference_mode()
    def presence(self, images: Sequence[Image], phrases: Phrases) -> NDArray[np.float32]:
        """The best of its map at half the size, float32 (pictures, P)."""
        maps = self._maps(images, self._small, [phrases] * len(images))
        return np.stack([best_mean(some) for some in maps])

    @torch.inference_mode()
    def score(self, images: Sequence[Image], phrases: Sequence[Phrases]) -> list[PhraseScores]:
        """Presence and scores of each picture's phrases, at the network's size."""
        maps = self._maps(images, self._pixels, phrases)
        return [PhraseScores(best_mean(some), some) for some in maps]

    def _maps(
        self, images: Sequence[Image], pixels: Pixels, phrases: Sequence[Phrases]
    ) -> list[NDArray[np.float32]]:
        """Sigmoids of each picture's phrases, float32 (P, h, w)."""
        clip = self._network.clip
        seen = clip.get_image_features(
            pixel_values=pixels.tensor(images, self._device),
            interpolate_pos_encoding=True,
            output_hidden_states=True,
        ).hidden_states
        levels = [seen[layer + 1] for layer in self._network.extract_layers]
        found = []
        for number, asked in enumerate(phrases):
            texts = torch.cat([self._text(phrase) for phrase in asked])
            own = [level[number : number + 1].expand(len(asked), -1, -1) for level in levels]
            logits = self._network.decoder(own, texts).logits
            found.append(np.asarray(logits.sigmoid().float().cpu().numpy(), np.float32))
        return found

    def _text(self, phrase: str) -> Tensor:
        """A phrase's embedding, float32 (1, C), made once."""
        if phrase not in self._texts:
            ids, mask = self._tokens([phrase])
            made = self._network.clip.get_text_features(ids, attention_mask=mask)
            self._texts[phrase] = made.pooler_output
        return self._texts[phrase]
