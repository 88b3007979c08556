"""The name of a slice: `SAMPLE:INDEX` in altui, `SAMPLE_zINDEX` in file names."""

from collections.abc import Iterable
from typing import NamedTuple, Self

from altui.errors import AltuiError


class SliceId(NamedTuple):
    """One 2-D image of a sample; `index` counts from 0."""

    sample: str
    index: int  # type: ignore[assignment]  # nobody misses tuple.index here

    def __str__(self) -> str:
        return f"{self.sample}:{self.index}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `SAMPLE:INDEX`. Raises AltuiError."""
        sample, colon, index = text.rpartition(":")
        if not (colon and sample and index.isascii() and index.isdigit() and len(index) < 10):
            raise AltuiError(
                f'"{text}" does not name a slice', "write SAMPLE:INDEX, such as screw03:412"
            )
        return cls(sample, int(index))

    def nearest(self, others: Iterable["SliceId"]) -> "SliceId | None":
        """The one of `others` in its sample that lies nearest along z, itself included; of two,
        the lower.
        """
        own = sorted(other for other in others if other.sample == self.sample)
        return min(own, key=lambda other: abs(other.index - self.index), default=None)

    def file_stem(self, slices: int) -> str:
        """`screw03_z0412`; the index is padded to the width of a sample of `slices` slices."""
        width = len(str(max(slices - 1, 0)))
        return f"{self.sample}_z{self.index:0{width}d}"
