"""How a person looks at slices, whichever slice it is."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from altui.screens.pictures import CONTRASTS, Contrast
from altui.volumes.intensity import Window
from altui.widgets.layers import OVERLAYS, PLAIN, ZOOM_STEP, Frame, Look, Overlay, panned

SHIFT_STEP = 0.1  # of the window's width
SCALE_STEP = 1.25
CONTRAST_NAMES: dict[Contrast, str] = {
    "sample": "sample contrast",
    "slice": "slice contrast",
    "range": "min–max",
}
OVERLAY_NAMES: dict[Overlay, str] = {"fill": "", "outline": "outlined", "off": "bare"}


@dataclass(frozen=True)
class Viewing:
    """`look`, whose window is found for each slice: the one that `contrast` names, moved by
    `shift` of its width and made `scale` times as wide.
    """

    look: Look = PLAIN
    contrast: Contrast = "sample"
    shift: float = 0.0
    scale: float = 1.0

    def look_at(self, windows: Mapping[Contrast, Window]) -> Look:
        """With the window for one slice."""
        window = windows[self.contrast]
        width = window.high - window.low
        middle = (window.low + window.high) / 2 + self.shift * width
        half = width * self.scale / 2
        return replace(self.look, window=Window(middle - half, middle + half))

    def next_overlay(self) -> "Viewing":
        at = OVERLAYS.index(self.look.overlay)
        return self._with(overlay=OVERLAYS[(at + 1) % len(OVERLAYS)])

    def toggle_heat(self) -> "Viewing":
        return self._with(heat=not self.look.heat)

    def next_class(self, classes: int) -> "Viewing":
        """All classes, then one after the other but background; of `classes` in all."""
        following = (self.look.only or 0) + 1
        shown = "fill" if self.look.overlay == "off" else self.look.overlay
        return self._with(only=following if following < classes else None, overlay=shown)

    def next_contrast(self) -> "Viewing":
        at = CONTRASTS.index(self.contrast)
        return replace(self, contrast=CONTRASTS[(at + 1) % len(CONTRASTS)], shift=0.0, scale=1.0)

    def brighter(self, steps: int) -> "Viewing":
        shift = self.shift - steps * SHIFT_STEP * self.scale
        return replace(self, shift=min(max(shift, -1.0), 1.0))

    def steeper(self, steps: int) -> "Viewing":
        """More contrast, or less of it."""
        return replace(self, scale=min(max(self.scale * SCALE_STEP**-steps, 0.05), 8.0))

    def zoomed(self, steps: int) -> "Viewing":
        zoom = max(self.look.zoom * ZOOM_STEP**steps, 1.0)
        # Powers of a step do not come back to 1 by themselves.
        return self._with(zoom=1.0 if zoom < 1.01 else zoom)

    def panned(self, frame: Frame, shape: tuple[int, int], down: float, right: float) -> "Viewing":
        return replace(self, look=panned(self.look, frame, shape, down, right))

    def whole(self) -> "Viewing":
        """All of the slice."""
        return self._with(zoom=1.0, centre=PLAIN.centre)

    def said(self, has_classes: bool = False) -> str:
        """What differs from the plain view: 'outlined, ×2.2, slice contrast'; `has_classes`:
        whether there is something to lie over the slice.
        """
        parts = [OVERLAY_NAMES[self.look.overlay]] if has_classes else []
        if self.look.zoom > 1:
            parts.append(f"×{self.look.zoom:.1f}")
        if self.shift or self.scale != 1.0:
            parts.append(f"{CONTRAST_NAMES[self.contrast]}, moved")
        elif self.contrast != "sample":
            parts.append(CONTRAST_NAMES[self.contrast])
        return ", ".join(filter(None, parts))

    def _with(self, **changes: object) -> "Viewing":
        return replace(self, look=replace(self.look, **changes))  # type: ignore[arg-type]
