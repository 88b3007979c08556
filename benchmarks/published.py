"""A project at the published scale, fifty rounds on: what the app is measured with.

    python benchmarks/published.py FOLDER

20 samples with 18,469 slices of 1,200 x 1,200 pixels, 50 rounds with results and the next one
proposed, 400 labels, 200 jobs. The stacks are stand-ins (stacks.py); the state is made of the
rows and files that altui itself writes, through its store. The same each time but for absolute
paths.
"""

import argparse
import json
import os
import random
from collections.abc import Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
from stacks import SIDE, pictures, write_stack

from altui.config import Split
from altui.jobs.folder import (
    HEARTBEAT,
    LOG,
    PROCESS,
    PROGRESS,
    SCORES,
    SPEC,
    Confusion,
    JobFolder,
    JobResult,
    JobSpec,
    LabelSpec,
    Process,
    SimulationSpec,
)
from altui.labels.accept import store_file
from altui.labels.encoded import encode
from altui.labels.kept import Shelf
from altui.labels.runs import runs_of
from altui.project import Project
from altui.query.components import Components
from altui.rounds.changes import settings_of
from altui.slices import SliceId
from altui.store.connection import Transaction
from altui.workspace import Workspace

CLASSES = ("background", "bone", "degradation layer", "implant")
SLICES: dict[Split, tuple[int, ...]] = {
    "train": (860, 860, 860, 860, 860, 860, 859, 859),  # 6,878
    "validation": (932, 932, 932, 932, 932, 931),  # 5,591
    "test": (1000,) * 6,
}
HELD_OUT: dict[Split, int] = {"validation": 9, "test": 15}  # the number of the first sample
ROUNDS, BUDGET, JOBS, LOST, NODES = 50, 8, 200, 10, 60
START = datetime(2026, 1, 5, 8, 0, tzinfo=UTC)
PEOPLE = ("anna", "bert", "chris")
LINES = 600  # of a job's progress
SIMULATION = f"simulate-{JOBS}"
"""The newest job: nobody runs it until a benchmark does."""


def make_project(root: Path, jobs: int = JOBS) -> Path:
    """Write the whole project into `root`; returns it."""
    samples = write_stacks(root)
    (root / "altui.toml").write_text(config(samples), encoding="utf-8")
    workspace = Workspace(root, PEOPLE[0])
    Story(workspace, jobs).tell()
    Project.open(root, PEOPLE[0]).status()  # the headers' cache; and it has to be readable
    return root


def write_stacks(root: Path) -> list[tuple[str, Split]]:
    """Images and masks of every sample; returns the samples."""
    found = pictures(seed=1)
    images, masks = [image for image, _ in found], [mask for _, mask in found]
    samples: list[tuple[str, Split]] = []
    for split, counts in SLICES.items():
        for slices in counts:
            name = f"screw{len(samples) + 1:02d}"
            turn = len(samples) % len(images)
            write_stack(root / f"samples/{name}.tif", images[turn:] + images[:turn], slices)
            write_stack(root / f"masks/{name}.tif", masks[turn:] + masks[:turn], slices)
            samples.append((name, split))
    return samples


def config(samples: Sequence[tuple[str, Split]]) -> str:
    tables = "\n".join(
        f'[[samples]]\nname = "{name}"\nsplit = "{split}"\n'
        f'images = "samples/{name}.tif"\nmasks = "masks/{name}.tif"\n'
        for name, split in samples
    )
    return (
        '[project]\nname = "Mg screws in sheep tibia"\n\n'
        f"[classes]\nnames = {json.dumps(CLASSES)}\n\n{tables}\n"
        f'[query]\nstrategy = "entropy"\nbudget = {BUDGET}\n\n'
        "[stopping]\nmin_gain = 0.0005\npatience = 3\nmax_rounds = 100\n"
    )


