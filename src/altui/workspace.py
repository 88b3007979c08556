"""A project folder opened: its config, its store and its samples."""

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from copy import copy
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Self

import numpy as np

from altui.config import CONFIG_NAME, Config, Sample, Split, load
from altui.errors import AltuiError
from altui.slices import SliceId
from altui.store.connection import STATE, Store, Transaction
from altui.text import did_you_mean, plain
from altui.volumes.names import in_glob
from altui.volumes.stack import Stack, files_of, open_stack


@dataclass(frozen=True)
class Header:
    """What is known of a sample without reading its slices; lengths in pixels."""

    name: str
    split: Split
    slices: int
    height: int
    width: int
    dtype: str


class Workspace:
    """The folder that the actions in `rounds/`, `labels/` and `jobs/` work on."""

    def __init__(self, root: Path, who: str = "") -> None:
        """Raises AltuiError where the folder, its config or its state cannot be used."""
        self.root = root.absolute()
        check_folder(self.root)
        self._stamp = file_stamp(self.root / CONFIG_NAME)  # first: what changes now is seen later
        self.config: Config = load(self.root / CONFIG_NAME)
        self.store = Store(self.root, who)

    def renewed(self) -> Self:
        """Itself, or where altui.toml has changed since it was read, one that goes by it as it is
        now, with the same store. Raises AltuiError where that file has faults.
        """
        stamp = file_stamp(self.root / CONFIG_NAME)
        if stamp == self._stamp:
            return self
        config = load(self.root / CONFIG_NAME)
        new = copy(self)
        new._stamp, new.config = stamp, config
        for known in ("headers", "train"):
            vars(new).pop(known, None)
        return new

    @property
    def state(self) -> Path:
        return self.root / STATE

    @property
    def jobs(self) -> Path:
        return self.state / "jobs"

    def sample(self, name: str) -> Sample:
        """Raises AltuiError with the nearest known name."""
        for sample in self.config.samples:
            if sample.name == name:
                return sample
        names = [sample.name for sample in self.config.samples]
        raise AltuiError(
            f'no sample is named "{plain(name)}"{did_you_mean(name, names)}',
            f"the samples are those of {CONFIG_NAME}",
        )

    def images(self, name: str) -> Stack:
        """The open stack of a sample. Raises AltuiError."""
        known = "headers" in vars(self)  # every file's: not once more
        return open_stack(self.root, self.sample(name).images, first_only=known)

    def masks(self, name: str) -> Stack:
        """The open masks of a sample; slices and shape fit its images. Raises AltuiError."""
        sample, header = self.sample(name), self.headers[name]
        if sample.masks is None:
            raise AltuiError(
                f'sample "{name}" has no masks', f'give it masks = "…" in {CONFIG_NAME}'
            )
        stack = open_stack(self.root, sample.masks)
        found = (stack.slices, stack.height, stack.width)
        if found != (header.slices, header.height, header.width):
            stack.close()
            raise AltuiError(
                f'the masks of sample "{name}" ({plain(sample.masks)}) are {found[0]} slices of '
                f"{found[2]} × {found[1]} pixels, its images {header.slices} of "
                f"{header.width} × {header.height}",
                "masks and images must cover the same slices",
            )
        if not np.issubdtype(stack.dtype, np.integer):
            stack.close()
            raise AltuiError(
                f'the masks of sample "{name}" hold {stack.dtype}, not class ids',
                "save them as 8-bit unsigned integers",
            )
        return stack

    @contextmanager
    def write(self) -> Iterator[Transaction]:
        """A transaction for what needs the samples' sizes: whatever has to be read of their files
        is, before the lock is taken. Raises AltuiError.
        """
        self.headers  # noqa: B018
        with self.store.write() as transaction:
            yield transaction

    @cached_property
    def headers(self) -> dict[str, Header]:
        """Every sample's size, from the store's cache where its files have not changed, or are
        not there now: on another machine there is much to be looked at without them.

        Raises AltuiError for the first stack that cannot be read.
        """
        cached = self._cached_headers()
        headers: dict[str, Header] = {}
        fresh: dict[str, tuple[str, Header]] = {}
        for sample in self.config.samples:
            signature = self.signature(sample)
            known = cached.get(sample.name)
            if known and (known[0] == signature or self._is_away(sample, known[0])):
                headers[sample.name] = Header(sample.name, sample.split, *known[1])
                continue
            header = read_header(self.root, sample)
            headers[sample.name] = header
            fresh[sample.name] = (signature, header)
        if fresh:
            for one, other, file in overlaps(self.root, self.config):
                raise AltuiError(
                    f'samples "{one}" and "{other}" both hold {plain(file)}',
                    f"every slice belongs to one sample: mend the paths in {CONFIG_NAME}",
                )
            if self.store.writable and not self.store.writes:
                with suppress(AltuiError):  # on a full disk they are read again the next time
                    self._cache(fresh)
        return headers

    def _is_away(self, sample: Sample, signature: str) -> bool:
        """Whether the images that had this signature are not here."""
        return signature.startswith(f"{sample.images}|") and self.lacks(sample)

    def lacks(self, sample: Sample) -> bool:
        """Whether none of its images is there; for every look, so no folder is read whole."""
        path = self.root / sample.images
        try:
            if path.is_dir():
                with os.scandir(path) as entries:
                    return next(entries, None) is None
            return not path.exists() and not in_glob(self.root, sample.images)
        except (OSError, ValueError):
            return True

    @property
    def absent(self) -> tuple[str, ...]:
        """The samples without images here."""
        return tuple(one.name for one in self.config.samples if self.lacks(one))

    def check_present(self) -> None:
        """Raises AltuiError where a sample has no images here: a job would fail on them."""
        for sample in self.config.samples:
            if self.lacks(sample):
                read_header(self.root, sample)

    @cached_property
    def train(self) -> tuple[Header, ...]:
        return tuple(header for header in self.headers.values() if header.split == "train")

    def holds(self, slice_id: SliceId) -> bool:
        """Whether altui.toml still has this training slice."""
        header = self.headers.get(slice_id.sample)
        return (
            header is not None and header.split == "train" and 0 <= slice_id.index < header.slices
        )

    def check_slice(self, slice_id: SliceId) -> None:
        """Refuse a slice that is not of a training sample. Raises AltuiError."""
        sample = self.sample(slice_id.sample)
        if sample.split != "train":
            raise AltuiError(
                f'sample "{sample.name}" is in the {sample.split} split; '
                "only training slices are proposed and labelled"
            )
        slices = self.headers[sample.name].slices
        if not 0 <= slice_id.index < slices:
            raise AltuiError(
                f'no slice {slice_id}: sample "{sample.name}" has slices 0 to {slices - 1}'
            )

    def signature(self, sample: Sample) -> str:
        """Changes when the sample's files do: path, size, time (of the folder, for a folder)."""
        path = self.root / sample.images
        try:
            found = path.stat()
        except (OSError, ValueError):  # a glob
            try:
                found = path.parent.stat()
            except (OSError, ValueError):
                return ""
        return f"{sample.images}|{found.st_size}|{found.st_mtime_ns}"

    def _cached_headers(self) -> dict[str, tuple[str, tuple[int, int, int, str]]]:
        with self.store.read() as db:
            rows = db.query("SELECT * FROM stacks")
            return {
                row["sample"]: (
                    row["signature"],
                    (row["slices"], row["height"], row["width"], row["dtype"]),
                )
                for row in rows
            }

    def _cache(self, fresh: dict[str, tuple[str, Header]]) -> None:
        with self.store.write() as transaction:
            for name, (signature, header) in fresh.items():
                transaction.db.execute("DELETE FROM stacks WHERE sample = ?", [name])
                transaction.insert(
                    "stacks",
                    sample=name,
                    signature=signature,
                    slices=header.slices,
                    height=header.height,
                    width=header.width,
                    dtype=header.dtype,
                )


