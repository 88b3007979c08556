"""Before there is a project: what was found in the folder, and what altui.toml will say of it."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

from textual.app import ComposeResult
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import DataTable

from altui.actions import Action, Context, bindings
from altui.actions.everywhere import APP
from altui.actions.wizard import LOOK_AGAIN, WIZARD
from altui.config import CONFIG_NAME
from altui.pretrained import is_file_name, to_be_fetched
from altui.screens.ask import Ask, number
from altui.screens.base import AltuiScreen
from altui.screens.frame import StatusLine, TitleBar
from altui.screens.preview import Preview
from altui.screens.table import RecordTable, Row, cell
from altui.setup.init import faults, is_to_be_set_up, passed_over, write_checked
from altui.setup.plan import SPLITS, Plan, Planned, make_plan
from altui.setup.template import compose
from altui.text import count, plain
from altui.widgets.told import Told

COLUMNS = (
    *(cell("sample"), cell("split"), cell("slices", right=True), cell("size"), cell("masks")),
    cell("images"),
)
NOTHING = """\
There is nothing here to label yet. Put in

· a stack for each sample: a multi-page TIFF, or a folder of TIFF or PNG slices; a link to
where they lie will do

· masks for the samples to validate and to test with, named like their images and of their
size: samples/screw01.tif and masks/screw01.tif, say