class Story:
    """What fifty rounds leave behind, told in order by one clock and one random generator."""

    def __init__(self, workspace: Workspace, jobs: int = JOBS) -> None:
        self._workspace, self._wanted = workspace, jobs
        self._now = START
        self._random = random.Random(7)
        self._jobs = 0
        self._labelled: dict[SliceId, LabelSpec] = {}
        self._encoded = [encode(runs_of(mask)) for _, mask in pictures(seed=1)]
        self._previous: str | None = None
        self._lines = progress_lines()

    def tell(self) -> None:
        with closing(Shelf(self._workspace.root)) as shelf:
            for encoded in self._encoded:
                store_file(shelf, encoded)
            shelf.settle()
        with self._workspace.store.write() as transaction:
            for number in range(1, ROUNDS + 1):
                slices = self._decide(transaction, number)
                self._label(transaction, number, slices)
                last = number == ROUNDS
                # Attempts that came to nothing, spread over the rounds, then the one that did.
                failures = (self._wanted - 1 - ROUNDS) * number // ROUNDS - (
                    self._jobs - number + 1
                )
                for attempt in range(failures):
                    self._attempt(transaction, number, lost=attempt == 0 and number % 5 == 0)
                self._finish(transaction, number, last)
            self._propose(transaction, ROUNDS + 1, self._pick(BUDGET))
            self._simulate(transaction)
        for node in range(NODES):
            folder = JobFolder(self._workspace.state / "simulation" / f"{node:020x}")
            folder.path.mkdir(parents=True)
            folder.write("result.json", self._result(node % 10 + 1))

    # Rows

    def _event(
        self, transaction: Transaction, what: str, number: int | None, who: str, note: str = ""
    ) -> int:
        self._now += timedelta(minutes=self._random.randint(1, 40))
        return transaction.insert(
            "events",
            at=self._now.isoformat(timespec="seconds"),
            who=who,
            host="gpu3",
            what=what,
            round=number,
            note=note,
        )

    def _pick(self, slices: int) -> list[SliceId]:
        found: list[SliceId] = []
        while len(found) < slices:
            sample = self._random.randrange(len(SLICES["train"]))
            index = self._random.randrange(SLICES["train"][sample])
            one = SliceId(f"screw{sample + 1:02d}", index)
            if one not in self._labelled and one not in found:
                found.append(one)
        return found

    def _propose(
        self, transaction: Transaction, number: int, slices: Sequence[SliceId], rank: int = 1
    ) -> None:
        strategy = "initial" if number == 1 else "entropy"
        event = self._event(transaction, "propose", number, "anna", strategy)
        for place, one in enumerate(slices, start=rank):
            self._decision(transaction, event, number, one, "proposed", place)

    def _decision(
        self,
        transaction: Transaction,
        event: int,
        number: int,
        one: SliceId,
        state: str,
        rank: int,
    ) -> None:
        reasons = [
            f"entropy over the predicted foreground {0.9 - rank / 50:.3f}: rank {rank} of 6,878",
            f"at least 5 slices along z from every labelled slice of {one.sample}",
        ]
        transaction.insert(
            "decisions",
            event=event,
            round=number,
            sample=one.sample,
            slice_index=one.index,
            state=state,
            strategy="initial" if number == 1 else "entropy",
            rank=rank,
            score=0.9 - rank / 50,
            reasons=json.dumps(reasons),
        )

    def _decide(self, transaction: Transaction, number: int) -> list[SliceId]:
        """Eight proposals, some of them rejected for others; returns what was approved."""
        slices = self._pick(BUDGET + 2)
        self._propose(transaction, number, slices[:BUDGET])
        for place in range(2):
            event = self._event(transaction, "reject", number, self._random.choice(PEOPLE))
            self._decision(transaction, event, number, slices[place], "rejected", place + 1)
            other = BUDGET + place
            self._decision(transaction, event, number, slices[other], "proposed", other + 1)
        for place, one in enumerate(slices[2:], start=3):
            event = self._event(transaction, "approve", number, self._random.choice(PEOPLE))
            self._decision(transaction, event, number, one, "approved", place)
        return slices[2:]

    def _label(self, transaction: Transaction, number: int, slices: Sequence[SliceId]) -> None:
        event = self._event(transaction, "import", number, "bert")
        for one in slices:
            encoded = self._encoded[one.index % len(self._encoded)]
            name = f"returned/{one.file_stem(860)}.tif"
            revision = transaction.insert(
                "labels",
                event=event,
                sample=one.sample,
                slice_index=one.index,
                sha256=encoded.sha256,
                path=encoded.path,
                source=name,
                source_sha256=encoded.sha256,
                annotator=self._random.choice(PEOPLE),
                tool="ITK-SNAP",
                minutes=float(self._random.randint(30, 90)),
            )
            self._labelled[one] = LabelSpec(
                sample=one.sample, index=one.index, path=encoded.path, revision=revision
            )

    def _job(self, transaction: Transaction, number: int, kind: str = "train") -> JobFolder:
        self._jobs += 1
        job = f"{kind}-{self._jobs:03d}"
        event = self._event(transaction, "run", number, self._random.choice(PEOPLE), job)
        transaction.insert("jobs", id=job, event=event, kind=kind, round=number)
        folder = JobFolder(self._workspace.jobs / job)
        folder.path.mkdir(parents=True)
        if kind == "train":
            for label in self._labelled.values():
                transaction.insert("job_labels", job=job, label=label.revision)
        spec = JobSpec(
            job=job,
            kind="train" if kind == "train" else "simulate",
            round=number,
            project=str(self._workspace.root),
            config=self._workspace.config,
            labels=tuple(self._labelled.values()) if kind == "train" else (),
            previous=self._previous,
            simulation=SimulationSpec(rounds=10, strategies=("random", "entropy"), seeds=3)
            if kind == "simulate"
            else None,
        )
        (folder.path / SPEC).write_text(spec.model_dump_json(by_alias=True), encoding="utf-8")
        (folder.path / LOG).write_text("".join(self._lines[0][:200]), encoding="utf-8")
        (folder.path / PROGRESS).write_text("".join(self._lines[1]), encoding="utf-8")
        gone = Process(host=os.uname().nodename, boot_id="before", pid=1 << 22, started=1.0)
        (folder.path / PROCESS).write_text(gone.model_dump_json(), encoding="utf-8")
        (folder.path / HEARTBEAT).touch()
        return folder

    def _end(
        self, transaction: Transaction, folder: JobFolder, number: int, state: str, message: str
    ) -> None:
        began = self._now
        event = self._event(transaction, state, number, "anna", folder.id)
        transaction.insert(
            "job_ends",
            job=folder.id,
            event=event,
            state=state,
            started_at=began.isoformat(timespec="seconds"),
            ended_at=self._now.isoformat(timespec="seconds"),
            message=message,
        )

    def _attempt(self, transaction: Transaction, number: int, lost: bool) -> None:
        """A job without results: failed, cancelled, or gone without a word."""
        folder = self._job(transaction, number)
        if not lost:
            state = self._random.choice(("failed", "cancelled"))
            self._end(transaction, folder, number, state, "out of GPU memory" * (state == "failed"))

    def _finish(self, transaction: Transaction, number: int, last: bool) -> None:
        """The round's job with its results; the last one's scores and predictions as well."""
        folder = self._job(transaction, number)
        self._end(transaction, folder, number, "finished", "")
        result = self._result(number)
        (folder.path / "result.json").write_text(result.model_dump_json(), encoding="utf-8")
        for split, samples in result.confusions.items():
            for sample, matrix in samples.items():
                transaction.insert(
                    "confusions",
                    job=folder.id,
                    split=split,
                    sample=sample,
                    matrix=json.dumps(matrix),
                )
        if number > 1:
            transaction.insert("stability", job=folder.id, matrix=json.dumps(result.stability))
        settings = json.dumps(settings_of(folder.spec()))
        transaction.insert("job_settings", job=folder.id, settings=settings)
        self._previous = str(folder.path.relative_to(self._workspace.root))
        if last:
            write_scores(folder)
            masks = [mask for _, mask in pictures(seed=2)]
            for place, slices in enumerate(SLICES["train"], start=1):
                write_stack(folder.path / f"predictions/screw{place:02d}.tif", masks, slices)

    def _simulate(self, transaction: Transaction) -> None:
        self._job(transaction, 0, "simulate")

    def _result(self, number: int) -> JobResult:
        """Figures that rise and level out, as they do."""
        quality = 0.965 - 0.2 * number**-0.8
        confusions: dict[str, dict[str, Confusion]] = {
            split: {
                f"screw{first + place:02d}": confusion(
                    quality + self._random.gauss(0, 0.004), SIDE * SIDE * slices
                )
                for place, slices in enumerate(SLICES[split])
            }
            for split, first in HELD_OUT.items()
        }
        return JobResult(
            state="finished",
            started_at=START + timedelta(days=3 * number),
            ended_at=START + timedelta(days=3 * number, hours=3),
            device="NVIDIA A100",
            confusions=confusions,
            stability=confusion(min(quality + 0.08, 0.99), SIDE * SIDE * 512),
        )


