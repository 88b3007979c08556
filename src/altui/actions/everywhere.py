"""The actions of every screen: those on the round as a whole, and those of the app."""

from altui.actions.action import Action, Context, changing


def can_propose(context: Context) -> bool:
    if context.state in ("evaluated", "stopped"):
        return True
    status = context.snapshot.status
    return context.state in ("proposed", "annotating") and len(status.slate.active) < status.wanted


def can_export(context: Context) -> bool:
    return bool(context.snapshot.status.slate.approved)


def can_import(context: Context) -> bool:
    status = context.snapshot.status
    return bool(status.slate.active or status.labelled)


def can_ask_oracle(context: Context) -> bool:
    return context.state == "annotating" and context.snapshot.oracle


def can_run(context: Context) -> bool:
    return context.state in ("labelled", "failed")


SCREENS = (
    Action("show_rounds", "1", "", "the rounds, their mIoU and whether to stop"),
    Action("show_proposals", "2", "", "the slices put forward, to decide on", todo="see them"),
    Action("show_labels", "3", "", "the masks that came back, in doubt or missing", todo="decide"),
    Action("show_jobs", "4", "", "background jobs, their progress and logs", todo="watch it"),
    Action("show_samples", "5", "", "the samples, what of them is labelled, IoU of each"),
    Action("show_compare", "6", "", "two rounds side by side, and simulations"),
)

ROUND = (
    Action(
        "propose",
        "n",
        "propose",
        "propose the next slices",
        available=changing(can_propose),
        todo="propose the next slices",
    ),
    Action(
        "export",
        "e",
        "export",
        "write the approved slices as a bundle for annotators",
        available=can_export,
        todo="export",
    ),
    Action(
        "import_labels",
        "i",
        "import",
        "check returned masks and take in the good ones",
        available=changing(can_import),
        todo="import masks",
    ),
    Action(
        "import_from_oracle",
        "O",
        "oracle",
        "take the missing masks from the training samples' own masks (for demonstration)",
        available=changing(can_ask_oracle),
    ),
    Action(
        "run_round",
        "r",
        "run",
        "train on the labels, evaluate, and score the pool",
        available=changing(can_run),
        todo="run",
    ),
)

APP = (
    Action("command_palette", "colon", "", "find an action by name"),
    Action("change_theme", "", "Theme", "choose other colours"),
    Action("suspend_process", "ctrl+z", "", "leave altui for the shell; its fg brings it back"),
    Action("help", "question_mark", "help", "every key"),
    Action("quit", "q", "quit", "leave altui; jobs go on"),
)
