"""Every action of the app, in one registry: keys, footer, help and palette come from it."""

from collections.abc import Callable
from dataclasses import dataclass

from textual.binding import Binding, BindingType

from altui.jobs.state import JobView
from altui.poller import Snapshot
from altui.rounds.state import RoundState
from altui.store.history import Decision

OPEN: frozenset[RoundState] = frozenset({"proposed", "annotating", "labelled", "failed"})
"""States in which a round's decisions can still change."""


@dataclass(frozen=True)
class Context:
    """What the availability of an action depends on: the project, and what the cursor is on."""

    snapshot: Snapshot
    decision: Decision | None = None
    job: JobView | None = None
    has_prediction: bool = False
    can_step: bool = False

    @property
    def state(self) -> RoundState:
        return self.snapshot.status.state


Rule = Callable[[Context], bool]


@dataclass(frozen=True)
class Action:
    """`name` is Textual's (`action_NAME`); `label` stands in the footer, unless it is empty,
    and `todo` in "press KEY to TODO". `screens`: none means everywhere; `key`: none means that
    it is in the palette only.
    """

    name: str
    key: str
    label: str
    help: str
    screens: tuple[str, ...] = ()
    available: Rule | None = None
    todo: str = ""

    @property
    def target(self) -> str:
        return "screen" if self.screens else "app"

    @property
    def shown_key(self) -> str:
        return SHOWN_KEYS.get(self.key, self.key)


SHOWN_KEYS = {
    "question_mark": "?",
    "comma": ",",
    "full_stop": ".",
    "colon": ":",
    "escape": "Esc",
}


def changing(rule: Rule) -> Rule:
    """`rule`, where the project can be written to at all."""
    return lambda context: context.snapshot.writable and rule(context)


def _can_approve(context: Context) -> bool:
    return _is_open(context) and bool(context.decision and context.decision.state == "proposed")


def _can_reject(context: Context) -> bool:
    decision = context.decision
    return (
        _is_open(context)
        and decision is not None
        and decision.state in ("proposed", "approved")
        and not _labelled(context, decision)
    )


def _labelled(context: Context, decision: Decision) -> bool:
    return decision.state == "approved" and decision.slice not in context.snapshot.status.missing


def _is_open(context: Context) -> bool:
    return context.state in OPEN


def _any_undecided(context: Context) -> bool:
    return _is_open(context) and bool(context.snapshot.status.slate.in_state("proposed"))


def _can_undo(context: Context) -> bool:
    return _is_open(context) and bool(context.snapshot.status.undoable)


def _can_propose(context: Context) -> bool:
    if context.state in ("evaluated", "stopped"):
        return True
    status = context.snapshot.status
    return context.state in ("proposed", "annotating") and len(status.slate.active) < status.wanted


def _can_export(context: Context) -> bool:
    return bool(context.snapshot.status.slate.approved)


def _can_import(context: Context) -> bool:
    status = context.snapshot.status
    return bool(status.slate.active or status.labelled)


def _can_ask_oracle(context: Context) -> bool:
    return context.state == "annotating" and context.snapshot.oracle


def _can_cancel(context: Context) -> bool:
    return context.job is not None and (context.job.active or context.job.state == "lost")


def _can_retry(context: Context) -> bool:
    status, job = context.snapshot.status, context.job
    if job is None or job.state not in ("failed", "lost", "cancelled"):
        return False
    if job.kind == "simulate":
        return not any(other.kind == "simulate" and other.active for other in status.jobs)
    return job.round == status.round and status.state in ("labelled", "failed")


ROUNDS, PROPOSALS, JOBS = ("rounds",), ("proposals",), ("jobs",)

