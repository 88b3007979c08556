"""Score components of every slice of the training samples, and their predicted masks."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from altui.jobs.folder import PREDICTIONS, SCORES, UNCERTAINTY, Confusion
from altui.query.components import Components
from altui.query.frozen import frozen
from altui.volumes.stack import Stack
from altui.worker.evaluate import Matrix, as_rows, batches, confusion, read_slices
from altui.worker.infer import Predictor
from altui.worker.log import say
from altui.worker.parts import Pages, Part, Parts, Row, compressed, write_pages
from altui.worker.pipeline import Behind, ahead
from altui.worker.previous import Previous, agreement, read
from altui.worker.progress import Tracker
from altui.worker.samples import ClassIds, OpenSample
from altui.worker.uncertainty import components_of, likeliest, measures_of, small

MAP_SIDE = 256  # pixels, of the longer side of an uncertainty map

Values = Callable[[], npt.NDArray[np.generic]]  # waits for them, where they come from a GPU


@dataclass(frozen=True)
class Batch:
    """What was found out about some slices in a row; `before`: what was predicted earlier."""

    indices: range
    columns: tuple[tuple[str, int], ...]  # names and widths within `table`
    table: Values
    predictions: Values
    maps: Values
    before: ClassIds | None


def score(
    predictor: Predictor,
    samples: Sequence[OpenSample],
    parts: Parts,
    tracker: Tracker,
    previous: Previous | None = None,
) -> Confusion | None:
    """Write scores, predictions and uncertainty maps into the job's folder, each as a whole.

    Returns how far predictions moved since the previous round, on the frozen part of the
    pool; None where that is not known. Goes on from the parts of a killed job. Memory grows
    by the scores alone. Raises AltuiError for a slice that cannot be read, OSError.
    """
    tracker.begin("score", sum(sample.images.slices for sample in samples))
    parts.begin()
    scorer = _Scorer(predictor, parts, tracker, previous, samples)
    for sample in samples:
        scorer.run(sample)
    Components(
        samples=tuple(sample.name for sample in samples),
        sample=np.concatenate(
            [np.full(s.images.slices, number, np.int32) for number, s in enumerate(samples)]
        ),
        index=np.concatenate([np.arange(s.images.slices, dtype=np.int32) for s in samples]),
        columns={
            name: np.concatenate([row[name] for row in scorer.rows]) for name in scorer.rows[0]
        },
    ).save(parts.job / SCORES)
    parts.remove()
    tracker.end()
    return as_rows(scorer.stability) if scorer.stability.any() else None


class _Scorer:
    """Scores one sample after the other."""

    def __init__(
        self,
        predictor: Predictor,
        parts: Parts,
        tracker: Tracker,
        previous: Previous | None,
        samples: Sequence[OpenSample],
    ) -> None:
        self.predictor, self.parts, self.tracker = predictor, parts, tracker
        self.previous = previous
        self.rows: list[Row] = []
        classes = predictor.network.classes
        self.stability: Matrix = np.zeros((classes, classes), np.int64)
        self._frozen = frozen({sample.name: sample.images.slices for sample in samples})

    def run(self, sample: OpenSample) -> None:
        """What is missing of a sample's parts, then its files."""
        done = self.parts.done(sample.name)
        if done:
            say(f"{sample.name}: {done} of {sample.images.slices} slices are scored already")
            self.tracker.advance(done)
        if self.previous is None:
            self._score(sample, done, None)
        else:
            with self.previous.open(sample) as stack:
                self._score(sample, done, stack)
        self._assemble(sample)

    def _score(self, sample: OpenSample, start: int, before: Stack | None) -> None:
        def stage(indices: range) -> tuple[range, torch.Tensor, ClassIds | None]:
            images = self.predictor.stage(read_slices(sample, indices))
            return indices, images, None if before is None else read(before, indices)

        staged = ahead(stage, batches(self.predictor, sample, start))
        assessed = self.predictor.compute.side_by_side(lambda each: self._assess(*each), staged)
        with Behind() as behind:
            for batch in one_later(assessed):
                behind.call(lambda batch=batch: self._keep(sample, batch))  # type: ignore[misc]
                self.tracker.advance(len(batch.indices))
            behind.call(lambda: self.parts.save(sample.name, sample.images.slices))

    @torch.inference_mode()
    def _assess(self, indices: range, images: torch.Tensor, before: ClassIds | None) -> Batch:
        """On a GPU only begun: the values are waited for when they are asked for."""
        assessment = self.predictor.assess(images)
        predictions = likeliest(assessment.probabilities)
        measures = measures_of(assessment)
        columns = {
            name: values.reshape(len(indices), -1)
            for name, values in components_of(assessment, measures, predictions).items()
        }
        fetched = self.predictor.compute.fetched
        return Batch(
            indices,
            tuple((name, values.shape[1]) for name, values in columns.items()),
            fetched(torch.cat(list(columns.values()), 1)),
            fetched(predictions),
            fetched(small(measures[:, 0], MAP_SIDE)),
            before,
        )

    def _keep(self, sample: OpenSample, batch: Batch) -> None:
        masks = batch.predictions().astype(np.uint8, copy=False)
        table = batch.table().astype(np.float32, copy=False)
        ends = np.cumsum([width for _, width in batch.columns])
        columns: Row = {
            name: table[:, end - width] if width == 1 else table[:, end - width : end]
            for (name, width), end in zip(batch.columns, ends, strict=True)
        }
        stability = np.zeros_like(self.stability)
        if self.previous is not None:
            columns["agreement"] = np.full(len(masks), np.nan, np.float32)
        if batch.before is not None:
            columns["agreement"] = agreement(batch.before, masks)
            for index, old, new in zip(batch.indices, batch.before, masks, strict=True):
                if (sample.name, index) in self._frozen:
                    stability += confusion(old, new, len(stability))
        maps = batch.maps().astype(np.uint8, copy=False)
        part = Part(columns, stability, compressed(masks), compressed(maps))
        self.parts.add(sample.name, batch.indices.start, part)

    def _assemble(self, sample: OpenSample) -> None:
        """The TIFF files of a sample whose parts are all there; its columns."""

        def each(which: Callable[[Part], Pages]) -> Iterator[Pages]:
            return (which(part) for part in self.parts.of(sample.name))

        name, size = f"{sample.name}.tif", self.parts.size(sample.name)
        for folder in (PREDICTIONS, UNCERTAINTY):
            (self.parts.job / folder).mkdir(exist_ok=True)
        write_pages(self.parts.job / PREDICTIONS / name, each(lambda p: p.predictions), size)
        write_pages(self.parts.job / UNCERTAINTY / name, each(lambda p: p.uncertainty), size)
        for part in self.parts.of(sample.name):
            self.rows.append(part.columns)
            self.stability += part.stability


def one_later(batches: Iterable[Batch]) -> Iterator[Batch]:
    """Each batch when the next one has begun, so that a GPU never waits for the CPU."""
    waiting: Batch | None = None
    for batch in batches:
        if waiting is not None:
            yield waiting
        waiting = batch
    if waiting is not None:
        yield waiting
