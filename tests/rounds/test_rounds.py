"""The life of a round on a real project; only the training is left out."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from altui import AltuiError, Project
from altui.rounds.state import rejected_slices
from altui.slices import SliceId
from tests.rounds.results import finish_round, write_result


def states(project: Project) -> dict[str, str]:
    return {str(d.slice): d.state for d in project.proposals().slate.decisions}


def first(project: Project) -> SliceId:
    return project.proposals().slate.active[0].slice


def test_round_one_is_proposed_on_opening(project: Project) -> None:
    status = project.status()
    assert (status.round, status.state, status.labelled, status.pool) == (1, "proposed", 0, 36)
    assert [d.sample for d in status.slate.decisions] == ["s1", "s2", "s3"]
    assert "decide on 3 proposals" in status.todo


def test_proposing_again_changes_nothing(project: Project) -> None:
    project.approve(first(project))
    before = project.proposals()
    assert project.propose().slate == before.slate


def test_approving_and_undoing(project: Project) -> None:
    one = first(project)
    assert project.approve(one).changed == (one,)
    assert project.approve(one).already == (one,)
    assert states(project)[str(one)] == "approved"
    assert project.undo().changed == (one,)
    assert states(project)[str(one)] == "proposed"


def test_a_rejection_brings_the_next_of_the_same_sample(project: Project) -> None:
    one = first(project)
    decided = project.reject(one, reason="ring artefact")
    (replacement,) = decided.replacements
    assert replacement.sample == one.sample
    assert states(project)[str(one)] == "rejected"
    assert states(project)[str(replacement)] == "proposed"
    notes = [event.note for event in project.workspace.store.history().events]
    assert "ring artefact" in notes


def test_undoing_a_rejection_takes_its_replacement_away(project: Project) -> None:
    before = states(project)
    project.reject(first(project))
    project.undo()
    assert states(project) == before


def test_undo_goes_back_step_by_step(project: Project) -> None:
    before = states(project)
    project.approve(first(project))
    project.reject(first(project))
    project.approve_all()
    for _ in range(3):
        project.undo()
    assert states(project) == before
    with pytest.raises(AltuiError, match="no decision of anna's"):
        project.undo()


def test_one_does_not_undo_what_another_has_built_on(project: Project) -> None:
    bert = Project.open(project.root, who="bert")
    one = first(project)
    project.approve(one)
    bert.reject(one)
    with pytest.raises(AltuiError, match="rejected by bert since"):
        project.undo()


def test_one_does_not_undo_anothers_decision(project: Project) -> None:
    bert = Project.open(project.root, who="bert")
    project.approve(first(project))
    with pytest.raises(AltuiError, match="no decision of bert's"):
        bert.undo()


def test_a_rejected_slice_is_not_approved_by_the_way(project: Project) -> None:
    one = first(project)
    project.reject(one)
    with pytest.raises(AltuiError, match="was rejected by anna"):
        project.approve(one)


def test_a_refusal_decides_nothing(project: Project) -> None:
    before = states(project)
    with pytest.raises(AltuiError, match="is not proposed"):
        project.approve(first(project), "s1:0")
    assert states(project) == before


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("s1", "does not name a slice"),
        ("s1:-1", "does not name a slice"),
        ("S1:3", 'did you mean "s1"'),
        ("s1:99", "slices 0 to 11"),
        ("t1:3", "test split"),
        ("s1:٣", "does not name a slice"),
    ],
)
def test_names_that_name_no_proposal(project: Project, name: str, told: str) -> None:
    with pytest.raises(AltuiError, match=told):
        project.approve(name)


def test_another_strategy_keeps_decisions_and_withdraws_the_rest(project: Project) -> None:
    one = first(project)
    project.approve(one)
    proposals = project.propose("random")
    assert proposals.strategy == "random"
    assert states(project)[str(one)] == "approved"
    assert len(proposals.slate.active) == 3
    strategies = {d.strategy for d in proposals.slate.in_state("proposed")}
    assert strategies == {"random"}
    # and a rejection now asks the new strategy
    rejected = proposals.slate.in_state("proposed")[0].slice
    (replacement,) = project.reject(rejected).replacements
    decision = project.proposals().slate.get(replacement)
    assert decision is not None
    assert decision.strategy == "random"


def test_back_to_the_first_strategy_gives_its_proposals_again(project: Project) -> None:
    before = {s for s, state in states(project).items() if state == "proposed"}
    project.propose("equidistant")
    project.propose("initial")
    assert {s for s, state in states(project).items() if state == "proposed"} == before


def test_a_strategy_that_needs_scores_is_refused_in_round_one(project: Project) -> None:
    with pytest.raises(AltuiError, match="needs the scores of a trained network"):
        project.propose("entropy")


def test_the_states_of_a_round_in_order(project: Project) -> None:
    assert project.status().state == "proposed"
    project.approve_all()
    assert project.status().state == "annotating"
    assert len(project.status().missing) == 3
    project.import_from_oracle()
    assert project.status().state == "labelled"
    assert project.status().labelled == 3


def test_results_bring_the_next_proposals(project: Project) -> None:
    finish_round(project)
    assert project.refresh() == ("train-001",)
    assert project.refresh() == ()
    status = project.status()
    assert (status.round, status.state) == (2, "proposed")
    assert {d.strategy for d in status.slate.decisions} == {"entropy"}
    assert len(status.slate.active) == 3
    result = status.rounds[0]
    assert result.labelled == 3
    assert result.miou["test"] == pytest.approx(((60 / 140) * 2 + 1) / 3)
    assert list(result.class_iou) == ["background", "bone", "implant"]
    assert result.gain is None


def test_a_gain_below_the_rule_stops_and_a_person_may_go_on(project: Project) -> None:
    finish_round(project, test_hits=60)
    project.refresh()
    finish_round(project, test_hits=60, seed=1)
    project.refresh()
    status = project.status()
    assert (status.round, status.state, status.stopping.verdict) == (2, "stopped", "stop")
    assert status.rounds[1].gain == pytest.approx(0)
    project.propose()
    assert (project.status().round, project.status().state) == (3, "proposed")


def test_a_job_is_collected_once_by_whoever_comes(project: Project) -> None:
    finish_round(project)
    program = "import sys; from altui import Project; Project.open(sys.argv[1])"
    openers = [
        subprocess.Popen([sys.executable, "-c", program, str(project.root)]) for _ in range(4)
    ]
    assert [opener.wait(timeout=60) for opener in openers] == [0] * 4
    history = project.workspace.store.history()
    assert len(history.job_ends) == 1
    assert [e.what for e in history.events].count("finished") == 1
    assert len(project.proposals().slate.active) == 3


def test_a_failed_job_is_told_and_can_be_run_again(project: Project) -> None:
    job = finish_round(project)
    (project.workspace.jobs / job / "result.json").write_text(
        '{"state": "failed", "message": "out of GPU memory", "hint": "lower batch", '
        '"started_at": "2026-01-01T00:00:00Z", "ended_at": "2026-01-01T00:00:01Z"}'
    )
    project.refresh()
    status = project.status()
    assert status.state == "failed"
    assert status.jobs[-1].message == "out of GPU memory"


def test_a_damaged_result_counts_as_a_failure(project: Project) -> None:
    job = finish_round(project)
    (project.workspace.jobs / job / "result.json").write_text('{"state": "fini')
    project.refresh()
    assert project.status().state == "failed"
    assert "damaged" in project.status().jobs[-1].message


def test_scores_that_are_gone_leave_the_round_evaluated(project: Project) -> None:
    job = finish_round(project)
    (project.workspace.jobs / job / "scores.npz").unlink()
    project.refresh()
    assert project.status().state == "evaluated"
    with pytest.raises(AltuiError, match="scores in .* cannot be read"):
        project.propose()
    write_result(project, job, 60)
    assert project.propose("entropy").slate.round == 2


def test_decisions_of_an_evaluated_round_are_closed(project: Project) -> None:
    job = finish_round(project)
    (project.workspace.jobs / job / "scores.npz").unlink()
    project.refresh()
    for action in (project.approve_all, project.undo, lambda: project.reject("s1:6")):
        with pytest.raises(AltuiError, match="its decisions are closed"):
            action()


def test_nothing_more_is_asked_of_an_empty_pool(project: Project) -> None:
    finish_round(project)
    project.import_labels(project.root / "masks", unasked=True)
    project.refresh()
    assert project.status().todo == "stop: every training slice is labelled: the pool is empty"
    with pytest.raises(AltuiError, match="none left to propose") as caught:
        project.propose()
    assert "more training samples" in caught.value.hint


def test_a_sample_that_left_altui_toml_after_its_approval(project: Project) -> None:
    project.approve_all()
    text = (project.root / "altui.toml").read_text()
    (project.root / "altui.toml").write_text(text.replace('name = "s1"', 'name = "s9"'))
    project = Project.open(project.root)
    report = project.import_from_oracle()
    assert [str(one.slice) for one in report.of("accepted")] == ["s2:6", "s3:7"]
    (stray,) = report.of("refused")
    assert (str(stray.slice), stray.code) == ("s1:7", "no-such-slice")
    project.reject("s1:7", replacement=False)
    assert project.status().state == "labelled"


def test_a_stack_that_cannot_be_read_is_no_fault_of_the_proposal(project: Project) -> None:
    (project.root / "samples" / "s3.tif").write_bytes(b"no TIFF")
    vars(project.workspace).pop("headers")
    vars(project.workspace).pop("train", None)
    for everything in (False, True):
        with pytest.raises(AltuiError) as caught:
            project.approve_all() if everything else project.approve("s1:7")
        assert caught.value.message.startswith('sample "s3"')


def test_running_asks_for_what_is_missing(project: Project) -> None:
    with pytest.raises(AltuiError, match="3 proposals of round 1 are undecided"):
        project.run()
    project.approve_all()
    with pytest.raises(AltuiError, match="3 masks are not in yet for round 1"):
        project.run()


def test_a_slice_dropped_without_replacement_is_not_waited_for(project: Project) -> None:
    one = first(project)
    project.approve_all()
    assert project.reject(one, replacement=False).replacements == ()
    project.import_from_oracle()
    assert project.status().state == "labelled"


def test_a_round_with_fewer_slices_than_it_has_room_for_says_so(project: Project) -> None:
    assert "the round has" not in project.status().todo
    project.reject(first(project), replacement=False)
    assert "the round has 2 of 3 slices: propose" in project.status().todo
    project.propose()
    assert "the round has" not in project.status().todo


def test_a_labelled_slice_cannot_be_rejected_or_undone(project: Project) -> None:
    project.approve_all()
    project.import_from_oracle()
    with pytest.raises(AltuiError, match="has an accepted label"):
        project.reject(first(project))
    with pytest.raises(AltuiError, match="has an accepted label by now"):
        project.undo()


def test_a_rejected_slice_does_not_come_back_in_a_later_round(project: Project) -> None:
    one = first(project)
    project.reject(one)
    finish_round(project)
    project.refresh()
    assert one in rejected_slices(project.workspace.store.history())
    assert one not in {d.slice for d in project.proposals().slate.decisions}


def test_a_label_that_is_gone_is_told_before_training(project: Project) -> None:
    project.approve_all()
    project.import_from_oracle()
    label = project.workspace.store.history().labels[0]
    (project.root / label.path).unlink()
    with pytest.raises(AltuiError, match="is gone"):
        project.run()


def change_config(project: Project, old: str, new: str) -> Project:
    path = project.root / "altui.toml"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))
    return Project.open(project.root)


def test_a_renamed_sample_is_told_and_its_label_kept(project: Project, tmp_path: Path) -> None:
    project.approve_all()
    project.import_from_oracle()
    renamed = change_config(project, 'name = "s1"', 'name = "other"')
    status = renamed.status()
    assert [one.sample for one in status.strays] == ["s1"]
    assert (status.labelled, status.rounds[0].labelled) == (2, 2)
    with pytest.raises(AltuiError, match='no sample is named "s1"'):
        renamed.export(tmp_path / "bundle")
    back = change_config(renamed, 'name = "other"', 'name = "s1"')
    assert back.status().strays == ()
    assert back.status().labelled == 3


def test_proposing_again_follows_a_changed_config(project: Project) -> None:
    approved = first(project)
    project.approve(approved)
    renamed = change_config(project, 'name = "s3"', 'name = "other"')
    slate = renamed.propose().slate
    assert [d.slice.sample for d in slate.active] == ["s1", "s2", "other"]
    assert slate.get(approved) in slate.in_state("approved")
    fewer = change_config(renamed, "budget = 3", "budget = 2")
    assert len(fewer.propose("random").slate.active) == 2
    fewest = change_config(fewer, "budget = 2", "budget = 1")
    assert [d.slice for d in fewest.propose().slate.active] == [approved]


def test_a_job_is_timed_by_its_own_clock(project: Project) -> None:
    job = finish_round(project)
    path = project.workspace.jobs / job / "result.json"
    result = json.loads(path.read_text())
    result |= {"started_at": "2026-01-01T10:00:00Z", "ended_at": "2026-01-01T11:30:00Z"}
    path.write_text(json.dumps(result))
    project.refresh()
    assert project.status().rounds[0].seconds == 5400
    assert project.job(job).ended_at == "2026-01-01T11:30:00+00:00"
