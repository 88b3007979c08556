"""A job's folder: all that the job and the rest of altui say to each other.

    spec.json       in: what to do, written before the job starts
    lock            held (flock) by the job for as long as it lives
    process.json    out: who runs it: host, boot id, pid, start time
    heartbeat       out: touched every two seconds
    progress.jsonl  out: one line a step or slice batch, appended
    log.txt         out: everything the process prints
    result.json     out: the last thing written, by rename; its presence means "ended"

    training.pt     out: a training under way, to go on from after a kill
    scoring/        out: the finished parts of a scoring under way, likewise

Artefacts of a finished train job: `model.pt` (an ensemble's other networks are
`members/NUMBER/model.pt`), `scores.npz`, `predictions/SAMPLE.tif` (one page a slice, class ids,
255 where none was made) and `uncertainty/SAMPLE.tif` (one small page a slice, entropy 0..255).
"""

import hashlib
import json
import math
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Literal, TypeVar

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
)

from altui.config import Config
from altui.errors import AltuiError
from altui.files import write_bytes
from altui.jobs.logs import log_lines
from altui.text import listing, plain

SPEC, LOCK, PROCESS, HEARTBEAT = "spec.json", "lock", "process.json", "heartbeat"
PROGRESS, LOG, RESULT = "progress.jsonl", "log.txt", "result.json"
SCORES, CHECKPOINT, PREDICTIONS = "scores.npz", "model.pt", "predictions"
UNCERTAINTY, MEMBERS = "uncertainty", "members"
TRAINING, SCORING = "training.pt", "scoring"  # of a stage that has not ended yet
RESUMABLE = (TRAINING, CHECKPOINT, MEMBERS, SCORING)  # what another attempt at the same job can use

Stage = Literal["train", "evaluate", "score", "simulate"]
STAGES: tuple[Stage, ...] = ("train", "evaluate", "score")  # of a train job
ANYWHERE = ("device", "tile", "save_seconds")  # of [training]: where it runs, not what it learns
MOST_PIXELS = 1 << 50  # beyond any data set, and sums of it still fit 64 bits
Confusion = tuple[tuple[int, ...], ...]  # [true class][predicted class], pixels


def _figure(value: float | None) -> float | None:
    """None for what is no figure: a loss without bounds, or a time beyond a thousand years."""
    return value if value is not None and abs(value) < 1e12 else None


def _share(value: float) -> float:
    return min(max(value, 0.0), 1.0) if math.isfinite(value) else 0.0


Figure = Annotated[float | None, AfterValidator(_figure)]
Share = Annotated[float, AfterValidator(_share)]
# Far enough from datetime's own bounds for every time zone.
Moment = Annotated[
    AwareDatetime,
    Field(ge=datetime(1970, 1, 1, tzinfo=UTC), lt=datetime(9000, 1, 1, tzinfo=UTC)),
]
Count = Annotated[int, Field(ge=0, lt=1 << 53)]


