"""Two rounds side by side, and the samples' figures."""

import pytest

from altui import AltuiError, Project
from altui.report.status import class_lines

from .results import finish_round


@pytest.fixture
def two_rounds(project: Project) -> Project:
    for hits in (60, 75):
        finish_round(project, hits)
        project.refresh()
        if project.status().state == "evaluated":
            project.propose()
    return project


def test_gains_and_the_slices_behind_them(two_rounds: Project) -> None:
    found = two_rounds.compare_rounds(1, 2)
    assert found.miou.gain == pytest.approx(two_rounds.status().rounds[1].gain)
    assert {str(one) for one in found.added} == {
        str(one) for one in two_rounds.labels() if one not in _labelled_in(two_rounds, 1)
    }
    assert found.dropped == found.changed == ()
    back = two_rounds.compare_rounds(2, 1)
    assert back.miou.gain == pytest.approx(-(found.miou.gain or 0))
    assert back.dropped == found.added


def test_each_sample_has_its_own_miou(two_rounds: Project) -> None:
    samples = {one.sample: one for one in two_rounds.compare_rounds(1, 2).samples}
    assert set(samples) == {"v1", "t1", "t2", "t3"}
    assert samples["t1"].gain is not None
    assert samples["t1"].gain > 0


def test_a_replaced_mask_is_told(two_rounds: Project) -> None:
    history = two_rounds.workspace.store.history()
    row = history.labels[0]
    with two_rounds.workspace.store.write() as transaction:
        event = transaction.event("import")
        transaction.insert(
            "labels",
            event=event,
            sample=row.sample,
            slice_index=row.slice_index,
            sha256="0" * 64,
            path=row.path,
            source="mended.tif",
            source_sha256="0" * 64,
        )
    finish_round(two_rounds, 80)
    two_rounds.refresh()
    newest = [one.round for one in two_rounds.status().rounds if one.finished_at][-1]
    assert two_rounds.compare_rounds(1, newest).changed == (row.slice,)


def test_a_round_without_results_is_refused(two_rounds: Project) -> None:
    with pytest.raises(AltuiError, match="round 7 has no results") as refused:
        two_rounds.compare_rounds(1, 7)
    assert "1, 2" in refused.value.hint


def test_samples_know_their_labels_and_rounds(two_rounds: Project) -> None:
    samples = {one.name: one for one in two_rounds.samples()}
    assert sum(one.labelled for one in samples.values()) == len(two_rounds.labels())
    assert [each.round for each in samples["t1"].rounds] == [1, 2]
    assert samples["t1"].pixels == (100, 100, 100)
    assert samples["s1"].rounds == ()
    assert samples["s1"].newest is None


def test_pixels_by_class_are_those_of_the_masks(two_rounds: Project) -> None:
    header = two_rounds.workspace.headers["s1"]
    labelled = [one for one in two_rounds.labels() if one.sample == "s1"]
    counted = two_rounds.class_pixels("s1")
    assert sum(counted) == len(labelled) * header.height * header.width
    assert all(counted)
    with pytest.raises(AltuiError, match="no sample is named"):
        two_rounds.class_pixels("s9")
    by_class = two_rounds.labelled_pixels()
    assert list(by_class) == ["background", "bone", "implant"]
    assert sum(by_class.values()) == 6 * header.height * header.width


def test_classes_are_told_with_those_that_no_label_holds() -> None:
    assert class_lines({"background": 6000, "bone": 2000, "implant": 0}) == [
        "labelled pixels: background 6,000 (75.00 %), bone 2,000 (25.00 %)",
        "no labelled pixel yet, so not learnt: implant",
    ]
    assert class_lines({"a": 0, "b": 0}) == ["no labelled pixel yet, so not learnt: a, b"]


def _labelled_in(project: Project, number: int) -> set[object]:
    return {
        slice_id
        for slice_id, own in project.labels().items()
        if any(number in revision.rounds for revision in own)
    }
