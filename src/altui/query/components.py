"""Score components: what the scoring job found out about every slice of the pool."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from altui.errors import AltuiError
from altui.files import write_atomically
from altui.text import plain

SCORE_AGAIN = (
    "score the pool again: altui jobs PROJECT retry; or take a strategy that needs no scores, "
    "such as random"
)
FloatArray = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Components:
    """Columns over the `n` scored slices, in the order of samples and indices.

    `samples`: the names that `sample` points into.
    `sample`: (n,) int32, `index`: (n,) int32, together the slice.
    `columns`: name to (n,) float32 (or (n, k), such as `class_fraction` over classes):
        `entropy_mean`        predictive entropy over all pixels, 0..1 (nats / log classes)
        `entropy_foreground`  the same over the dilated predicted foreground; over all
                              pixels where none is predicted
        `class_fraction`      (n, classes), predicted share of each class
    """

    samples: tuple[str, ...]
    sample: npt.NDArray[np.int32]
    index: npt.NDArray[np.int32]
    columns: Mapping[str, FloatArray]

    def save(self, path: Path) -> None:
        """Write as .npz, whole or not at all. Raises OSError."""
        arrays = {f"column:{name}": values for name, values in self.columns.items()}
        write_atomically(
            path,
            lambda file: np.savez_compressed(
                file,
                samples=np.array(self.samples),
                sample=self.sample,
                index=self.index,
                **arrays,  # type: ignore[arg-type]  # numpy's stub takes no mapping here
            ),
        )

    @classmethod
    def load(cls, path: Path) -> "Components":
        """Read what `save` wrote. Raises AltuiError."""
        try:
            with np.load(path, allow_pickle=False) as file:
                found = cls(
                    samples=tuple(str(name) for name in file["samples"]),
                    sample=file["sample"].astype(np.int32),
                    index=file["index"].astype(np.int32),
                    columns={
                        key.removeprefix("column:"): file[key].astype(np.float32)
                        for key in file.files
                        if key.startswith("column:")
                    },
                )
            found._check()
        except Exception as error:  # a damaged archive can break the reader in any way
            raise AltuiError(
                f"the scores in {plain(path)} cannot be read: {plain(error)}", SCORE_AGAIN
            ) from None
        return found

    @staticmethod
    def names(path: Path) -> tuple[str, ...]:
        """The columns that a file has, without reading them; none where it cannot be read."""
        try:
            with np.load(path, allow_pickle=False) as file:
                return tuple(
                    key.removeprefix("column:") for key in file.files if key.startswith("column:")
                )
        except Exception:  # a damaged archive can break the reader in any way; `load` says how
            return ()

    def _check(self) -> None:
        """Raises ValueError unless the arrays fit together."""
        rows = self.index.shape
        if len(rows) != 1 or self.sample.shape != rows:
            raise ValueError("slices and samples do not fit together")
        if rows[0] and not 0 <= self.sample.min() <= self.sample.max() < len(self.samples):
            raise ValueError("a slice is of no sample")
        for name, values in self.columns.items():
            if values.shape[:1] != rows:
                raise ValueError(f"component {name} does not fit the slices")