and press {key} to look again."""


class WizardScreen(AltuiScreen):
    SCREEN_NAME = "wizard"
    CSS_PATH = "wizard.tcss"
    BINDINGS = bindings("wizard")

    def __init__(self) -> None:
        super().__init__()
        self._plan: Plan | None = None  # until the folder has been looked through
        self._faults: list[str] = []

    def body(self) -> ComposeResult:
        with Vertical(classes="panel", id="list") as panel:
            panel.border_title = "Samples"
            yield RecordTable(COLUMNS)
            yield Told(id="nothing")
        with VerticalScroll(classes="panel", id="about") as about_it:
            about_it.border_title = CONFIG_NAME
            yield Told()

    def can(self, action: Action, context: Context | None) -> bool:
        """Without samples there is nothing to change."""
        if action in WIZARD and action is not LOOK_AGAIN:
            return self._plan is not None and bool(self._plan.samples)
        return action in WIZARD or action in APP

    def on_mount(self) -> None:
        self.query_one(TitleBar).show(f"Set up {self._root.absolute().name}", "")
        self.action_look_again()

    @property
    def _root(self) -> Path:
        return self.altui.folder

    @property
    def _selected(self) -> int | None:
        """The place of the sample under the cursor."""
        key = self.query_one(RecordTable).selected
        return int(key) if key is not None else None

    def on_data_table_row_highlighted(self, event: DataTable.RowHighlighted) -> None:
        self._tell()

    # Looking

    def action_look_again(self) -> None:
        self.query_one(StatusLine).tell("looking for stacks…")
        self.altui.perform(self._look, self._found, slow=True, waits="none")

    def _look(self) -> Plan | None:
        """None where someone else has set the folder up."""
        return make_plan(self._root) if is_to_be_set_up(self._root) else None

    def _found(self, plan: Plan | None) -> None:
        if plan is None:
            self._open()
        else:
            self._show(self._plan.looked_again(plan) if self._plan else plan)

    def _show(self, plan: Plan) -> None:
        self._plan, self._faults = plan, faults(self._root, plan)
        self.set_class(not plan.samples, "-nothing")
        notes = "\n".join(["", "", *passed_over(plan)]) if passed_over(plan) else ""
        key = self.altui.key_of("look_again")
        self.query_one("#nothing", Told).tell(unwrapped(NOTHING.format(key=key)) + notes)
        self.query_one(RecordTable).show([row(*one) for one in enumerate(plan.samples)])
        splits = [f"{len(plan.split(split))} {split}" for split in SPLITS]
        self.query_one("#list").border_subtitle = ", ".join(splits) * bool(plan.samples)
        self._tell()
        self.keys_changed()

    def _tell(self) -> None:
        plan = self._plan
        if plan is None:
            return
        here = plan.samples[self._selected] if self._selected is not None else None
        self.query_one("#about Told", Told).tell(about(plan, here, self._root))
        self.query_one(StatusLine).tell(
            standing(plan, self._faults, self.altui.key_of("write_config"))
        )

    # Changing

    def _change(self, change: Callable[[Plan, int], Plan]) -> None:
        if self._plan is not None and self._selected is not None:
            self._show(change(self._plan, self._selected))

    def action_next_split(self) -> None:
        self._change(Plan.next_split)

    def action_leave_out(self) -> None:
        self._change(Plan.leave_out)

    def action_next_mask(self) -> None:
        self._change(Plan.next_mask)

    def action_rename(self) -> None:
        plan, number = self._plan, self._selected
        if plan is not None and number is not None:
            name = plan.samples[number].name
            self._ask(
                f"Name {plain(name)}",
                "A sample's name: letters, digits, _ - and .",
                name,
                lambda plan, name: plan.rename(number, name),
            )

    def action_name_project(self) -> None:
        if self._plan is not None:
            self._ask(
                "The project's name", "What is it about?", self._plan.title, partial(given, "title")
            )

    def action_name_classes(self) -> None:
        if self._plan is not None:
            holds = self._plan.shares
            self._ask(
                "Name the classes",
                "In the order of their values in the masks, from 0; commas between them"
                + (f". The masks hold {holds}" if holds else ""),
                ", ".join(self._plan.class_names),
                lambda plan, names: replace(plan, classes=split_names(names)),
            )

    def action_set_budget(self) -> None:
        if self._plan is not None:
            self._ask("Budget", "How many slices a round?", str(self._plan.budget), self._budget)

    def _budget(self, plan: Plan, text: str) -> Plan:
        budget = number(text)
        if budget is None:
            self.altui.say(f'"{plain(text)}" is no number of slices', "warning")
            return plan
        return replace(plan, budget=budget)

    def action_first_slices(self) -> None:
        if self._plan is not None:
            self._show(self._plan.next_initial())

    def action_set_weights(self) -> None:
        if self._plan is not None:
            self._ask(
                "Encoder weights",
                "imagenet (fetched from huggingface.co, once), the path of a weight file, or none: "
                "random ones, which take more labels and longer training",
                self._plan.weights,
                partial(given, "weights"),
            )

    def _ask(
        self, title: str, question: str, now: str, change: Callable[[Plan, str], Plan]
    ) -> None:
        def answered(text: str | None) -> None:
            if text and self._plan is not None:
                self._show(change(self._plan, text))

        self.app.push_screen(Ask(title, question, "take it", now), answered)

    # Writing

    def action_write_config(self) -> None:
        if self._plan is None:
            return
        text = compose(self._plan)

        def answered(yes: bool | None) -> None:
            if yes:
                self.altui.perform(
                    lambda: write_checked(self._root, text), lambda path: self._open()
                )

        self.app.push_screen(Preview(self._root / CONFIG_NAME, text, self._faults), answered)

    def _open(self) -> None:
        self.query_one(StatusLine).tell("opening the project…")
        self.altui.begin()


def unwrapped(text: str) -> str:
    """Paragraphs of one line each, which the screen wraps at its own width."""
    return "\n\n".join(" ".join(part.split("\n")) for part in text.split("\n\n"))


def given(field: str, plan: Plan, text: str) -> Plan:
    return replace(plan, **{field: text})  # type: ignore[arg-type]


def split_names(text: str) -> tuple[str, ...]:
    return tuple(name for part in text.split(",") if (name := part.strip()))


def row(number: int, sample: Planned) -> Row:
    image, style = sample.image, "" if sample.split else "dim"
    texts = (
        cell(plain(sample.name), style=style),
        cell(sample.split or "left out", style=style),
        cell(str(image.slices), right=True, style=style),
        cell(f"{image.width} × {image.height}", style=style),
        cell(plain(sample.mask.path) if sample.mask else "–", style=style),
        cell(plain(image.path), style=style),
    )
    return str(number), texts


def about(plan: Plan, here: Planned | None, root: Path) -> Content:
    """What the file will say beside the samples; `here`: the one under the cursor."""
    classes = ", ".join(f"{number} {name}" for number, name in enumerate(plan.class_names))
    if plan.classes:
        source = ""
    elif plan.shares:
        holders = "the masks" if plan.shares.every else "some slices"
        source = f" ({holders} hold so many: name them)"
    else:
        source = " (an example: name your own)"
    lines = [
        ("project", plan.title),
        ("classes", classes + source),
        ("budget", f"{count(plan.budget, 'slice')} a round"),
        ("round 1", plan.first_round),
        ("network", f"{plan.model.encoder} from {starts_from(plan, root)}"),
    ]
    if here is not None:
        masks = f"masks {plain(here.mask.path)}" if here.mask else "no masks"
        lines.insert(0, ("sample", f"{here.name}: images {here.image.path}, {masks}"))
    told = [Content.assemble((f"{what:<8}", "$text-muted"), plain(text)) for what, text in lines]
    told += [Content(f"· {plain(note)}") for note in passed_over(plan)]
    return Content("\n").join(told)


def starts_from(plan: Plan, root: Path) -> str:
    """'imagenet weights, which the first run has to fetch'."""
    if plan.weights == "none":
        return "random weights"
    if is_file_name(plan.weights):
        return f"the weights in {plan.weights}"
    fetched = ", which the first run has to fetch" if to_be_fetched(plan.model, root) else ""
    return f"{plan.weights} weights{fetched}"


def standing(plan: Plan, faults: list[str], key: str) -> Content:
    """What is missing, or how to go on."""
    if not plan.samples:
        return Content.assemble(("No stack was found: ", "bold"), "put the images in first")
    if faults:
        more = f" (and {count(len(faults) - 1, 'fault')} more)" if len(faults) > 1 else ""
        return Content.assemble(("Not complete yet: ", "bold"), plain(faults[0]) + more)
    found = f"{count(len(plan.taken), 'sample')}, not a project yet: "
    return Content.assemble((found, "bold"), f"press {key} to see {CONFIG_NAME} and write it")
