"""Phrases as numbers, each made once."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from seg_perception.core.errors import OpenVocabularyError
from seg_perception.open_vocabulary.teacher import Phrases


class Tokens:
    """Makes numbers of phrases, all of one length."""

    def __init__(self, tokenizer: Any, length: int, device: torch.device) -> None:
        """Take a tokenizer, and how many tokens a phrase may have."""
        self._tokenizer, self._length, self._device = tokenizer, length, device

    def expect(self, phrases: Phrases) -> None:
        """Refuse phrases that are too long, or of which the tokenizer knows nothing.

        Raises:
            OpenVocabularyError: there is one.
        """
        for phrase in phrases:
            tokens = self._tokenizer(phrase)["input_ids"]
            if len(tokens) > self._length:
                msg = (
                    f"phrase {phrase!r} has {len(tokens)} tokens, the teacher takes "
                    f"{self._length}; say it in fewer words"
                )
                raise OpenVocabularyError(msg)
            special = {self._tokenizer.unk_token_id, *self._tokenizer.all_special_ids}
            if set(tokens) <= special:
                msg = (
                    f"phrase {phrase!r}: the teacher's tokenizer knows none of it; say it in a "
                    "language that the teacher was trained on"
                )
                raise OpenVocabularyError(msg)

    def __call__(self, phrases: Phrases) -> tuple[Tensor, Tensor]:
        """Ids and mask, int64 (P, length)."""
        made = self._tokenizer(
            list(phrases), padding="max_length", max_length=self._length, return_tensors="pt"
        )
        return made["input_ids"].to(self._device), made["attention_mask"].to(self._device)
