"""The sets of pictures and the questions asked of them, as `recipes/model_card.yaml` has them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from seg_perception.core.errors import DatasetError
from seg_perception.core.validation import load_model

CLEAR = "clear"


class HeldOut(BaseModel):
    """A data set's pictures that nothing is trained or chosen on.

    Attributes:
        folder: in the folder of the data.
        mapping: what its ids mean, beside the questions' file; empty: that in its own folder.
        split: whose validation part is asked, beside the questions' file.
        images: by name: only these of it; empty: all.
        without: by name: all of it but these.
        every: which of those are asked: 6 for each sixth.
        strange: only so spoilt that they are unlike anything known: names in `bench.familiarity`.
        spoilt: whether it is asked under the corruptions, too.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    folder: str
    mapping: str = ""
    split: str
    images: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    every: int = Field(1, ge=1)
    strange: tuple[str, ...] = ()
    spoilt: bool = False

    def chosen(self, names: Sequence[str]) -> list[str]:
        """Those of the held-out pictures that are asked.

        Raises:
            DatasetError: one that is named is not held out.
        """
        if unknown := sorted({*self.images, *self.without} - {*names}):
            msg = f"{unknown[0]} is no picture that {self.split} holds out of {self.folder}: "
            raise DatasetError(msg + "expected the name of one, without its ending")
        left = [n for n in names if n not in self.without and (n in self.images or not self.images)]
        return left[:: self.every]


class Question(BaseModel):
    """One figure.

    Attributes:
        name: the row's.
        sets: whose pixels are counted together.
        measure: `category_mean_iou` of a set; `iou` or `recall` of what `of` names; `ece` or
            `aurc` of the confidence, in percent; `auroc` of familiarity; `beyond`, the share of
            pictures beyond its edge.
        of: the true pixels, by the set's own class names.
        classes: that count as the answer.
        groups: of `traversability`, whose classes count as the answer.
        known: sets whose pictures, as they are, `auroc` tells the others from.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    sets: tuple[str, ...] = Field(min_length=1)
    measure: Literal["category_mean_iou", "iou", "recall", "ece", "aurc", "auroc", "beyond"]
    of: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    known: tuple[str, ...] = ()


class Card(BaseModel):
    """All of it.

    Attributes:
        corruptions: strength by name in the catalogue.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    sets: Mapping[str, HeldOut]
    corruptions: Mapping[str, int]
    questions: tuple[Question, ...]

    @classmethod
    def load(cls, path: Path) -> Card:
        """Read the file.

        Raises:
            DatasetError: no such file, or not of this form.
        """
        return load_model(cls, path, "sets, corruptions and questions", DatasetError)

    def conditions(self, name: str) -> tuple[str, ...]:
        """Under which a set is asked."""
        held = self.sets[name]
        return held.strange or (CLEAR, *(self.corruptions if held.spoilt else ()))

    def conditions_of(self, question: Question) -> tuple[str, ...]:
        """Under which a question is asked: all that its sets share."""
        first, *others = (self.conditions(name) for name in question.sets)
        return tuple(c for c in first if all(c in conditions for conditions in others))
