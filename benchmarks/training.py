"""A training step end to end beside the same step on a batch in memory, as a ratio in one run.

    python benchmarks/training.py [DATA] [--steps 20] [--runs 5]

End to end: crops are read, augmented and stacked ahead in a thread, then forward, backward,
update, average, schedule and progress. In memory: all of it again, but the batch is always the
same one. Both run in turn, so that a machine that slows down slows both; each run's first
steps, which fill the pipeline, are left out; medians over the runs are printed. U-Net with
ResNet-18 and 8 crops of 128², on DATA or on the sample project. Then what each
augmentation costs, in the thread's own time. The aim is a ratio of 1.10 or less.
"""

import argparse
import contextlib
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

# As a job does, before torch is imported; see `altui.worker.life`.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import torch

from altui.config import Augmentation, Config, load
from altui.jobs.folder import JobFolder, LabelSpec
from altui.worker import compute as computing
from altui.worker.crops import draw
from altui.worker.network import build
from altui.worker.progress import Tracker
from altui.worker.resume import SavedTraining
from altui.worker.samples import LabelledSlices, of_split, open_samples
from altui.worker.train import Trainer

SAMPLE_PROJECT = Path(__file__).resolve().parents[1] / "sample_project"
FIRST = 4  # steps that are not counted: the pipeline fills, torch warms up
OFF: dict[str, object] = {
    **{"flips": False, "rotations": "none", "scale": 0.0, "elastic": 0.0},
    **{"gamma": 0.0, "contrast": 0.0, "brightness": 0.0, "noise": 0.0},
}


class Clock(Tracker):
    """Notes when each step is done."""

    times: list[float]

    def begin(self, stage: object, steps: int) -> None:
        super().begin("train", steps)
        self.times = []

    def advance(self, steps: int = 1, loss: Callable[[], float] | None = None) -> None:
        super().advance(steps, loss)
        if loss is not None:
            self.times.append(time.perf_counter())

    def seconds_a_step(self) -> float:
        return (self.times[-1] - self.times[FIRST - 1]) / (len(self.times) - FIRST)


class InMemory(Trainer):
    """Trains on its first batch, again and again."""

    def _batch(self, step: int) -> tuple[torch.Tensor, torch.Tensor]:
        if not hasattr(self, "batch"):
            self.batch = super()._batch(0)
        return self.batch


def configured(data: Path, steps: int) -> Config:
    given = load(data / "altui.toml").model_dump(by_alias=True)
    given["model"] = {"encoder": "resnet18", "encoder_weights": "none"}
    given["training"] = {
        **{"crop": 128, "batch": 8, "steps": steps, "steps_per_slice": 0},
        **{"validations": 0, "save_seconds": 1e9},
    }
    return Config.model_validate(given)


def labelled(data: Path, config: Config) -> list[LabelSpec]:
    """The middle slice of each training sample, labelled by the oracle."""
    with open_samples(data, config) as samples:
        return [
            LabelSpec(sample=s.name, index=i, path=str(s.sample.masks), revision=0, page=i)
            for s in of_split(samples, "train")
            for i in (s.images.slices // 2,)
        ]


def seconds_a_step(kind: type[Trainer], slices: LabelledSlices, config: Config) -> float:
    compute = computing.choose(config.training)
    torch.manual_seed(0)
    network, _ = build(config.model, len(config.classes.names), slices.project)
    network = network.to(compute.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    with (
        tempfile.TemporaryDirectory() as scratch,
        (Path(scratch) / "log.txt").open("w") as log,
        contextlib.redirect_stdout(log),
    ):
        clock = Clock(JobFolder(Path(scratch)), {"train": 1.0, "evaluate": 0.0, "score": 0.0})
        trainer = kind(network, slices, [], config, compute)
        trainer.run(clock, SavedTraining(Path(scratch), "", 1e9))
    return clock.seconds_a_step()


def compare(slices: LabelledSlices, config: Config, runs: int) -> None:
    pairs = [
        (seconds_a_step(Trainer, slices, config), seconds_a_step(InMemory, slices, config))
        for _ in range(runs + 1)
    ][1:]
    ours, bare = (statistics.median(column) for column in zip(*pairs, strict=True))
    ratio = statistics.median(a / b for a, b in pairs)
    print(
        f"training step end to end: {1000 * ours:.0f} ms; on a batch in memory: "
        f"{1000 * bare:.0f} ms; ratio {ratio:.2f} ({runs} pairs)"
    )


def parts(slices: LabelledSlices, config: Config, batches: int = 20) -> None:
    """Processor time of a batch's crops: all off, each augmentation alone, all on."""
    default = config.augmentation.model_dump()
    settings = {
        "nothing": OFF,
        **{key: OFF | {key: value} for key, value in default.items()},
        "all": default,
    }
    for name, values in settings.items():
        augmentation = Augmentation.model_validate(values)
        draw(slices, config.training, augmentation, 0)
        began = time.process_time()
        for step in range(batches):
            draw(slices, config.training, augmentation, step)
        spent = (time.process_time() - began) / batches
        print(f"  a batch with {name}: {1000 * spent:.1f} ms of processor time")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path, nargs="?", default=SAMPLE_PROJECT)
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--runs", type=int, default=5)
    given = parser.parse_args()
    config = configured(given.data, given.steps)
    with open_samples(given.data, config) as samples:
        slices = LabelledSlices(labelled(given.data, config), samples, given.data, config.classes)
        compare(slices, config, given.runs)
        parts(slices, config)


if __name__ == "__main__":
    main()
