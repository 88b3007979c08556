"""What changed between rounds, what else the figures say, and what of it status tells."""

import json
import shutil
from pathlib import Path

import pytest
import tifffile
from click.testing import CliRunner

from altui import Project
from altui.cli import main
from altui.config import Stopping
from altui.jobs.folder import ANYWHERE, RESULT, JobFolder, JobSpec
from altui.report.status import status_text
from altui.rounds.changes import mask_changes, setting_changes, settings_of
from altui.rounds.evidence import (
    broken,
    describe_agreement,
    describe_classes,
    describe_stability,
    points,
)
from altui.rounds.gain import Change, Confusions
from altui.rounds.looks import Looks, describe_looks
from altui.rounds.repeats import Agreement, Agreements
from altui.rounds.results import RoundResult, Stability
from altui.simulation.nodes import NODES, judged_by_test

from ..simulation.made import add_simulation
from .results import finish_round, write_result


def result(number: int, **more: object) -> RoundResult:
    known = {"finished_at": "2026-03-02T10:00:00+00:00", "strategy": "entropy"}
    fields = {"miou": {"test": 0.5 + number / 100}, "class_iou": {}, "labelled": 8 * number}
    return RoundResult(**{"round": number, **known, **fields, **more})  # type: ignore[arg-type]


def spec_of(project: Project, job: str, **training: object) -> None:
    """As a run would have left it, with other settings of [training]."""
    config = project.config
    changed = config.training.model_copy(update=training)
    JobFolder(project.workspace.jobs / job).write(
        "spec.json",
        JobSpec(
            job=job,
            kind="train",
            round=1,
            project=str(project.workspace.root),
            config=config.model_copy(update={"training": changed}),
        ),
    )


def two_rounds(project: Project, hits: int = 90) -> RoundResult:
    finish_round(project, 60)
    project.refresh()
    finish_round(project, hits, alike=95)
    project.refresh()
    return project.status().rounds[1]


def test_a_round_with_new_labels_alone_is_compared(project: Project) -> None:
    second = two_rounds(project)
    assert second.changed == ()
    assert second.gain is not None
    assert second.gain_interval is not None
    assert second.samples == 3
    assert project.status().stopping.verdict == "continue"


def test_relabelled_slices_are_named_and_the_gain_is_not_counted(project: Project) -> None:
    finish_round(project, 60)
    project.refresh()
    slices = project.workspace.store.history().current_labels
    assert slices
    one = next(iter(slices))
    mask = project.workspace.root / "corrected" / f"{one.sample}_z{one.index:04d}.tif"
    mask.parent.mkdir()
    old = tifffile.imread(project.workspace.root / slices[one].path)
    tifffile.imwrite(mask, old[:, ::1] * 0 + 1)
    project.import_labels(mask, unasked=True, trust=True)
    finish_round(project, 90)
    project.refresh()
    found = project.status()
    assert found.rounds[1].gain is not None  # shown
    assert found.rounds[1].changed == (f"1 label was corrected since: {one}",)
    assert found.stopping.verdict == "undecided"
    assert str(one) in " ".join(found.stopping.reasons)
    assert "(changed)" in status_text(found)


def test_another_recipe_is_named_and_the_gain_is_not_counted(project: Project) -> None:
    first = finish_round(project, 60)
    spec_of(project, first)
    project.refresh()
    second = finish_round(project, 90)
    spec_of(project, second, learning_rate=0.5, device="cuda:1", tile=640)
    project.refresh()
    found = project.status()
    (changed,) = found.rounds[1].changed  # where it ran is none
    assert changed.startswith("[training] learning_rate is 0.5, and was ")
    assert found.stopping.verdict == "undecided"


def test_where_a_job_runs_is_no_setting_of_it(project: Project) -> None:
    job = finish_round(project)
    spec_of(project, job)
    settings = settings_of(JobFolder(project.workspace.jobs / job).spec())
    assert not set(ANYWHERE) & set(settings["training"])
    assert not setting_changes(settings, settings)
    assert not setting_changes({}, settings)  # a job of an altui that kept none


ONE: Confusions = (("t1", ((5, 5), (0, 10))), ("t2", ((9, 1), (2, 8))))


@pytest.mark.parametrize(
    ("after", "told"),
    [
        (ONE, ()),
        ((("t1", ((10, 0), (3, 7))), ONE[1]), ()),  # other predictions, the same masks
        ((("t1", ((5, 5), (0, 11))), ONE[1]), ("other test masks: t1",)),
        (ONE[:1], ("measured on 1 fewer test sample: t2",)),
        ((*ONE, ("t3", ONE[0][1])), ("measured on 1 more test sample: t3",)),
        ((), ()),
    ],
)
def test_other_masks_of_the_watched_split_are_named(
    after: Confusions, told: tuple[str, ...]
) -> None:
    assert mask_changes("test", ONE, after) == told


def test_a_curve_goes_through_comparable_rounds_only() -> None:
    rounds = [result(1), result(2), result(3, changed=("other test masks: t1",)), result(4)]
    assert points(rounds, "test") == ((24, 0.53), (32, 0.54))
    assert broken(rounds) == ["only rounds from 3 on are comparable"]
    assert points([result(1, miou={"test": None}), result(2)], "test") == ((16, 0.52),)


def test_the_largest_gain_and_loss_by_class() -> None:
    changes = {
        "bone": Change(0.02, (0.01, 0.03)),
        "screw": Change(-0.04),
        "air": Change(0.001),
        "nowhere": Change(),
    }
    (told,) = describe_classes([result(1), result(2, class_gain=changes)])
    assert told.endswith(
        "by class: largest gain bone +0.020 [+0.010, +0.030], largest loss screw -0.040"
    )
    assert describe_classes([result(2, class_gain=changes, changed=("x",))]) == ()
    assert describe_classes([result(1)]) == ()


