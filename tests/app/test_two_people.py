"""Two people's altui on one project: two processes, each on a terminal of its own."""

from pathlib import Path

from altui import Project

from .made import state_of
from .terminal import Terminal, altui

# Looks at the project only when something was done here: as one whose next look is yet to come.
RARELY = "import altui.app as a; a.AltuiApp.__init__.__kwdefaults__['interval'] = 3600.0"
APPROVED, REJECTED = "✓".encode(), "✗".encode()


def at_proposals(terminal: Terminal) -> None:
    terminal.until(b"Stop?")
    terminal.type("2")
    terminal.until(b"Why this slice")


def test_each_sees_what_the_other_decides(folder: Path) -> None:
    with (
        altui("open", folder, ALTUI_USER="anna") as anna,
        altui("open", folder, ALTUI_USER="bert") as bert,
    ):
        at_proposals(anna)
        at_proposals(bert)
        anna.type("a")
        bert.until(APPROVED)
        bert.type("x")  # of what is under his cursor: the slice that she has approved
        anna.until(REJECTED)
        anna.type("A")
        bert.until(b"annotating")
    states = list(state_of(Project.open(folder)).values())
    assert sorted(states) == ["approved", "approved", "approved", "rejected"]


def test_what_another_has_decided_meanwhile_is_said_and_stays(folder: Path) -> None:
    with (
        altui("open", folder, ALTUI_USER="anna") as anna,
        altui("open", folder, ALTUI_USER="bert", code=RARELY) as bert,
    ):
        at_proposals(anna)
        at_proposals(bert)
        first, second, _ = state_of(Project.open(folder))
        anna.type("x")
        anna.until(REJECTED)
        assert REJECTED not in bert.seen
        bert.type("a")
        said = bert.until(f"{first} was rejected by".encode())
        if REJECTED not in said:
            bert.until(REJECTED)
    states = state_of(Project.open(folder))
    assert states[first] == "rejected"
    assert states[second] == "proposed"


def test_what_another_approved_unseen_is_not_rejected(folder: Path) -> None:
    with altui("open", folder, ALTUI_USER="bert", code=RARELY) as bert:
        at_proposals(bert)
        Project.open(folder, who="anna").approve_all()
        first, *_ = state_of(Project.open(folder))
        bert.type("x")
        said = bert.until(b"anna in the meantime")
        if APPROVED not in said:
            bert.until(APPROVED)
        assert state_of(Project.open(folder))[first] == "approved"
        bert.type("\x1b[H")  # that he knows now, and means it
        bert.type("x")
        bert.until(REJECTED)
    assert state_of(Project.open(folder))[first] == "rejected"


def test_what_another_assigned_unseen_stays(folder: Path) -> None:
    project = Project.open(folder, who="anna")
    project.approve_all()
    first, *_ = state_of(project)
    with altui("open", folder, ALTUI_USER="bert", code=RARELY) as bert:
        at_proposals(bert)
        bert.type("@")
        bert.until(b"Who is to label it?")
        project.assign(first, "carla")
        bert.type("dora\r")
        bert.until(b"carla by anna")
    assert [(str(one.slice), one.annotator) for one in project.claims()] == [(first, "carla")]
