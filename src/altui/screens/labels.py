"""Screen 3: the masks that came back, those in doubt, and those still missing."""

from collections.abc import Sequence
from dataclasses import replace

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import DataTable

from altui.actions import Context, bindings
from altui.labels.checks.remark import Remark
from altui.labels.overview import SliceLabels, matching
from altui.poller import Snapshot
from altui.screens.ask import Ask
from altui.screens.confirm import Confirm
from altui.screens.label_words import COLUMNS, Mask, about, counts, masks_of, row
from altui.screens.looking import LookingScreen
from altui.screens.pictures import Wish
from altui.screens.proposals import model_of
from altui.screens.slice_pane import SlicePane
from altui.screens.table import RecordTable
from altui.slices import SliceId
from altui.text import plain
from altui.widgets.told import Told

PATIENCE = 0.15  # seconds on a slice before what its checks said is read


class LabelsScreen(LookingScreen):
    SCREEN_NAME = "labels"
    CSS_PATH = "labels.tcss"
    BINDINGS = bindings("labels")

    def __init__(self) -> None:
        super().__init__()
        self._all = False  # rather than the round's slices, and those in doubt
        self._filter = ""  # words that are looked for, among all labelled slices
        self._slice: SliceId | None = None  # under the cursor
        self._back = 0  # masks back from its newest one
        self._differs = False
        self._checks: dict[int, tuple[Remark, ...]] = {}  # of current revisions, by id
        self._told: set[int] = set()  # masks in doubt that were looked at, by number

    def body(self) -> ComposeResult:
        names = self.altui.project.config.classes.names
        with Horizontal():
            with Vertical(id="left"):
                with Vertical(classes="panel", id="list"):
                    yield RecordTable(COLUMNS, cell_padding=0)
                with VerticalScroll(classes="panel", id="about") as about_it:
                    about_it.border_title = "Mask"
                    yield Told()
            yield SlicePane(names)

    def shown_of(self, snapshot: Snapshot) -> object:
        return snapshot.labels, snapshot.status.round, model_of(snapshot)

    def show(self, snapshot: Snapshot) -> None:
        shown = self._shown(snapshot)
        panel = self.query_one("#list")
        panel.border_title = Content(self._what(snapshot))
        panel.border_subtitle = Content(counts(shown))
        self.query_one(RecordTable).show([row(one) for one in shown])
        self._look()

    def on_screen_resume(self) -> None:
        super().on_screen_resume()
        here, waiting = self._labels, self._waiting()
        if here is None or here.doubt is None:
            new = (one for one in waiting if one.doubt and one.doubt.number not in self._told)
            self._go_to(next(new, None))

    def _waiting(self) -> Sequence[SliceLabels]:
        """Those listed whose mask is in doubt: first the ones after the cursor."""
        shown = self._shown(self._snapshot) if self._snapshot is not None else ()
        here = self.query_one(RecordTable).cursor_row
        return [one for one in (*shown[here + 1 :], *shown[:here]) if one.doubt is not None]

    def _go_to(self, one: SliceLabels | None) -> None:
        if one is not None:
            self.query_one(RecordTable).select(str(one.slice))

    def _go_on(self) -> None:
        """The cursor to the next mask in doubt; it stays where that was the last."""
        self._go_to(next(iter(self._waiting()), None))

    def _shown(self, snapshot: Snapshot) -> Sequence[SliceLabels]:
        if self._filter:
            return matching(snapshot.labels, self._filter)
        return [one for one in snapshot.labels if self._all or one.asked or one.doubt]

    def _what(self, snapshot: Snapshot) -> str:
        """What the list holds."""
        if self._filter:
            return f'"{plain(self._filter)}"'
        return "All labelled slices" if self._all else f"Round {snapshot.status.round}"

    def context(self, snapshot: Snapshot) -> Context:
        mask = self._mask
        revision = mask.revision.label.id if mask and mask.revision else None
        return self.looking_context(snapshot, labels=self._labels, revision=revision)

    @property
    def _labels(self) -> SliceLabels | None:
        """What there is of the slice under the cursor."""
        key = self.query_one(RecordTable).selected
        if key is None or self._snapshot is None:
            return None
        slice_id = SliceId.parse(key)
        return next((one for one in self._snapshot.labels if one.slice == slice_id), None)

    @property
    def _mask(self) -> Mask | None:
        """The mask that is looked at."""
        masks = masks_of(self._labels)
        return masks[min(self._back, len(masks) - 1)] if masks else None

    def on_data_table_row_highlighted(self, event: DataTable.RowHighlighted) -> None:
        self._look()
        self.keys_changed()

    def on_slice_pane_shown(self, message: SlicePane.Shown) -> None:
        if self._labels is not None:
            self._tell(self._labels, self._mask)

    # Looking

    def _look(self) -> None:
        one, snapshot = self._labels, self._snapshot
        if one is None or snapshot is None:
            self._slice = None
            none = "no slice is like that" if self._filter else "no slice is approved yet"
            labelled = len(snapshot.labels) if snapshot else 0
            further = (
                f"; {self.altui.key_of('all_labels')} lists all {labelled:,} labelled ones"
                if labelled
                else ""
            )
            self.query_one("#about Told", Told).tell(none + further * (not self._filter))
            self.pane.show_nothing("Slice", none if self._filter else "no mask is awaited yet")
            return
        if self._slice != one.slice:
            self._slice, self._back = one.slice, 0
        if one.doubt is not None:
            self._told.add(one.doubt.number)
        mask = self._mask
        label = mask.revision.label.id if mask and mask.revision else None
        doubt = mask.doubt.number if mask and mask.doubt else None
        self.pane.show(
            Wish(one.slice, model_of(snapshot), label, doubt, differs=self._differs),
            f"{one.slice}, {mask.said if mask else 'no mask yet: the prediction'}",
            f"z {one.slice.index} of 0–{max(snapshot.slices_of(one.slice.sample) - 1, 0)}",
        )
        self._tell(one, mask)
        look = replace(self.viewing.look, heat=self.viewing.look.heat or self._differs)
        self.pane.look(replace(self.viewing, look=look))

    def _tell(self, one: SliceLabels, mask: Mask | None) -> None:
        picture, names = self.pane.picture, self.altui.project.config.classes.names
        shares = picture.shares if picture else {}
        told = about(one, mask, self._remarks(one, mask), shares, names)
        self.query_one("#about Told", Told).tell(told)

    def _remarks(self, one: SliceLabels, mask: Mask | None) -> tuple[Remark, ...]:
        """What the checks said of the mask; of a current label, once that has been read."""
        if mask is None or mask.revision is None:
            return mask.doubt.remarks if mask and mask.doubt else ()
        label = mask.revision.label.id
        if mask.revision.current and label not in self._checks:
            self.set_timer(PATIENCE, lambda: self._read_checks(one.slice, label))
        return self._checks.get(label, ())

    def _read_checks(self, slice_id: SliceId, label: int) -> None:
        if self._slice != slice_id or label in self._checks:
            return

        def done(remarks: tuple[Remark, ...]) -> None:
            self._checks[label] = remarks
            if self.is_ready and remarks:
                self._look()

        self._checks[label] = ()  # is being read
        self.altui.perform(lambda: self.altui.project.label_checks(slice_id), done, slow=True)

    def action_differences(self) -> None:
        self._differs = not self._differs
        self._look()
        self.keys_changed()

    def action_older(self) -> None:
        self._step(1)

    def action_newer(self) -> None:
        self._step(-1)

    def _step(self, back: int) -> None:
        self._back = min(max(self._back + back, 0), max(len(masks_of(self._labels)) - 1, 0))
        self._look()
        self.keys_changed()

    def action_all_labels(self) -> None:
        self._all, self._filter = not (self._all or self._filter), ""
        self._list_anew()

    def action_filter_labels(self) -> None:
        def answered(text: str | None) -> None:
            if text is not None:
                self._filter = text
                self._list_anew()

        question = "Words of slice, annotator, state, tool or file (or none: as before)"
        ask = Ask("Filter the labels", question, "look", self._filter)
        self.app.push_screen(ask, answered)

    def _list_anew(self) -> None:
        if self._snapshot is not None:
            self.show(self._snapshot)
            self.keys_changed()

    # Deciding

    def action_accept_mask(self) -> None:
        one = self._labels
        if one is not None and one.doubt is not None:
            doubt = one.doubt
            self._go_on()
            self.altui.perform(
                lambda: self.altui.project.accept_quarantined(doubt),
                lambda found: self.altui.say(f"the mask of {one.slice} was taken in"),
            )

    def action_refuse_mask(self) -> None:
        one = self._labels
        if one is None or one.doubt is None:
            return
        doubt = one.doubt

        def answered(reason: str | None) -> None:
            if reason is not None:
                self._go_on()
                self.altui.perform(
                    lambda: self.altui.project.refuse_quarantined(doubt, reason=reason),
                    lambda found: self.altui.say(f"the mask of {one.slice} was refused"),
                )

        question = "Why, in a few words for its annotator (or nothing)"
        self.app.push_screen(Ask(f"Refuse the mask of {one.slice}", question, "refuse"), answered)

    def action_restore(self) -> None:
        one, mask = self._labels, self._mask
        if one is None or mask is None or mask.revision is None:
            return
        number = mask.revision.number

        def answered(yes: bool | None) -> None:
            if yes:
                self._back = 0
                self.altui.perform(
                    lambda: self.altui.project.restore_label(one.slice, number),
                    lambda new: self.altui.say(
                        f"revision {number} of {one.slice} is current again, as {new.number}"
                    ),
                )

        question = f"Make revision {number} of {one.slice} current again? The others are kept."
        self.app.push_screen(Confirm(question, "bring it back", "leave it"), answered)
