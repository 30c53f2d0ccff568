"""One teaching: clicks in, scores of the new place and the old one out."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn.functional import interpolate

from bench.teach.places import Place
from seg_perception.inference.bundle import Bundle
from seg_perception.teaching.clicks import NewClass
from seg_perception.teaching.learning.graph import TeachableGraph
from seg_perception.teaching.learning.lesson import (
    ClickedPicture,
    Encoder,
    Features,
    KeptPicture,
    Lesson,
    TaughtPicture,
    taught_pictures,
)
from seg_perception.teaching.learning.targets import NO_TARGET, Point, shrink
from seg_perception.teaching.learning.teacher import (
    TeachingOptions,
    grown,
    score_size,
    teach_head,
)
from seg_perception.teaching.learning.torch_head import OPERATORS, TorchHead
from seg_perception.teaching.session import grown_ontology

Answers = list[NDArray[Any]]
Weights = dict[str, NDArray[np.float32]]


@dataclass(frozen=True, eq=False)
class Course:
    """A model that is taught: its graph, and the features of every frame, made once.

    Attributes:
        bundle: of the model.
        graph: of the model before.
        taught: the place.
        features, kept: of the frames that are taught, and of what must be kept.
        size: of the class scores.
        added: classes that the bundle's ontology lacks.
    """

    bundle: Bundle
    graph: TeachableGraph
    taught: Place
    features: Sequence[Features]
    kept: Sequence[KeptPicture]
    size: tuple[int, int]
    added: Sequence[NewClass] = ()

    @property
    def ids(self) -> dict[str, int]:
        """Of all classes, by name."""
        return dict(grown_ontology(self.bundle.ontology, self.added).ids)

    @property
    def like(self) -> tuple[int, ...]:
        """The row that each class which is new starts from."""
        return tuple(self.bundle.ontology.ids[entry.like] for entry in self.added)

    @property
    def untaught(self) -> Weights:
        """The weights before."""
        return grown(self.graph, self.like).parameters()

    @classmethod
    def prepare(cls, bundle: Bundle, taught: Place, kept: Sequence[tuple[Any, Any]]) -> Course:
        """Run the encoder over the place that is taught, and over what must be kept."""
        model = bundle.model_path.read_bytes()
        graph = TeachableGraph.of(model, bundle.manifest, OPERATORS)
        encoder = Encoder(graph, bundle.manifest)
        features = [encoder.features(picture) for picture in taught.pictures]
        size = score_size(graph, features[0])
        held = []
        for picture, truth in kept:
            cells = np.full(size, NO_TARGET, np.uint8) if truth is None else shrink(truth, (), size)
            held.append(KeptPicture(encoder.features(picture), cells))
        return cls(bundle, graph, taught, features, held, size)

    def look(self, place: Place) -> list[Features]:
        """Features of a place that is judged on, made once."""
        encoder = Encoder(self.graph, self.bundle.manifest)
        return [encoder.features(picture) for picture in place.pictures]

    def by_clicks(
        self,
        clicks: dict[int, list[Point]],
        options: TeachingOptions,
        carried: Sequence[TaughtPicture] = (),
        teacher: Sequence[NDArray[np.uint8]] = (),
    ) -> tuple[Weights, float]:
        """The model that clicks make, and the CPU seconds that it took.

        Args:
            clicks: by the number of the frame.
            options: how.
            carried: pictures that clicks were carried to.
            teacher: labels of every frame, uint8 (h, w), `NO_TARGET` where it has none; empty
                without one.
        """
        started_s = time.process_time()
        frames = range(len(teacher)) if teacher else sorted(clicks)
        clicked = [
            ClickedPicture(
                self.features[n],
                self.taught.pictures[n],
                clicks.get(n, ()),
                teacher[n] if teacher else None,
            )
            for n in frames
        ]
        pictures = taught_pictures(self.graph, clicked, self.size)
        return self._teach(pictures, options, started_s, carried)

    def by_masks(self, options: TeachingOptions) -> tuple[Weights, float]:
        """The model that full masks of the same frames make."""
        started_s = time.process_time()
        table = np.full(256, NO_TARGET, np.uint8)
        for number, name in self.taught.names.items():
            table[number] = self.ids[name]
        pictures = [
            TaughtPicture(features, shrink(table[truth], (), self.size))
            for features, truth in zip(self.features, self.taught.truths, strict=True)
        ]
        return self._teach(pictures, options, started_s)

    def _teach(
        self,
        pictures: list[TaughtPicture],
        options: TeachingOptions,
        started_s: float,
        carried: Sequence[TaughtPicture] = (),
    ) -> tuple[Weights, float]:
        lesson = Lesson(pictures, self.kept, self.like, carried)
        values = teach_head(self.graph, lesson, options)
        return values, time.process_time() - started_s

    @torch.no_grad()
    def answers(self, values: Weights, looks: Sequence[Features]) -> Answers:
        """Labels of every frame of a place, as the graph gives them with these weights."""
        head = TorchHead(grown(self.graph, self.like))
        head.take(values)
        size = self.bundle.height, self.bundle.width
        answers = []
        for features in looks:
            scores = head({n: torch.from_numpy(v).float() for n, v in features.items()})
            large = interpolate(scores, size, mode="bilinear", align_corners=False)
            answers.append(large.argmax(1)[0].numpy().astype(np.uint8))
        return answers
