"""The symmetries of a slice: views that a network should see alike."""

from dataclasses import dataclass

import torch

from altui.config import Augmentation


@dataclass(frozen=True)
class View:
    """A slice mirrored left to right, or not, then turned by quarters."""

    quarters: int
    mirrored: bool

    def there(self, images: torch.Tensor) -> torch.Tensor:
        """(…, h, w) as the view shows them."""
        if self.mirrored:
            images = images.flip(-1)
        return images.rot90(self.quarters, (-2, -1))

    def back(self, maps: torch.Tensor) -> torch.Tensor:
        """(…, h, w) of the view, as they lie in the slice."""
        maps = maps.rot90(-self.quarters, (-2, -1))
        return maps.flip(-1) if self.mirrored else maps


def views_of(settings: Augmentation) -> list[View]:
    """The views that training has shown too, the slice as it is first: 1, 4 or 8."""
    return [View(quarters, mirrored) for quarters, mirrored in settings.symmetries]
