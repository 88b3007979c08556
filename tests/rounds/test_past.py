"""A round's batch as it would have been: shown, never applied."""

import json
import sqlite3
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from altui import AltuiError, Project
from altui.cli import main

from .results import finish_round


def altui(*arguments: object) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def rows(folder: Path) -> list[str]:
    """All that is in the database, as SQL."""
    with sqlite3.connect(folder / ".altui" / "state.db") as db:
        return list(db.iterdump())


@pytest.fixture
def two_rounds(project: Project) -> Project:
    """Rounds 1 and 2 have their results, and round 3 its proposals."""
    finish_round(project, seed=1)
    project.refresh()
    project.reject(project.proposals().slate.decisions[0].slice)
    finish_round(project, test_hits=90, seed=2)
    project.refresh()
    assert project.status().round == 3
    return project


def test_a_round_is_shown_as_it_was_first_proposed(two_rounds: Project) -> None:
    before = rows(two_rounds.root)
    shown = two_rounds.show_round(2)
    first = [one for one in shown.slate.decisions if one.rank <= 3]
    assert [pick.slice for pick in shown.batch.picks] == [one.slice for one in first]
    assert [pick.score for pick in shown.batch.picks] == [one.score for one in first]
    states = [one["state"] for one in shown.to_json()["proposals"]]
    assert states == ["rejected", "approved", "approved"]
    assert rows(two_rounds.root) == before


def test_another_strategy_is_shown_beside_what_was_decided(two_rounds: Project) -> None:
    before = rows(two_rounds.root)
    shown = altui("propose", two_rounds.root, "--round", 2, "--strategy", "random", "--json")
    assert shown.exit_code == 0, shown.stderr
    found = json.loads(shown.stdout)
    assert (found["round"], found["strategy"], found["applied"]) == (2, "random", False)
    own = {one.slice: one.state for one in two_rounds.show_round(2).slate.decisions}
    told = {one["slice"]: one["state"] for one in found["proposals"]}
    assert told == {name: {str(k): v for k, v in own.items()}.get(name) for name in told}
    assert "only shown: round 2 stays as it is" in shown.stderr
    assert "to apply it" not in shown.stderr  # that round is over
    assert rows(two_rounds.root) == before


def test_the_current_round_is_shown_with_the_way_to_apply_it(two_rounds: Project) -> None:
    before = rows(two_rounds.root)
    shown = altui("propose", two_rounds.root, "--round", 3, "--strategy", "equidistant")
    assert shown.exit_code == 0
    assert "round 3, equidistant, only shown" in shown.stdout
    apply = f"altui propose {two_rounds.root} --strategy equidistant"
    assert f"to apply it: {apply}" in shown.stderr
    assert rows(two_rounds.root) == before
    assert two_rounds.proposals().strategy == "entropy"


@pytest.mark.parametrize("number", [-1, 0, 4])
def test_a_round_that_is_not_there_is_refused(two_rounds: Project, number: int) -> None:
    refused = altui("propose", two_rounds.root, "--round", number)
    assert (refused.exit_code, refused.stdout) == (1, "")
    assert f"there is no round {number}: the newest with proposals is round 3" in refused.stderr
    assert f"altui propose {two_rounds.root}" in refused.stderr


def test_round_1_has_no_scores_to_show_entropy_from(two_rounds: Project) -> None:
    before = rows(two_rounds.root)
    with pytest.raises(AltuiError, match="round 1 has none before it") as refused:
        two_rounds.show_round(1, "entropy")
    assert "initial, random or equidistant" in refused.value.hint
    assert rows(two_rounds.root) == before
    picks = two_rounds.show_round(1, "random").batch.picks
    assert len(picks) == 3
