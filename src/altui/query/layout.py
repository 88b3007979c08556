"""The slices of a pool in one row, so that strategies can work on arrays."""

from collections.abc import Iterable, Mapping

import numpy as np
import numpy.typing as npt

from altui.query.components import Components
from altui.slices import SliceId

BoolArray = npt.NDArray[np.bool_]
IntArray = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float32]


class Layout:
    """Sample after sample in the pool's order, slice after slice; `n` positions in all.

    `names`: the samples. `starts`: (samples + 1,) where each begins. `sample`: (n,) the
    number of the sample that a position is of.
    """

    def __init__(self, slices: Mapping[str, int]) -> None:
        """`slices`: how many each sample has."""
        counts = np.fromiter(slices.values(), np.int64, len(slices))
        self.names = tuple(slices)
        self.starts: IntArray = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
        self.sample: IntArray = np.repeat(np.arange(len(counts)), counts)
        self.n = int(self.starts[-1])
        self._numbers = {name: number for number, name in enumerate(self.names)}

    def slice_at(self, position: int) -> SliceId:
        number = int(self.sample[position])
        return SliceId(self.names[number], int(position - self.starts[number]))

    def position(self, slice_id: SliceId) -> int | None:
        """None for a slice that the pool does not have (any more)."""
        number = self._numbers.get(slice_id.sample)
        if number is None:
            return None
        start, end = self.starts[number : number + 2]
        return int(start + slice_id.index) if 0 <= slice_id.index < end - start else None

    def mask(self, slices: Iterable[SliceId]) -> BoolArray:
        """(n,) true for these slices; those that the pool does not have are left out."""
        found = np.zeros(self.n, np.bool_)
        found[[p for one in slices if (p := self.position(one)) is not None]] = True
        return found

    def around(self, position: int, reach: int) -> slice:
        """The positions of its sample at most `reach` slices away."""
        number = int(self.sample[position])
        start, end = self.starts[number : number + 2]
        return slice(max(int(start), position - reach), min(int(end), position + reach + 1))

    def whole(self, number: int) -> slice:
        """The positions of one sample."""
        return slice(int(self.starts[number]), int(self.starts[number + 1]))

    def align(self, components: Components, name: str) -> Floats:
        """(n,) or (n, k) float32: a column in this order, NaN for slices that have no row.

        Rows of slices that the pool does not have are left out: a stack may have been
        replaced or cut short since it was scored. Raises KeyError.
        """
        values = components.columns[name]
        numbers = np.array([self._numbers.get(one, -1) for one in components.samples] or [-1])
        number = numbers[components.sample]
        index = components.index.astype(np.int64)
        counts = np.diff(self.starts, append=self.starts[-1])  # 0 for the unknown sample, -1
        inside = (number >= 0) & (index >= 0) & (index < counts[number])
        aligned = np.full((self.n, *values.shape[1:]), np.nan, np.float32)
        aligned[self.starts[number[inside]] + index[inside]] = values[inside]
        return aligned
