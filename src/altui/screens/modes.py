"""The screens by their modes, each imported once it is shown: the first frame does without."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from textual.screen import Screen

from altui.screens.base import AltuiScreen
from altui.screens.opening import Opening

if TYPE_CHECKING:
    from altui.screens.commands import ActionCommands


def _rounds() -> AltuiScreen:
    from altui.screens.rounds import RoundsScreen

    return RoundsScreen()


def _proposals() -> AltuiScreen:
    from altui.screens.proposals import ProposalsScreen

    return ProposalsScreen()


def _labels() -> AltuiScreen:
    from altui.screens.labels import LabelsScreen

    return LabelsScreen()


def _jobs() -> AltuiScreen:
    from altui.screens.jobs import JobsScreen

    return JobsScreen()


def _samples() -> AltuiScreen:
    from altui.screens.samples import SamplesScreen

    return SamplesScreen()


def _compare() -> AltuiScreen:
    from altui.screens.compare import CompareScreen

    return CompareScreen()


def _wizard() -> AltuiScreen:
    from altui.screens.wizard import WizardScreen

    return WizardScreen()


def commands() -> type[ActionCommands]:
    from altui.screens.commands import ActionCommands

    return ActionCommands


MODES: Final[dict[str, str | Callable[[], Screen[Any]]]] = {
    "opening": Opening,
    "rounds": _rounds,
    "proposals": _proposals,
    "labels": _labels,
    "jobs": _jobs,
    "samples": _samples,
    "compare": _compare,
    "wizard": _wizard,
}
