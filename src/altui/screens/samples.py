"""Screen 5: the samples, what of them is labelled, and how well each is predicted."""

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import DataTable, Static

from altui.actions import bindings
from altui.poller import Snapshot
from altui.report import table
from altui.rounds.samples import SampleFigures
from altui.screens import words
from altui.screens.base import AltuiScreen
from altui.screens.table import RecordTable, Row, cell
from altui.text import count, plain
from altui.widgets.grid import shortened

# A space before each, since the list has no room for padding on both sides.
COLUMNS = (
    cell("sample"),
    cell(" split"),
    cell(" slices", right=True),
    cell(" labelled", right=True),
    cell(" mIoU", right=True),
)
SPLITS = {"train": "train", "validation": "valid.", "test": "test"}
NAME = 14  # cells of a sample's name, or a class's
PATIENCE = 0.15  # seconds on a sample before its masks are read

Counted = tuple[str, tuple[int, ...]]
"""A sample and its labels."""


class SamplesScreen(AltuiScreen):
    SCREEN_NAME = "samples"
    CSS_PATH = "samples.tcss"
    BINDINGS = bindings("samples")

    def __init__(self) -> None:
        super().__init__()
        self._pixels: dict[Counted, tuple[int, ...]] = {}  # by class, of accepted masks

    def body(self) -> ComposeResult:
        with Horizontal(), Vertical(id="left"):
            with Vertical(classes="panel", id="list") as listed:
                listed.border_title = "Samples"
                yield RecordTable(COLUMNS, cell_padding=0)
            with VerticalScroll(classes="panel", id="about"):
                yield Static(markup=False)

    def shown_of(self, snapshot: Snapshot) -> object:
        return snapshot.samples

    def show(self, snapshot: Snapshot) -> None:
        self.query_one(RecordTable).show([row(one) for one in snapshot.samples])
        self._show_sample()

    @property
    def _sample(self) -> SampleFigures | None:
        """The sample under the cursor."""
        key = self.query_one(RecordTable).selected
        samples = self._snapshot.samples if self._snapshot else ()
        return next((one for one in samples if one.name == key), None)

    def on_data_table_row_highlighted(self, event: DataTable.RowHighlighted) -> None:
        self._show_sample()
        self.keys_changed()

    def _show_sample(self) -> None:
        one = self._sample
        if one is None:
            return
        panel = self.query_one("#about")
        panel.border_title = Content(plain(one.name))
        names = self.altui.project.config.classes.names
        pixels = one.pixels or self._pixels.get(counted(one))
        panel.query_one(Static).update(about(one, names, pixels))
        if pixels is None and one.labelled:
            self.set_timer(PATIENCE, lambda: self._count(one))

    def _count(self, one: SampleFigures) -> None:
        """Read the masks of a sample that is still looked at."""
        here = self._sample
        if here is None or counted(here) != counted(one) or counted(one) in self._pixels:
            return

        def done(pixels: tuple[int, ...]) -> None:
            self._pixels[counted(one)] = pixels
            if self.is_ready:
                self._show_sample()

        self._pixels[counted(one)] = ()  # is being read
        self.altui.perform(lambda: self.altui.project.class_pixels(one.name), done, slow=True)


def counted(one: SampleFigures) -> Counted:
    return one.name, one.label_ids


def row(one: SampleFigures) -> Row:
    labelled = f"{one.labelled} {words.share(one.labelled, one.slices)}"
    return one.name, (
        cell(shortened(plain(one.name), NAME)),
        cell(f" {SPLITS[one.split]}"),
        cell(f" {one.slices}", right=True),
        cell(f" {labelled if one.split == 'train' else words.NONE}", right=True),
        cell(f" {words.ratio(one.newest.miou if one.newest else None)}", right=True),
    )


def about(one: SampleFigures, names: tuple[str, ...], pixels: tuple[int, ...] | None) -> Content:
    """Size, how often each class occurs, and IoU by round."""
    lines = [
        f"{one.split}, {count(one.slices, 'slice')} of {one.width} × {one.height}, {one.dtype}",
    ]
    if one.split == "train":
        lines.append(
            f"{count(one.labelled, 'slice')} labelled, {words.share(one.labelled, one.slices)}"
        )
    lines += ["", *fractions(one, names, pixels), "", *by_round(one, names)]
    return Content("\n".join(lines).rstrip())


def fractions(
    one: SampleFigures, names: tuple[str, ...], pixels: tuple[int, ...] | None
) -> list[str]:
    """A class a line, with its share of the masks' pixels."""
    if one.split == "train" and not one.labelled:
        return ["no class is known before a slice is labelled"]
    if pixels is None and one.split != "train":
        return ["its masks are counted when a round is evaluated"]
    if not pixels:
        return ["reading its masks…"]
    whole = max(sum(pixels), 1)
    return [
        f"{shortened(plain(name), NAME):{NAME}} {words.share(number, whole):>7} "
        f"{words.bar(number / whole, 10)}"
        for name, number in zip(names, pixels, strict=False)
    ]


def by_round(one: SampleFigures, names: tuple[str, ...]) -> list[str]:
    """mIoU and IoU by class of each round, the newest first."""
    if not one.rounds:
        return ["networks are not measured on training samples"] * (one.split == "train")
    header = ("round", "mIoU", *(shortened(plain(name), 5) for name in names))
    rows = [
        (str(each.round), words.ratio(each.miou), *map(words.ratio, each.class_iou))
        for each in reversed(one.rounds)
    ]
    return table(header, rows, "r" * len(header)).split("\n")