def confusion(quality: float, pixels: int) -> Confusion:
    """Of a network that gets `quality` of the pixels right, and fewer of the thin class."""
    rows = []
    for true, share in enumerate((0.6, 0.25, 0.02, 0.13)):
        row = [0] * len(CLASSES)
        of_class = int(pixels * share)
        right = int(of_class * max(quality - 0.12 * (true == 2), 0.0))
        row[true], row[(true + 1) % len(CLASSES)] = right, of_class - right
        rows.append(tuple(row))
    return tuple(rows)


def progress_lines() -> tuple[list[str], list[str]]:
    """What a training prints, and what it writes to progress.jsonl."""
    log, lines = [], []
    for step in range(LINES):
        at = (START + timedelta(seconds=step)).isoformat().replace("+00:00", "Z")
        loss = 1.4 / (1 + step / 40)
        log.append(f"train: {step * 6} of {LINES * 6}, loss {loss:.3f}, {LINES - step} s left\n")
        line = {
            "at": at,
            "stage": "train",
            "step": step * 6,
            "steps": LINES * 6,
            "progress": round(step / LINES, 4),
            "seconds_left": float(LINES - step),
            "loss": round(loss, 6),
        }
        lines.append(json.dumps(line) + "\n")
    return log, lines


def write_scores(folder: JobFolder) -> None:
    """Components of every slice of the training samples."""
    generator = np.random.default_rng(3)
    counts = SLICES["train"]
    total = sum(counts)
    columns = {
        name: generator.random(total, np.float32) for name in ("entropy_mean", "entropy_foreground")
    }
    fractions = generator.dirichlet((6.0, 2.5, 0.2, 1.3), total).astype(np.float32)
    Components(
        samples=tuple(f"screw{place:02d}" for place in range(1, len(counts) + 1)),
        sample=np.repeat(np.arange(len(counts), dtype=np.int32), counts),
        index=np.concatenate([np.arange(count, dtype=np.int32) for count in counts]),
        columns=columns | {"class_fraction": fractions},
    ).save(folder.path / SCORES)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    make_project(parser.parse_args().folder)


if __name__ == "__main__":
    main()