@pytest.mark.parametrize(
    ("kappas", "words"),
    [
        ((0.995,), "still move"),
        ((0.995, 0.993, 0.999), "have settled"),
        ((0.995, 0.98, 0.999), "still move"),
        ((0.9, 0.995, 0.993, 0.999), "have settled"),
    ],
)
def test_predictions_have_settled_after_three_stable_rounds(
    kappas: tuple[float, ...], words: str
) -> None:
    rounds = [
        result(number, stability=Stability(kappa, 0.9, 0.98))
        for number, kappa in enumerate(kappas, start=2)
    ]
    (told,) = describe_stability(rounds)
    assert words in told
    assert f"kappa {kappas[-1]:.3f}" in told
    assert describe_stability([*rounds, result(9)]) == ()  # nothing of the newest round


@pytest.mark.parametrize(
    ("looks", "told"),
    [
        (Looks(0), ""),
        (Looks(1), "the test split was used 1 time by rounds"),
        (Looks(2, 1), "the test split was used 2 times by rounds and 1 time by simulations"),
        (Looks(4, 1), '[stopping] split = "validation"'),
    ],
)
def test_uses_of_the_test_split_are_told(looks: Looks, told: str) -> None:
    found = " ".join(describe_looks(looks, "test"))
    assert found.startswith("the test split was used" if told else "")
    assert told in found
    assert "optimistic" not in " ".join(describe_looks(looks, "validation"))


def test_every_evaluation_is_a_use_and_one_that_never_came_is_none(project: Project) -> None:
    assert project.status().test_uses == Looks(0)
    first = finish_round(project)
    project.refresh()
    assert project.status().test_uses == Looks(1)
    workspace = project.workspace
    with workspace.store.write() as transaction:  # the round is run again
        event = transaction.event("run", 1, note="train-002")
        transaction.insert("jobs", id="train-002", event=event, kind="train", round=1)
    assert project.status().test_uses == Looks(1)
    write_result(project, "train-002", 70)
    project.refresh()
    assert project.status().test_uses == Looks(2)
    assert project.status().test_uses == Looks(2)  # looking again is no use
    node = workspace.root / NODES / "abc"
    node.mkdir(parents=True)
    shutil.copy(workspace.jobs / first / RESULT, node)
    assert judged_by_test(workspace.root) == {"abc"}
    assert project.status().test_uses == Looks(2, 1)
    (node / RESULT).write_text("{")
    assert project.status().test_uses == Looks(2)


def test_uses_by_simulations_are_not_forgotten_with_their_folders(project: Project) -> None:
    add_simulation(project, {"random": (0.5, 0.6), "entropy": (0.5, 0.7)}, full=0.8)
    assert project.status().test_uses == Looks(0, 5)
    job = finish_round(project)
    project.refresh()
    node = project.root / NODES / "random-1"  # one of those that the rows name
    node.mkdir(parents=True)
    shutil.copy(project.workspace.jobs / job / RESULT, node)
    assert project.status().test_uses == Looks(1, 5)


def test_the_document_has_the_contracts_keys_and_the_evidence(
    project: Project, folder: Path
) -> None:
    two_rounds(project)
    output = CliRunner().invoke(main, ["status", str(folder), "--json"])
    found = json.loads(output.stdout)
    contract = "project round state labelled pool rounds stopping jobs"
    assert {*contract.split(), "test_uses", "simulation_test_uses"} <= set(found)
    assert (found["test_uses"], found["simulation_test_uses"]) == (2, 0)
    first, second, *_ = found["rounds"]
    wanted = "round labelled strategy miou class_iou gain gain_interval"
    more = "class_gain class_gain_interval changed stability"
    assert set((wanted + " " + more).split()) <= set(second)
    assert (first["gain"], first["gain_interval"], first["stability"]) == (None, None, None)
    assert second["stability"]["agreement"] == pytest.approx(290 / 300)
    assert second["gain_interval"][0] <= second["gain"] <= second["gain_interval"][1]
    assert set(second["class_gain"]) == set(second["class_iou"])
    assert {"verdict", "reasons", "forecast"} == set(found["stopping"])
    assert "needs 4 comparable rounds" in found["stopping"]["forecast"]["refused"]


def test_how_far_people_agree_is_held_against_the_network() -> None:
    def told(miou: float | None, interval: tuple[float, float] | None) -> str:
        between = Agreement(6, 6, 0.81, interval, {})
        newest = result(2, miou={"test": miou})
        return "".join(describe_agreement(Agreements(None, between, 0), [newest], "test"))

    assert "0.810, 95 % interval [0.740, 0.880] from 6 repeated slices" in told(0.7, (0.74, 0.88))
    assert told(0.7, (0.74, 0.88)).endswith("test mIoU 0.700 is below that")
    assert "test mIoU 0.857 reaches it" in told(0.857, (0.74, 0.88))
    assert told(0.857, None) == told(None, (0.74, 0.88)) == ""
    assert describe_agreement(Agreements(None, None, 0), [result(2)], "test") == ()


def test_the_plain_status_tells_it_all(project: Project) -> None:
    two_rounds(project)
    text = status_text(project.status())
    for words in (
        "stopping: continue",
        "95 % interval [",
        "from 3 samples",
        "by class: largest gain",
        "predictions still move",
        "no forecast: a learning curve needs 4",
        "the test split was used 2 times by rounds",
    ):
        assert words in text
    assert Stopping().target is None
