"""A stand-in for a slice: a threaded implant in trabecular bone, and its classes."""

import numpy as np
import numpy.typing as npt

Bytes = npt.NDArray[np.uint8]
NAMES = ("background", "bone", "degradation layer", "implant")


def phantom(size: int, noise: float = 20.0, seed: int = 0) -> tuple[Bytes, Bytes]:
    """An image (size, size) with its class ids; the degradation layer is `size` / 200 thin."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0:size, 0:size] / size - 0.5
    angle = np.arctan2(y, x)
    radius = np.hypot(x, y) + 0.008 * np.sin(12 * angle)
    waves = np.sin(31 * x + 4 * np.sin(9 * y)) + np.sin(29 * y + 4 * np.sin(11 * x))
    classes = np.where((waves > 0.7) & (radius > 0.21) & (radius < 0.47), 1, 0)
    classes = np.where(radius < 0.205, 2, classes)
    classes = np.where(radius < 0.2, 3, classes).astype(np.uint8)
    greys = np.array([45.0, 120.0, 85.0, 205.0])[classes]
    greys += 12 * np.sin(60 * np.hypot(x, y))  # ring artefacts
    greys += rng.normal(0, noise, greys.shape)
    return np.clip(greys, 0, 255).astype(np.uint8), classes
