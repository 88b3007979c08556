"""Slices picked by hand, and strategies looked at before they are taken."""

import pytest
from click.testing import CliRunner

from altui import AltuiError, Project
from altui.cli import main
from altui.rounds.pick import BY_HAND
from altui.slices import SliceId
from tests.rounds.results import finish_round
from tests.rounds.test_rounds import change_config, first, states


def reasons(project: Project, name: str) -> tuple[str, ...]:
    decision = project.proposals().slate.get(SliceId.parse(name))
    assert decision is not None
    return decision.reasons


def test_a_picked_slice_takes_the_place_of_the_last_undecided(project: Project) -> None:
    *kept, last = project.proposals().slate.decisions
    decided = project.pick("s1:0")
    assert decided.changed == (SliceId("s1", 0),)
    found = states(project)
    assert found == {str(d.slice): "proposed" for d in kept} | {"s1:0": "approved"}
    decision = project.proposals().slate.get(SliceId("s1", 0))
    assert decision is not None
    assert (decision.strategy, decision.score, decision.rank) == (BY_HAND, None, 4)
    assert decision.reasons == ("picked by anna", f"in place of {last.slice}")


def test_or_of_the_one_that_is_named_even_if_approved(project: Project) -> None:
    one = first(project)
    project.approve(one)
    project.pick("s1:0", instead_of=one)
    assert str(one) not in states(project)
    assert len(states(project)) == 3


def test_but_not_of_one_that_someone_approved_unseen(project: Project) -> None:
    seen = project.proposals().slate.decisions[0]
    Project.open(project.root, who="bert").approve(seen.slice)
    with pytest.raises(AltuiError, match="was approved by bert in the meantime"):
        project.pick("s1:0", instead_of=seen.slice, seen=seen)
    with pytest.raises(AltuiError, match="was approved by bert in the meantime"):
        project.reject(seen.slice, seen=seen)
    now = project.proposals().slate.decisions[0]
    assert project.reject(now.slice, seen=now).changed == (seen.slice,)


def test_what_made_way_is_in_the_pool_again(project: Project) -> None:
    last = project.proposals().slate.decisions[-1].slice
    project.pick("s1:0")
    project.reject("s1:0")
    assert str(last) in states(project)


def test_undoing_a_pick_brings_back_what_made_way(project: Project) -> None:
    before = states(project)
    project.pick("s1:0")
    assert project.status().undoable == "pick s1:0"
    undone = project.undo()
    assert (undone.what, undone.changed) == ("pick", (SliceId("s1", 0),))
    assert states(project) == before


def test_gap_share_and_budget_are_told_and_not_enforced(project: Project) -> None:
    project.approve_all()
    near = first(project)
    project.pick(f"{near.sample}:{near.index + 1}")
    told = reasons(project, f"{near.sample}:{near.index + 1}")
    assert "lies within 2 slices of a labelled or chosen one (min_gap)" in told
    assert "1 slice beyond the budget of 3" in told
    project.pick(f"{near.sample}:{near.index - 3}")
    told = reasons(project, f"{near.sample}:{near.index - 3}")
    assert "is over its sample's share of 2 (max_per_sample)" in told
    assert "2 slices beyond the budget of 3" in told


def test_one_slice_a_sample_may_leave_room_in_the_budget(project: Project) -> None:
    project = change_config(project, "budget = 3", "budget = 4")
    project.approve_all()
    project.pick("s1:0")
    project.pick("s2:0")
    assert not any("beyond" in reason for reason in reasons(project, "s1:0"))
    assert "1 slice beyond the budget of 4" in reasons(project, "s2:0")


def test_an_open_proposal_is_approved_and_a_rejected_slice_comes_back(project: Project) -> None:
    one = first(project)
    assert project.pick(one).what == "approve"
    project.reject(one)
    project.pick(one)
    assert states(project)[str(one)] == "approved"
    assert len(project.proposals().slate.active) == 3


@pytest.mark.parametrize(
    ("name", "instead_of", "told"),
    [
        ("s1:99", None, "slices 0 to 11"),
        ("t1:3", None, "test split"),
        ("s9:3", None, "no sample is named"),
        ("s1:0", "s1:1", "is not proposed"),
    ],
)
def test_what_cannot_be_picked_changes_nothing(
    project: Project, name: str, instead_of: str | None, told: str
) -> None:
    before = states(project)
    with pytest.raises(AltuiError, match=told):
        project.pick(name, instead_of)
    assert states(project) == before


def test_a_labelled_slice_is_not_picked_and_keeps_its_place(project: Project) -> None:
    one = first(project)
    project.approve_all()
    project.import_from_oracle()
    with pytest.raises(AltuiError, match="keeps its place"):
        project.pick("s1:0", instead_of=one)
    finish_round(project)
    project.refresh()
    project.propose("random")
    with pytest.raises(AltuiError, match="has an accepted label already"):
        project.pick(one)


def test_a_plan_is_what_proposing_does(project: Project) -> None:
    one = first(project)
    project.approve(one)
    before = project.proposals().slate
    planned = project.plan("random")
    assert project.proposals().slate == before
    after = {d.slice for d in project.propose("random").slate.active}
    assert after == {*planned.stay, *planned.come}
    assert one in planned.stay
    assert {d.slice for d in before.active} == {*planned.stay, *planned.go}


def test_a_plan_of_the_same_strategy_changes_nothing(project: Project) -> None:
    planned = project.plan()
    assert (planned.go, planned.come, len(planned.stay)) == ((), (), 3)


def test_another_strategy_can_be_undone(project: Project) -> None:
    project.approve(first(project))
    before = project.proposals().slate
    project.propose("equidistant")
    assert project.status().undoable == "switch to equidistant"
    assert project.undo().said == "switch to equidistant"
    after = project.proposals().slate
    assert [(d.slice, d.state, d.rank) for d in after.decisions] == [
        (d.slice, d.state, d.rank) for d in before.decisions
    ]
    assert after.strategy == before.strategy == "initial"
    assert project.undo().what == "approve"


def test_another_strategy_is_not_undone_once_others_decided_on_its_proposals(
    project: Project,
) -> None:
    bert = Project.open(project.root, who="bert")
    come = project.plan("random").come
    project.propose("random")
    bert.approve(come[0])
    with pytest.raises(AltuiError, match="approved by bert since"):
        project.undo()


def test_only_strategies_with_scores_for_them_are_offered(project: Project) -> None:
    names = {one.name for one in project.strategies()}
    assert {"initial", "random", "equidistant"} <= names
    assert not {"entropy", "bald", "coreset"} & names
    project.approve_all()
    project.import_from_oracle()
    finish_round(project)
    project.refresh()
    names = {one.name for one in project.strategies()}
    assert {"random", "entropy"} <= names
    assert "bald" not in names


def test_the_command_says_what_it_did(project: Project) -> None:
    last = project.proposals().slate.decisions[-1].slice
    result = CliRunner().invoke(main, ["pick", str(project.root), "s1:0"])
    assert result.exit_code == 0
    assert f"picked s1:0\ns1:0 in place of {last}\n" in result.stderr
    assert "undone: pick s1:0" in CliRunner().invoke(main, ["undo", str(project.root)]).stderr