class Record(BaseModel):
    """A frozen record kept as JSON. Unknown keys are let pass: a newer altui may add some."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class LabelSpec(Record):
    """One labelled slice: `path` is relative to the project; `revision` its row in the store.

    `page` of the file holds the mask: 0, but for the oracle's stacks in a simulation.
    """

    sample: str
    index: int
    path: str
    revision: int
    page: int = 0


class SimulationSpec(Record):
    """Experiments with the oracle as annotator: each strategy with each of `seeds` seeds.

    `budget`: slices a round; None takes [query] budget. `full`: also train on every slice.
    `parallel`: how many trainings share a device, which changes no result.
    """

    rounds: int
    strategies: tuple[str, ...]
    seeds: int = 1
    full: bool = False
    budget: int | None = None
    parallel: int = 1


class JobSpec(Record):
    """What a job is to do. Paths are relative to `project`, an absolute folder.

    `previous`: the folder of the last round's finished train job, for a warm start and for
    how far predictions moved since; None in the first round. `score`: whether the pool is
    scored, which full supervision has no use for. `simulation`: what a simulate job runs.
    `signatures`: of the samples' files when the job was made, by sample.
    """

    job: str
    kind: Literal["train", "simulate"]
    round: int
    project: str
    config: Config
    labels: tuple[LabelSpec, ...] = ()
    previous: str | None = None
    score: bool = True
    simulation: SimulationSpec | None = None
    signatures: dict[str, str] = {}

    def training_key(self) -> str:
        """Alike for jobs whose training is the same, whatever they are called.

        Test samples are left out: the training does not see them.
        """
        config = self.config
        about = {
            "classes": config.classes.model_dump(),
            "samples": [
                [one.model_dump(), self.signatures.get(one.name)]
                for one in config.samples
                if one.split != "test"
            ],
            "model": config.model.model_dump(),
            "training": config.training.model_dump(exclude=set(ANYWHERE)),
            "augmentation": config.augmentation.model_dump(),
            "labels": sorted((one.sample, one.index, one.path, one.page) for one in self.labels),
            "previous": self.previous if config.training.start == "warm" else None,
        }
        return hashlib.sha256(json.dumps(about, sort_keys=True).encode()).hexdigest()


class Process(Record):
    """Which process runs a job; a pid alone proves nothing."""

    host: str
    boot_id: str
    pid: int
    started: float  # seconds since the machine's start, as the kernel tells it


class Progress(Record):
    """One line of progress.jsonl; `step` of `steps` within the stage, `progress` of the whole.

    `memory`: bytes that the job's processes hold; `gpu_memory`: of `gpu_total` bytes, in use on
    its GPU by whomever.
    """

    at: Moment
    stage: Stage
    step: Count
    steps: Count
    progress: Share
    seconds_left: Figure = None
    loss: Figure = None
    memory: Count | None = None
    gpu_memory: Count | None = None
    gpu_total: Count | None = None


class JobResult(Record):
    """How a job ended.

    `confusions[split][sample]` is a square matrix over the classes: rows are the labels,
    columns the predictions, entries pixels, ignored pixels left out. `stability` compares
    the predictions of this network (columns) with those of the previous round's (rows) on
    the frozen part of the pool; None where there was none.
    """

    state: Literal["finished", "failed"]
    message: str = ""
    hint: str = ""
    started_at: Moment
    ended_at: Moment
    device: str = ""
    train_loss: Figure = None
    confusions: dict[str, dict[str, Confusion]] = {}
    stability: Confusion | None = None

    @field_validator("stability")
    @classmethod
    def _square(cls, matrix: Confusion | None) -> Confusion | None:
        if matrix is not None:
            cls._possible({"": {"": matrix}})
        return matrix

    @field_validator("confusions")
    @classmethod
    def _possible(
        cls, confusions: dict[str, dict[str, Confusion]]
    ) -> dict[str, dict[str, Confusion]]:
        """Square, of one size, counts of pixels."""
        matrices = [matrix for samples in confusions.values() for matrix in samples.values()]
        size = len(matrices[0]) if matrices else 0
        for matrix in matrices:
            if not size == len(matrix) > 1 or any(len(row) != size for row in matrix):
                raise ValueError("a confusion matrix is not square, or of another size")
            if not all(0 <= pixels <= MOST_PIXELS for row in matrix for pixels in row):
                raise ValueError("a confusion matrix holds impossible counts")
        return confusions

    def classes(self) -> set[int]:
        """Over how many classes its matrices are: one number, or none where it has none."""
        matrices = [one for samples in self.confusions.values() for one in samples.values()]
        return {len(matrix) for matrix in (*matrices, self.stability) if matrix is not None}


@dataclass(frozen=True)
class JobFolder:
    """Reads and writes the files of one job."""

    path: Path

    @property
    def id(self) -> str:
        return self.path.name

    def spec(self) -> JobSpec:
        """Raises AltuiError."""
        spec = self._read(SPEC, JobSpec)
        if spec is None:
            raise AltuiError(f"{plain(self.path / SPEC)} is not there", "start the job again")
        return spec

    def process(self) -> Process | None:
        """None until the job has started. Raises AltuiError for a damaged file."""
        return self._read(PROCESS, Process)

    def result(self) -> JobResult | None:
        """None until the job has ended. Raises AltuiError for a damaged file, and for one that
        cannot be of this job.
        """
        result = self._read(RESULT, JobResult)
        if result is not None and (found := result.classes()):
            wanted = {len(self._classes())} - {0}
            if wanted and found != wanted:
                raise AltuiError(
                    f"{plain(self.path / RESULT)} is damaged: its figures are of "
                    f"{listing(sorted(found))} classes, and the job has {listing(wanted)}",
                    "start the job again: altui jobs PROJECT retry",
                )
        return result

    def _classes(self) -> tuple[str, ...]:
        """Their names; none where the spec is gone, which says nothing against a result."""
        try:
            return self.spec().config.classes.names
        except AltuiError:
            return ()

    def write(self, name: str, record: Record) -> None:
        """Write a record as a whole, or leave the old one. Raises OSError."""
        write_bytes(self.path / name, record.model_dump_json(indent=2, by_alias=True).encode())

    def append_progress(self, line: Progress) -> None:
        with (self.path / PROGRESS).open("a", encoding="utf-8") as file:
            file.write(line.model_dump_json() + "\n")

    def progress(self) -> list[Progress]:
        """Every whole line so far; a line cut short by a kill is passed over."""
        return parse_progress(_text(self.path / PROGRESS))

    def progress_from(self, start: int) -> tuple[list[Progress], int]:
        """The whole lines from byte `start` on, and where the next one will begin."""
        try:
            with (self.path / PROGRESS).open("rb") as file:
                file.seek(start)
                read = file.read()
        except OSError:
            return [], start
        whole = read[: read.rfind(b"\n") + 1]
        return parse_progress(whole.decode("utf-8", errors="replace")), start + len(whole)

    def last_progress(self) -> Progress | None:
        """The latest whole line, read from the file's end."""
        lines = reversed(_tail(self.path / PROGRESS, 4096).split("\n"))
        return next(filter(None, map(_parsed, lines)), None)

    def log_tail(self, lines: int = 20) -> list[str]:
        """The last lines of the log, as far as they are in its last 64 KiB."""
        return log_lines(_tail(self.path / LOG, 64 * 1024))[-lines:]

    _R = TypeVar("_R", bound=Record)

    def _read(self, name: str, record: type[_R]) -> _R | None:
        path = self.path / name
        try:
            return record.model_validate_json(path.read_bytes())
        except FileNotFoundError:
            return None
        except OSError as error:
            raise AltuiError(f"{plain(path)} cannot be read: {error.strerror}") from None
        except (ValidationError, RecursionError) as error:
            raise AltuiError(
                f"{plain(path)} is damaged: {_fault(error)}",
                "start the job again: altui jobs PROJECT retry",
            ) from None


def parse_progress(text: str) -> list[Progress]:
    """The valid lines of a progress.jsonl."""
    return list(filter(None, map(_parsed, text.split("\n"))))


def _parsed(line: str) -> Progress | None:
    try:
        return Progress.model_validate_json(line)
    except ValidationError:
        return None


def _fault(error: ValidationError | RecursionError) -> str:
    """The first fault in words."""
    if isinstance(error, RecursionError):
        return "nested too deep"
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"])
    return plain(f"{where}: {first['msg']}" if where else first["msg"])


def now() -> datetime:
    return datetime.now(UTC)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def _tail(path: Path, size: int) -> str:
    try:
        with path.open("rb") as file:
            file.seek(0, 2)
            file.seek(max(0, file.tell() - size))
            return file.read().decode("utf-8", errors="replace")
    except OSError:
        return ""
