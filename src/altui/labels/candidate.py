"""A mask on its way in, before and after it was checked."""

from dataclasses import dataclass
from pathlib import Path

from altui.labels.checks.examine import Examined
from altui.labels.checks.remark import Remark
from altui.labels.encoded import Encoded
from altui.slices import SliceId


@dataclass(frozen=True)
class Candidate:
    """Where a mask comes from; `source_sha256` is of `original`, the file as it came (None for what
    was no file of its own). `tool`: what wrote it, if it tells; `minutes`: of work, by its
    clock; `bundle`: the id of the one that the file lies in; `remarks`: what the file gives away.
    """

    file: str
    slice: SliceId
    source_sha256: str
    original: Path | None = None
    tool: str = ""
    minutes: float | None = None
    bundle: str = ""
    remarks: tuple[Remark, ...] = ()


@dataclass(frozen=True)
class Checked:
    """A candidate that could be a label, its file to be written, and what was found of it."""

    candidate: Candidate
    encoded: Encoded
    examined: Examined
