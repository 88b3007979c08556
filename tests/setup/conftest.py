"""Stacks to be found, and a machine that answers at once."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile

Stack = Callable[..., Path]


@pytest.fixture(autouse=True)
def _no_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    """Asking the real worker takes seconds; one test does."""
    answer = {"torch": "2.0", "device": "a GPU"}
    monkeypatch.setattr("altui.setup.machine.ask_worker", lambda config, root: answer)


@pytest.fixture
def stack(tmp_path: Path) -> Stack:
    """Write a small stack below tmp_path; a name without an ending is a folder of slices."""

    def write(name: str, shape: tuple[int, ...] = (6, 20, 24), top: int = 1, **more: Any) -> Path:
        path = tmp_path / name
        pages = (np.arange(np.prod(shape)).reshape(shape) % (top + 1)).astype(np.uint8)
        if path.suffix:
            path.parent.mkdir(parents=True, exist_ok=True)
            tifffile.imwrite(path, pages, photometric="minisblack", **more)
            return path
        path.mkdir(parents=True)
        for index, page in enumerate(pages):
            tifffile.imwrite(path / f"z{index:03d}.tif", page)
        return path

    return write
