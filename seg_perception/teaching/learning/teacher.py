"""Teaches a head: clicks pull, guards hold; the same lesson and seed give the same weights."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from seg_perception.core.errors import TeachingError
from seg_perception.teaching.learning.graph import TeachableGraph, with_rows
from seg_perception.teaching.learning.lesson import Features, KeptPicture, Lesson, TaughtPicture
from seg_perception.teaching.learning.losses import click_loss, distillation
from seg_perception.teaching.learning.targets import NO_TARGET
from seg_perception.teaching.learning.torch_head import TorchHead

_LEAST, _BIASES = 1e-5, (0.01, 0.15)
# So many clicks leave less that only the model before tells, and more to learn.
MANY_CLICKS = 200
Advance = Callable[[int, int], None]


@dataclass(frozen=True)
class Guards:
    """What keeps clicks from destroying a model.

    Attributes:
        confident: the model before is held to where it was at least so sure, in taught pictures.
        self_distillation, old_distillation: weights of both.
        replay: weight of pictures whose truth is known.
        mix: share of the taught weights in the end; the rest are the weights before.
    """

    confident: float = 0.9
    self_distillation: float = 0.5
    old_distillation: float = 2.0
    replay: float = 0.5
    mix: float = 0.8


@dataclass(frozen=True)
class TeachingOptions:
    """How long and how hard.

    Attributes:
        steps: of the optimiser.
        taught, kept: pictures a step.
        carried: of the taught ones, how many are pictures that clicks were carried to.
        rate: the largest step of a weight, relative to those of its layer.
        error_weight: of wrong pixels in the Dice term.
        told_weight: of pieces that are like clicked ones, and of a teacher's labels; clicks are 1.
        seed: draws the pictures.
        guards: what holds.
    """

    steps: int = 80
    taught: int = 3
    kept: int = 1
    carried: int = 1
    rate: float = 0.015
    error_weight: float = 5.0
    told_weight: float = 0.5
    seed: int = 1
    guards: Guards = Guards()

    @classmethod
    def for_clicks(cls, clicks: int, steps: int, seed: int) -> TeachingOptions:
        """What so many clicks are taught with; many take twice the steps, and larger ones."""
        if clicks < MANY_CLICKS:
            return cls(steps=steps, seed=seed)
        guards = Guards(self_distillation=0.1)
        return cls(steps=2 * steps, rate=0.03, seed=seed, guards=guards)


def teach_head(
    graph: TeachableGraph,
    lesson: Lesson,
    options: TeachingOptions,
    advance: Advance = lambda _done, _total: None,
) -> dict[str, NDArray[np.float32]]:
    """Train the head on a lesson, on one thread.

    Args:
        graph: the model before.
        lesson: at least one picture with a click.
        options: how.
        advance: told the steps done and their number.

    Returns:
        Weights by their names in the graph.

    Raises:
        TeachingError: nothing to learn from, or a loss that is not finite.
    """
    if not lesson.taught:
        msg = "expected clicks to learn from, got none: answer some questions first"
        raise TeachingError(msg)
    with _one_thread():
        return _Run(graph, lesson, options).train(advance)


def grown(graph: TeachableGraph, like: Sequence[int]) -> TeachableGraph:
    """The graph with rows for new classes; itself where there is none."""
    if not like:
        return graph
    return graph.of_same_shape(with_rows(graph, like))


class _Run:
    def __init__(self, graph: TeachableGraph, lesson: Lesson, options: TeachingOptions) -> None:
        torch.manual_seed(options.seed)
        self._options, self._guards, self._like = options, options.guards, tuple(lesson.like)
        self._one_by_one = graph.of_masks
        self._before = TorchHead(graph).requires_grad_(False)
        self._head = TorchHead(grown(graph, lesson.like))
        self._taught = [self._prepared(picture) for picture in lesson.taught]
        self._carried = [self._prepared(picture) for picture in lesson.carried]
        self._kept = [self._prepared(picture) for picture in lesson.kept]
        self._start = self._head.values()

    def train(self, advance: Advance) -> dict[str, NDArray[np.float32]]:
        options = self._options
        optimizer = torch.optim.Adam(_by_scale(self._head))
        taught = _endless(len(self._taught), options.seed)
        kept = _endless(len(self._kept), options.seed + 1)
        carried = _endless(len(self._carried), options.seed + 2)
        own = options.taught - (options.carried if self._carried else 0)
        for step in range(options.steps):
            for group in optimizer.param_groups:
                group["lr"] = options.rate * group["scale"] * _schedule(step, options.steps)
            optimizer.zero_grad(set_to_none=True)
            some = [self._taught[next(taught)] for _ in range(own)]
            some += [self._carried[next(carried)] for _ in range(options.taught - own)]
            loss = self._taught_loss(some)
            if self._kept:
                loss = loss + self._kept_loss([self._kept[next(kept)] for _ in range(options.kept)])
            if not math.isfinite(value := float(loss.detach())):
                msg = f"step {step}: the loss is {value}: take a smaller rate than the given"
                raise TeachingError(msg)
            loss.backward()
            torch.nn.utils.clip_grad_norm_(self._head.parameters(), 5.0)
            optimizer.step()
            advance(step + 1, options.steps)
        return self._mixed()

    def _mixed(self) -> dict[str, NDArray[np.float32]]:
        new, old, mix = self._head.values(), self._start, self._guards.mix
        return {
            name: (old[name] + mix * (new[name] - old[name])).astype(np.float32) for name in new
        }

    def _taught_loss(self, pictures: Sequence[_Prepared]) -> Tensor:
        scores, before, target = self._run(pictures)
        said = torch.stack([picture.told for picture in pictures])
        sure = before.softmax(dim=1).amax(dim=1) >= self._guards.confident
        elsewhere = sure & (target == NO_TARGET) & (said == NO_TARGET)
        clicked = click_loss(scores, target, self._options.error_weight)
        told = self._options.told_weight * click_loss(scores, said, 1.0)
        return (
            clicked
            + told
            + self._guards.self_distillation * distillation(scores, before, elsewhere, self._like)
        )

    def _kept_loss(self, pictures: Sequence[_Prepared]) -> Tensor:
        scores, before, truth = self._run(pictures)
        everywhere = torch.ones_like(truth, dtype=torch.bool)
        held = self._guards.old_distillation * distillation(scores, before, everywhere, self._like)
        return held + self._guards.replay * click_loss(scores, truth, 1.0)

    def _run(self, pictures: Sequence[_Prepared]) -> tuple[Tensor, Tensor, Tensor]:
        # One by one where decoders have the queries, not the pictures, first.
        some = [[picture] for picture in pictures] if self._one_by_one else [pictures]
        scores = torch.cat([self._head(_together(part)) for part in some])
        before = torch.cat([picture.before for picture in pictures])
        return scores, before, torch.stack([picture.target for picture in pictures])

    @torch.no_grad()
    def _prepared(self, picture: TaughtPicture | KeptPicture) -> _Prepared:
        features = {name: torch.from_numpy(value) for name, value in picture.features.items()}
        before = self._before({name: value.float() for name, value in features.items()})
        target = picture.target if isinstance(picture, TaughtPicture) else picture.truth
        said = picture.told if isinstance(picture, TaughtPicture) else None
        nothing = np.full_like(target, NO_TARGET)
        told = torch.from_numpy(nothing if said is None else said).long()
        return _Prepared(features, before, torch.from_numpy(target).long(), told)


@dataclass(frozen=True, eq=False)
class _Prepared:
    features: Mapping[str, Tensor]
    before: Tensor
    target: Tensor
    told: Tensor


def _together(pictures: Sequence[_Prepared]) -> dict[str, Tensor]:
    """Features of pictures as one batch, float32."""
    return {
        name: torch.cat([picture.features[name] for picture in pictures]).float()
        for name in pictures[0].features
    }


def score_size(graph: TeachableGraph, features: Features) -> tuple[int, int]:
    """Height and width of the class scores."""
    with torch.no_grad():
        scores = TorchHead(graph)(
            {name: torch.from_numpy(value).float() for name, value in features.items()}
        )
    return int(scores.shape[-2]), int(scores.shape[-1])


def _by_scale(head: TorchHead) -> list[dict[str, Any]]:
    """Each layer's weights with their size, to which its steps are relative.

    A normalisation that was folded into a convolution made its weights small or large; steps of
    one size would destroy the small ones.
    """
    return [{"params": [value], "scale": _scale(value)} for value in head.parameters()]


def _scale(value: Tensor) -> float:
    """The size of a layer's weights; of biases, which may be zero or huge, within bounds."""
    size = float(value.detach().square().mean().sqrt())
    low, high = _BIASES if value.ndim == 1 else (_LEAST, math.inf)
    return min(max(size, low), high)


def _schedule(step: int, steps: int) -> float:
    """A short rise, then a cosine to zero."""
    rise = max(1, steps // 10)
    return min((step + 1) / rise, 1.0) * 0.5 * (1 + math.cos(math.pi * step / steps))


def _endless(count: int, seed: int) -> Iterator[int]:
    """Every number once in a random order, again and again."""
    rng = np.random.default_rng(seed)
    while count:
        yield from (int(n) for n in rng.permutation(count))


@contextmanager
def _one_thread() -> Iterator[None]:
    """Sums in one order: threads would add them up otherwise every time."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(mode=True)
    try:
        yield
    finally:
        torch.use_deterministic_algorithms(mode=False)
        torch.set_num_threads(threads)
