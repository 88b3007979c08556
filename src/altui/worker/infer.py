"""What the network makes of whole slices, in overlapping tiles where they are large."""

import torch

from altui.errors import AltuiError
from altui.worker.committee import Assess, Assessment, ensemble, polled
from altui.worker.compute import Compute
from altui.worker.failures import out_of_memory
from altui.worker.log import say
from altui.worker.network import Network
from altui.worker.normalise import FloatArray

# Pixels of small slices that go through the network together. On a CPU more of them
# leave its caches and get slower; a GPU wants many.
CPU_PIXELS, GPU_PIXELS = 2**17, 2**22
MOST_SLICES = 32


class Predictor:
    """Predicts with a trained network, or with the committee that `assess` asks.

    `tile`: the longest side taken whole, in pixels.
    """

    def __init__(
        self, network: Network, compute: Compute, tile: int, assess: Assess | None = None
    ) -> None:
        self.network = network.eval()
        self.compute = compute
        self._assess = assess or polled(ensemble([network]), compute)
        self.tile = network.padded_side(tile)
        self._together = MOST_SLICES

    def batch_size(self, height: int, width: int) -> int:
        """How many slices of a sample to pass at once."""
        pixels = GPU_PIXELS if self.compute.on_gpu else CPU_PIXELS
        return max(1, min(MOST_SLICES, pixels // (height * width)))

    def stage(self, images: FloatArray) -> torch.Tensor:
        """Images ready for `probabilities`; for the thread that reads ahead."""
        return self.compute.staged(torch.from_numpy(images))

    def probabilities(self, images: torch.Tensor) -> torch.Tensor:
        """(n, c, h, w) normalised images to (n, classes, h, w) float32 on the device.

        Raises AltuiError where the memory does not suffice.
        """
        return self.assess(images).probabilities

    @torch.inference_mode()
    def assess(self, images: torch.Tensor) -> Assessment:
        """Of (n, c, h, w) normalised images.

        Where memory does not suffice, fewer slices go together, then tiles, then ever
        smaller tiles, from then on. Raises AltuiError when the smallest do not fit.
        """
        while True:
            try:
                return _joined([self._pass(part) for part in torch.split(images, self._together)])
            except Exception as error:
                if not out_of_memory(error):
                    raise
            # Outside the handler, whose traceback keeps the failed tensors alive.
            if self.compute.on_gpu:
                torch.cuda.empty_cache()
            self._take_less(min(self._together, len(images)), max(images.shape[-2:]))

    def _pass(self, images: torch.Tensor) -> Assessment:
        images = self.compute.tensor(images)
        if max(images.shape[-2:]) <= self.tile:
            return self._assess(images)
        return _joined([self._tiled(image[None]) for image in images])

    def _tiled(self, image: torch.Tensor) -> Assessment:
        """Of (1, c, h, w): tiles fade into one another where they overlap."""
        height, width = image.shape[-2:]
        image = self.network.pad(image)
        sides = image.shape[-2:]
        probabilities = torch.zeros((1, self.network.classes, *sides), device=image.device)
        disagreement = torch.zeros((1, *sides), device=image.device)
        embedding: torch.Tensor | float = 0.0
        rows, columns = (tile_axis(length, self.tile, self.network.alignment) for length in sides)
        for top, down in rows:
            for left, across in columns:
                window = (slice(top, top + len(down)), slice(left, left + len(across)))
                share = torch.outer(down, across)
                part, whole = self._assess(image[..., *window]), share.sum() / sides.numel()
                share = share.to(image.device)
                probabilities[..., *window] += part.probabilities * share
                embedding = embedding + part.embedding * float(whole)
                if part.disagreement is not None:
                    disagreement[..., *window] += part.disagreement * share
        assert isinstance(embedding, torch.Tensor)
        return Assessment(
            probabilities[..., :height, :width],
            None if part.disagreement is None else disagreement[..., :height, :width],
            embedding,
        )

    def _take_less(self, together: int, side: int) -> None:
        """After a pass of `together` slices of `side` pixels did not fit."""
        if together > 1:
            self._together = together // 2
            return
        smaller = self.network.padded_side(min(self.tile, side) // 2)
        if smaller >= self.tile:
            raise AltuiError(
                f"the memory does not suffice for a tile of {self.tile} × {self.tile} pixels",
                "choose a smaller encoder, or a machine with more memory",
            )
        say(f"memory is short: slices are now read in tiles of {smaller} × {smaller}")
        self.tile = smaller


def _joined(parts: list[Assessment]) -> Assessment:
    """The assessments of some images and of those after them as one."""
    if len(parts) == 1:
        return parts[0]
    doubts = [part.disagreement for part in parts if part.disagreement is not None]
    return Assessment(
        torch.cat([part.probabilities for part in parts]),
        torch.cat(doubts) if doubts else None,
        torch.cat([part.embedding for part in parts]),
    )


def tile_axis(length: int, tile: int, alignment: int) -> list[tuple[int, torch.Tensor]]:
    """Starts of tiles along one axis, with the share of each of its pixels in the result.

    `length` and `tile` are multiples of `alignment`, and so is every start: the network
    then downsamples the same pixels together as in the whole image. Tiles overlap by a
    quarter or more; the shares rise and fall linearly there and sum to 1 at every pixel.
    """
    if length <= tile:
        return [(0, torch.ones(length))]
    overlap = max(tile // 4 // alignment * alignment, min(alignment, tile - alignment))
    starts = [*range(0, length - tile, max(tile - overlap, alignment)), length - tile]
    position = torch.arange(tile, dtype=torch.float32) + 0.5
    ramp = torch.minimum(position, tile - position)
    shape = (ramp / max(overlap, 1)).clamp(max=1)
    total = torch.zeros(length)
    for start in starts:
        total[start : start + tile] += shape
    return [(start, shape / total[start : start + tile]) for start in starts]
