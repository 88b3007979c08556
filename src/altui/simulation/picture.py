"""The learning curves of a simulation as a PNG, drawn with Pillow alone."""

import io
import math
from collections.abc import Iterator, Sequence

from PIL import Image, ImageDraw, ImageFont

from altui.simulation.records import Rows
from altui.simulation.summary import StrategySummary, Summary, summarise

WIDTH, HEIGHT = 960, 600
FINE = 4  # drawn so many times larger and shrunk, which smooths the edges
LEFT, RIGHT, TOP, BOTTOM = 76, 24, 24, 60  # margins of the plot, in pixels
# The hues of Okabe and Ito, which stay apart in the common kinds of colour blindness.
COLOURS = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#000000", "#b8a800")
INK, QUIET, PAPER = "#333333", "#dddddd", "#ffffff"
EMPTY = "no round is finished yet"

Point = tuple[float, float]


def draw(rows: Rows) -> bytes:
    """A PNG: mean mIoU over labelled slices, one standard deviation of the seeds shaded."""
    sheet = _Sheet(summarise(rows))
    sheet.draw()
    picture = sheet.image.resize((WIDTH, HEIGHT), Image.Resampling.LANCZOS)
    file = io.BytesIO()
    picture.save(file, "PNG", optimize=True)
    return file.getvalue()


def ticks(low: float, high: float, most: int) -> list[float]:
    """At most about `most` round numbers from low to high: steps of 1, 2 or 5 × 10ⁿ."""
    if high <= low:
        return [low]
    raw = (high - low) / max(most, 1)
    unit = 10.0 ** math.floor(math.log10(raw))
    step = next(factor * unit for factor in (1, 2, 5, 10) if factor * unit >= raw * (1 - 1e-9))
    first = math.ceil(low / step - 1e-9)
    last = math.floor(high / step + 1e-9)
    return [number * step for number in range(first, last + 1)]


class _Sheet:
    """The drawing under way; coordinates are of the finished picture until `_dot`."""

    def __init__(self, summary: Summary) -> None:
        self.summary = summary
        self.image = Image.new("RGB", (WIDTH * FINE, HEIGHT * FINE), PAPER)
        self.pen = ImageDraw.Draw(self.image)
        self.font = ImageFont.load_default(15 * FINE)
        self.curves = [one for one in summary.strategies if one.rounds]
        xs = [point.labelled for one in self.curves for point in one.rounds]
        ys = [height for one in self.curves for height in _heights(one)]
        if summary.full is not None:
            ys.append(summary.full.mean)
        room = max((max(ys, default=1) - min(ys, default=0)) * 0.05, 0.005)
        self.x = (min(xs, default=0), max(xs, default=1))
        self.y = (min(ys, default=0) - room, max(ys, default=1) + room)

    def draw(self) -> None:
        self._axes()
        if not self.curves:
            self._text(WIDTH / 2, HEIGHT / 2, EMPTY, "mm")
            return
        for colour, one in zip(self._colours(), self.curves, strict=False):
            self._band(one, colour)
        if self.summary.full is not None:
            self._full(self.summary.full.mean)
        for colour, one in zip(self._colours(), self.curves, strict=False):
            points = [(point.labelled, point.miou.mean) for point in one.rounds]
            self._line(points, colour, 2.5)
            for point in points:
                self._disc(*self._place(point), 4, colour)
        self._legend()

    def _colours(self) -> Iterator[str]:
        while True:
            yield from COLOURS

    def _axes(self) -> None:
        base, right = HEIGHT - BOTTOM, WIDTH - RIGHT
        for value in ticks(*self.y, 8):
            _, y = self._place((self.x[0], value))
            self._stroke([(LEFT, y), (right, y)], QUIET, 1)
            self._text(LEFT - 8, y, f"{value:.3g}", "rm")
        for value in filter(float.is_integer, ticks(*self.x, 10)):  # there are no half slices
            x, _ = self._place((value, self.y[0]))
            self._stroke([(x, base), (x, base + 5)], INK, 1)
            self._text(x, base + 9, f"{value:.0f}", "mt")
        self._stroke([(LEFT, TOP), (LEFT, base), (right, base)], INK, 1)
        self._text((LEFT + right) / 2, HEIGHT - 10, "labelled slices", "mb")
        self._text(8, 4, f"mIoU, {self.summary.split}", "lt")

    def _band(self, one: StrategySummary, colour: str) -> None:
        above = [(p.labelled, p.miou.mean + (p.miou.sd or 0)) for p in one.rounds]
        below = [(p.labelled, p.miou.mean - (p.miou.sd or 0)) for p in one.rounds]
        if len(one.rounds) < 2 or above == below:
            return
        mask = Image.new("L", self.image.size, 0)
        outline = [self._dot(self._place(point)) for point in above + below[::-1]]
        ImageDraw.Draw(mask).polygon(outline, fill=40)
        self.image.paste(Image.new("RGB", self.image.size, colour), mask=mask)

    def _full(self, value: float) -> None:
        _, y = self._place((self.x[0], value))
        for start in range(LEFT, WIDTH - RIGHT, 12):
            self._stroke([(start, y), (min(start + 7, WIDTH - RIGHT), y)], INK, 1.5)
        self._text(LEFT + 8, y - 4, f"every slice labelled: {value:.3f}", "lb")

    def _legend(self) -> None:
        row = HEIGHT - BOTTOM - 16 - 22 * (len(self.curves) - 1)
        for colour, one in zip(self._colours(), self.curves, strict=False):
            last = one.rounds[-1].miou
            spread = f" ± {last.sd:.3f}" if last.sd is not None else ""
            seeds = f", n = {last.n}"
            self._disc(WIDTH - RIGHT - 330, row, 5, colour)
            self._text(
                WIDTH - RIGHT - 318, row, f"{one.strategy}: {last.mean:.3f}{spread}{seeds}", "lm"
            )
            row += 22

    def _place(self, point: Point) -> Point:
        """Pixels of the picture for (labelled, mIoU)."""
        across = (point[0] - self.x[0]) / max(self.x[1] - self.x[0], 1e-9)
        up = (point[1] - self.y[0]) / max(self.y[1] - self.y[0], 1e-9)
        return (
            LEFT + across * (WIDTH - LEFT - RIGHT),
            HEIGHT - BOTTOM - up * (HEIGHT - TOP - BOTTOM),
        )

    def _dot(self, point: Point) -> Point:
        return point[0] * FINE, point[1] * FINE

    def _line(self, points: Sequence[Point], colour: str, width: float) -> None:
        self._stroke([self._place(point) for point in points], colour, width)

    def _stroke(self, points: Sequence[Point], colour: str, width: float) -> None:
        self.pen.line(
            [self._dot(point) for point in points], colour, round(width * FINE), joint="curve"
        )

    def _disc(self, x: float, y: float, radius: float, colour: str) -> None:
        (x, y), r = self._dot((x, y)), radius * FINE
        self.pen.ellipse((x - r, y - r, x + r, y + r), fill=colour)

    def _text(self, x: float, y: float, text: str, anchor: str) -> None:
        self.pen.text(self._dot((x, y)), text, fill=INK, font=self.font, anchor=anchor)


def _heights(one: StrategySummary) -> Iterator[float]:
    for point in one.rounds:
        for sign in (-1, 0, 1):
            yield point.miou.mean + sign * (point.miou.sd or 0.0)