def file_stamp(path: Path) -> tuple[int, int, int] | None:
    """Another one where the file has been written or replaced; None where it is not there."""
    try:
        found = path.stat()
    except (OSError, ValueError):
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino


def check_folder(root: Path) -> None:
    """Refuse what is no folder before anything looks inside it. Raises AltuiError."""
    try:
        mode = root.stat().st_mode
    except FileNotFoundError:
        raise AltuiError(
            f"{plain(root)} is not there", "give the project's folder, the one with altui.toml"
        ) from None
    except (OSError, ValueError) as error:
        raise AltuiError(
            f"{plain(root)} cannot be reached: {plain(error)}", "give the project's folder"
        ) from None
    if not stat.S_ISDIR(mode):
        raise AltuiError(f"{plain(root)} is not a folder", "give the folder with altui.toml in it")
    try:
        str(root).encode()
    except UnicodeEncodeError:
        raise AltuiError(
            f"the path {plain(root)} holds bytes that are not UTF-8",
            "rename the folder: its path is written into files that are UTF-8",
        ) from None
    if not os.access(root, os.R_OK | os.X_OK):
        raise AltuiError(f"{plain(root)} cannot be read", "ask its owner for read access")


def overlaps(root: Path, config: Config) -> Iterator[tuple[str, str, Path]]:
    """Pairs of samples that share a file, however it is written: what is trained on would
    be measured on. Stacks that are not there are passed over.
    """
    owner: dict[str, str] = {}
    for sample in config.samples:
        try:
            files = files_of(root, sample.images)
        except (OSError, ValueError):
            continue
        shared = next((file for file in files if file in owner), None)
        if shared is not None:
            yield owner[shared], sample.name, Path(shared)
        owner |= dict.fromkeys(files, sample.name)


def read_header(root: Path, sample: Sample) -> Header:
    """Open a sample's stack and note its size. Raises AltuiError naming the sample."""
    try:
        with open_stack(root, sample.images) as stack:
            return Header(
                sample.name, sample.split, stack.slices, stack.height, stack.width, str(stack.dtype)
            )
    except AltuiError as error:
        raise AltuiError(f'sample "{sample.name}": {error.message}', error.hint) from None
