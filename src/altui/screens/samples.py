"""Screen 5: the samples, what of them is labelled, and how well each is predicted."""

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.widgets import DataTable

from altui.actions import Context, bindings
from altui.poller import Snapshot
from altui.rounds.samples import SampleFigures
from altui.screens.ask import Ask, number
from altui.screens.looking import LookingScreen
from altui.screens.pictures import Wish
from altui.screens.proposals import FAR, model_of
from altui.screens.sample_words import COLUMNS, about, row
from altui.screens.slice_pane import SlicePane
from altui.screens.table import RecordTable
from altui.slices import SliceId
from altui.text import plain
from altui.widgets.titled import TitledScroll
from altui.widgets.told import Told

PATIENCE = 0.15  # seconds on a sample before its masks are read

Counted = tuple[str, tuple[int, ...]]
"""A sample and its labels."""


class SamplesScreen(LookingScreen):
    SCREEN_NAME = "samples"
    CSS_PATH = "samples.tcss"
    BINDINGS = bindings("samples")

    def __init__(self) -> None:
        super().__init__()
        self._pixels: dict[Counted, tuple[int, ...]] = {}  # by class, of accepted masks
        self._at: dict[str, int] = {}  # the slice looked at of each sample

    def body(self) -> ComposeResult:
        names = self.altui.project.config.classes.names
        with Horizontal():
            with Vertical(id="left"):
                with Vertical(classes="panel", id="list") as listed:
                    listed.border_title = "Samples"
                    yield RecordTable(COLUMNS, cell_padding=0)
                with TitledScroll(classes="panel", id="about"):
                    yield Told()
            yield SlicePane(names)

    def shown_of(self, snapshot: Snapshot) -> object:
        return snapshot.samples, model_of(snapshot)

    def show(self, snapshot: Snapshot) -> None:
        self.query_one(RecordTable).show([row(one) for one in snapshot.samples])
        self._show_sample()

    def context(self, snapshot: Snapshot) -> Context:
        return self.looking_context(snapshot, can_step=self._sample is not None)

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
        panel = self.query_one("#about", TitledScroll)
        panel.entitle(plain(one.name))
        names = self.altui.project.config.classes.names
        pixels = one.pixels or self._pixels.get(counted(one))
        panel.query_one(Told).tell(about(one, names, pixels))
        if pixels is None and one.labelled:
            self.set_timer(PATIENCE, lambda: self._count(one))
        self._look(one)

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
        self.altui.perform(
            lambda: self.altui.project.class_pixels(one.name), done, slow=True, waits="none"
        )

    # Slices

    def _look(self, one: SampleFigures, way: int = 1) -> None:
        """Its slice that was looked at last, with its mask or the newest prediction."""
        at = min(max(self._at.get(one.name, one.slices // 2), 0), one.slices - 1)
        self._at[one.name] = at
        here = self._wish(one, at)
        over = ", mask" if here.label or here.own else ", prediction" if here.model else ""
        ahead = [self._wish(one, z) for z in (at + way, at - way) if 0 <= z < one.slices]
        title = f"{plain(one.name)}:{at}{over}"
        self.pane.show(here, title, f"z {at} of 0–{one.slices - 1}", ahead)
        self.pane.look(self.viewing)

    def _wish(self, one: SampleFigures, at: int) -> Wish:
        slice_id = SliceId(one.name, at)
        if one.split != "train":
            return Wish(slice_id, own=True)
        snapshot = self._snapshot
        labels = dict(snapshot.status.labels) if snapshot else {}
        return Wish(slice_id, model_of(snapshot) if snapshot else None, labels.get(slice_id))

    def _step(self, slices: int) -> None:
        one = self._sample
        if one is not None:
            self._at[one.name] += slices
            self._look(one, 1 if slices > 0 else -1)

    def action_slice_before(self) -> None:
        self._step(-1)

    def action_slice_after(self) -> None:
        self._step(1)

    def action_far_before(self) -> None:
        self._step(-FAR)

    def action_far_after(self) -> None:
        self._step(FAR)

    def action_go_to_slice(self) -> None:
        one = self._sample
        if one is None:
            return

        def answered(text: str | None) -> None:
            at = number(text or "")
            if at is not None:
                self._at[one.name] = at
                self._show_sample()
            elif text:
                self.altui.say(f'"{plain(text)}" is no index: 0 to {one.slices - 1}', "warning")

        question = f"The index of a slice of {plain(one.name)}, 0 to {one.slices - 1}"
        self.app.push_screen(Ask("Go to a slice", question, "go"), answered)


def counted(one: SampleFigures) -> Counted:
    return one.name, one.label_ids