ACTIONS: tuple[Action, ...] = (
    Action("show_rounds", "1", "", "the rounds, their mIoU and whether to stop"),
    Action("show_proposals", "2", "", "the slices put forward, to decide on", todo="see them"),
    Action("show_jobs", "3", "", "background jobs, their progress and logs", todo="watch it"),
    Action(
        "by_class",
        "c",
        "by class",
        "a line for each class in the chart, or for each split",
        ROUNDS,
        lambda context: any(one.finished_at for one in context.snapshot.status.rounds),
    ),
    Action(
        "approve",
        "a",
        "approve",
        "approve this slice, go on to the next open one",
        PROPOSALS,
        changing(_can_approve),
        todo="approve, x to reject",
    ),
    Action(
        "reject",
        "x",
        "reject",
        "reject this slice; the next best takes its place",
        PROPOSALS,
        changing(_can_reject),
    ),
    Action(
        "approve_all",
        "A",
        "all",
        "approve every slice that is still undecided",
        PROPOSALS,
        changing(_any_undecided),
    ),
    Action(
        "undo",
        "u",
        "undo",
        "take back your latest decision in this round",
        PROPOSALS,
        changing(_can_undo),
    ),
    Action(
        "overlay",
        "p",
        "prediction",
        "show or hide the network's prediction",
        PROPOSALS,
        lambda context: context.has_prediction,
    ),
    Action(
        "slice_before",
        "comma",
        "z-",
        "look at the slice before, along z",
        PROPOSALS,
        lambda context: context.can_step,
    ),
    Action(
        "slice_after",
        "full_stop",
        "z+",
        "look at the slice after, along z",
        PROPOSALS,
        lambda context: context.can_step,
    ),
    Action(
        "slice_proposed",
        "z",
        "",
        "back to the proposed slice",
        PROPOSALS,
        lambda context: context.can_step,
    ),
    Action("cancel", "c", "cancel", "stop this job", JOBS, changing(_can_cancel), "cancel it"),
    Action(
        "retry", "t", "try again", "start this job again", JOBS, changing(_can_retry), "try again"
    ),
    Action(
        "propose",
        "n",
        "propose",
        "propose the next slices",
        (),
        changing(_can_propose),
        "propose the next slices",
    ),
    Action(
        "export",
        "e",
        "export",
        "write the approved slices as a bundle for annotators",
        (),
        _can_export,
        "export",
    ),
    Action(
        "import_labels",
        "i",
        "import",
        "check returned masks and take in the good ones",
        (),
        changing(_can_import),
        "import masks",
    ),
    Action(
        "import_from_oracle",
        "O",
        "oracle",
        "take the missing masks from the training samples' own masks (for demonstration)",
        (),
        changing(_can_ask_oracle),
    ),
    Action(
        "run_round",
        "r",
        "run",
        "train on the labels, evaluate, and score the pool",
        (),
        changing(lambda context: context.state in ("labelled", "failed")),
        "run",
    ),
    Action("command_palette", "colon", "", "find an action by name"),
    Action("change_theme", "", "Theme", "choose other colours"),
    Action("help", "question_mark", "help", "every key"),
    Action("quit", "q", "quit", "leave altui; jobs go on"),
)

NEXT: dict[RoundState, tuple[str, ...]] = {
    "proposed": ("show_proposals", "approve", "propose"),
    "annotating": ("export", "import_labels"),
    "labelled": ("run_round",),
    "running": ("show_jobs",),
    "failed": ("show_jobs", "retry", "run_round"),
    "evaluated": ("propose",),
    "stopped": ("propose",),
}
"""The actions that bring a round on from each state."""


def is_valid(action: Action, context: Context | None) -> bool:
    """Whether the action can be done now; without a context, only what needs none."""
    if action.available is None:
        return True
    return context is not None and action.available(context)


def on_screen(screen: str) -> tuple[Action, ...]:
    """The actions of a screen: its own, then those of every screen."""
    own = [action for action in ACTIONS if screen in action.screens]
    return (*own, *(action for action in ACTIONS if not action.screens))


def find(name: str) -> Action | None:
    return next((action for action in ACTIONS if action.name == name), None)


def bindings(screen: str | None = None) -> list[BindingType]:
    """Textual's bindings for one screen's own actions, or for those of every screen."""
    return [
        Binding(action.key, action.name, action.label, show=False, tooltip=action.help)
        for action in ACTIONS
        if action.key and (screen in action.screens if screen else not action.screens)
    ]


def next_steps(screen: str, context: Context) -> str:
    """'press e to export, i to import masks': what brings the round on from here."""
    here = on_screen(screen)
    steps = [
        action
        for name in NEXT[context.state]
        for action in here
        if action.name == name and is_valid(action, context) and name != f"show_{screen}"
    ]
    # Where a step can be taken at once, the way to its screen need not be told.
    direct = [action for action in steps if not action.name.startswith("show_")]
    words = [f"{action.shown_key} to {action.todo}" for action in direct or steps]
    return f"press {', '.join(words)}" if words else ""
