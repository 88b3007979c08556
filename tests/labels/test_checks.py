"""Each check of a returned mask: that it speaks where it should, and nowhere else."""

import ast
import re
from pathlib import Path

import numpy as np
import pytest
import tifffile
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from altui import AltuiError, Project
from altui.codes import BY_CODE, CHECKS
from altui.config import Classes
from altui.labels.checks.agreement import Apart, compare
from altui.labels.checks.content import check_content, check_missing
from altui.labels.checks.disagreement import check_disagreement
from altui.labels.checks.exchanged import check_exchanged
from altui.labels.checks.pieces import small_pieces
from altui.labels.checks.remark import Remark
from altui.labels.checks.rules import Rules
from altui.labels.runs import runs_of
from altui.labels.verdict import Verdict
from altui.slices import SliceId
from tests.labels.conftest import SAMPLES, SLICES, Array, Save, label_of, right_mask, save_as
from tests.labels.test_bundle import with_predictions

ROOT = Path(__file__).parents[2]
Asked = tuple[SliceId, ...]
CLASSES = Classes(names=("background", "bone", "implant"))
TRAIN = [name for name, (split, *_) in SAMPLES.items() if split == "train"]


def predicted_mask(project: Project, one: SliceId) -> Array:
    """Nearly the right one."""
    return np.roll(right_mask(project, one), 1, axis=1)


@pytest.fixture
def predicted(project: Project) -> Project:
    """After round 1, whose network predicted every slice well."""
    with_predictions(project, ())
    for sample in TRAIN:
        pages = [predicted_mask(project, SliceId(sample, z)) for z in range(SLICES)]
        target = project.workspace.jobs / "train-001" / "predictions" / f"{sample}.tif"
        tifffile.imwrite(target, np.array(pages), compression="zlib")
    return project


def set_level(project: Project, **levels: str) -> Project:
    """The project opened anew, with `[import.checks]`."""
    lines = "".join(f'{code.replace("_", "-")} = "{level}"\n' for code, level in levels.items())
    with (project.root / "altui.toml").open("a") as config:
        config.write(f"[import.checks]\n{lines}")
    return Project.open(project.root)


def only(project: Project, path: Path, *, trust: bool = False, unasked: bool = False) -> Verdict:
    """The verdict on one mask; a dry run has said the same before."""
    dry, real = (
        project.import_labels(path, dry_run=dry_run, trust=trust, unasked=unasked).verdicts
        for dry_run in (True, False)
    )
    assert dry == real
    assert len(real) == 1
    return real[0]


def test_a_right_mask_is_not_doubted(predicted: Project, asked: Asked, save: Save) -> None:
    for one in asked:
        verdict = only(predicted, save(one))
        assert (verdict.outcome, verdict.code, verdict.notes) == ("accepted", "ok", ())


@pytest.mark.parametrize(("code", "value"), [("empty", 0), ("one-class", 1), ("binary", 255)])
def test_masks_that_mark_nothing_or_one_thing(
    project: Project, asked: Asked, save: Save, code: str, value: int
) -> None:
    mask = np.full_like(right_mask(project, asked[0]), value)
    path = save(asked[0], mask=mask)
    verdict = only(project, path)
    assert (verdict.outcome, verdict.code, verdict.level) == ("quarantined", code, "quarantine")
    assert only(set_level(project, **{code: "refuse"}), path).outcome == "refused"


def test_a_level_of_note_lets_a_mask_in(project: Project, asked: Asked, save: Save) -> None:
    path = save(asked[0], mask=np.zeros_like(right_mask(project, asked[0])))
    verdict = only(set_level(project, empty="note"), path)
    assert verdict.outcome == "accepted"
    assert [(note.code, note.level) for note in verdict.notes] == [("empty", "note")]


def test_what_is_marked() -> None:
    def code(counts: dict[int, int]) -> str:
        found = check_content(counts, CLASSES)
        return found.code if found else ""

    assert code({0: 9}) == "empty"
    assert code({0: 9, 255: 3}) == code({255: 3}) == "binary"
    assert code({2: 9}) == code({2: 9, 255: 1}) == "one-class"
    assert code({0: 9, 1: 1}) == code({1: 5, 2: 5, 255: 3}) == ""


def test_a_mask_turned_is_told_by_the_images_edges(
    project: Project, asked: Asked, save: Save
) -> None:
    verdict = only(project, save(asked[0], mask=np.fliplr(right_mask(project, asked[0]))))
    assert (verdict.outcome, verdict.code) == ("quarantined", "orientation")
    assert "mirrored left to right" in verdict.message
    assert float(verdict.figures["edges_turned"]) > float(verdict.figures["edges"])


@pytest.fixture
def moving(folder: Path) -> Project:
    """Asked for: slices 1 and 9 of a sample whose implant drifts along z, among others."""
    rng = np.random.default_rng(3)
    y, x = np.mgrid[:40, :48]
    masks = np.stack([np.hypot(y - 20, x - 10 - 2.5 * z) < 7 for z in range(SLICES)])
    images = 90 + 60 * masks + rng.normal(0, 6, masks.shape)
    tifffile.imwrite(folder / "images" / "screw1.tif", images.astype(np.uint16))
    tifffile.imwrite(folder / "masks" / "screw1.tif", masks.astype(np.uint8))
    project = Project.open(folder)
    project.pick("screw1:1")
    project.pick("screw1:9")
    project.approve_all()
    return project


def test_two_masks_exchanged_are_told_by_the_images_edges(moving: Project, tmp_path: Path) -> None:
    one, other = SliceId("screw1", 1), SliceId("screw1", 9)
    for named, drawn in ((one, other), (other, one)):
        save_as(tmp_path / "back" / f"screw1_z{named.index:02d}.tif", right_mask(moving, drawn))
    found = {verdict.slice: verdict for verdict in moving.import_labels(tmp_path / "back").verdicts}
    assert {(verdict.outcome, verdict.code) for verdict in found.values()} == {
        ("quarantined", "another-slice")
    }
    assert f"fits the image of {other} far better than that of {one}" in found[one].message
    assert found[one].figures["slice"] == str(other)
    assert float(found[one].figures["edges_there"]) > 1.5 * float(found[one].figures["edges"])
    right = save_as(tmp_path / "right" / "screw1_z01.tif", right_mask(moving, one))
    assert only(moving, right).outcome == "accepted"


def test_a_mask_turned_is_told_by_the_prediction(
    predicted: Project, asked: Asked, save: Save
) -> None:
    """Also where the image has no edges."""
    one = next(one for one in asked if one.sample == "screw1")
    path = predicted.root / "images" / "screw1.tif"
    tifffile.imwrite(path, np.full((SLICES, 40, 48), 7, np.uint16))
    again = Project.open(predicted.root)
    right = only(again, save(one))
    assert right.outcome == "accepted"
    turned = only(again, save(one, mask=np.flipud(right_mask(predicted, one))))
    assert (turned.outcome, turned.code) == ("quarantined", "orientation")
    assert "agrees with the prediction far better mirrored top to bottom" in turned.message
    assert float(turned.figures["agreement_turned"]) > 0.9 > float(turned.figures["agreement"])


@pytest.mark.parametrize("ending", [".tif", ".png"])
def test_the_prediction_saved_anew_is_not_edited(
    predicted: Project, asked: Asked, save: Save, ending: str
) -> None:
    mask = predicted_mask(predicted, asked[0])
    name = asked[0].file_stem(SLICES) + ending
    verdict = only(predicted, save(asked[0], name, mask))
    assert (verdict.outcome, verdict.code) == ("quarantined", "unedited")
    mask[0, 0] = 1
    assert only(predicted, save(asked[0], name, mask)).outcome == "accepted"


def test_a_class_that_all_around_hold(predicted: Project, asked: Asked, save: Save) -> None:
    one = asked[0]
    without = right_mask(predicted, one)
    without[without == 2] = 1
    assert only(predicted, save(one, mask=without)).code == "ok", "no label is near"
    for step in (-1, 1):
        path = save(SliceId(one.sample, one.index + step))
        assert predicted.import_labels(path, unasked=True).exit_status == 0
    without[0, 0] = 1
    verdict = only(predicted, save(one, mask=without))
    assert (verdict.outcome, verdict.code) == ("quarantined", "missing-class")
    assert verdict.figures["class"] == "implant"
    assert f"{one.sample}:{one.index - 1} and {one.sample}:{one.index + 1}" in verdict.message


def test_a_class_may_be_missing_where_something_around_lacks_it() -> None:
    full, without = {0: 900, 1: 60, 2: 40}, {0: 940, 1: 60}
    near, other = SliceId("a", 1), SliceId("a", 3)
    assert check_missing(without, full, [(near, full), (other, full)], CLASSES)
    assert not check_missing(full, full, [(near, full)], CLASSES)
    assert not check_missing(without, without, [(near, full)], CLASSES)
    assert not check_missing(without, full, [(near, full), (other, without)], CLASSES)
    assert not check_missing(without, full, [], CLASSES)
    little = {0: 99_960, 1: 60, 2: 40}
    assert not check_missing(without, little, [(near, full)], CLASSES), "too little to matter"


def test_another_slices_mask(project: Project, asked: Asked, save: Save) -> None:
    one = asked[0]
    other = SliceId(one.sample, (one.index + 5) % SLICES)
    mask = right_mask(project, one)
    first, second = save(one), save(other, other.file_stem(SLICES) + ".png", mask)
    for dry_run in (True, False):
        report = project.import_labels(first, second, unasked=True, dry_run=dry_run)
        assert sorted(v.code for v in report.verdicts) == ["copied", "ok"]
    [copied] = report.of("quarantined")
    [taken] = report.of("accepted")
    assert copied.figures["slice"] == str(taken.slice)
    assert {copied.slice, taken.slice} == {one, other}
    mask[0, 0] = 1
    assert only(project, save(other, mask=mask), unasked=True).outcome == "accepted"


def test_empty_masks_are_no_copies(project: Project, asked: Asked, save: Save) -> None:
    empty = set_level(project, empty="note", one_class="note")
    shape = right_mask(project, asked[0]).shape
    for index in range(3):
        path = save(SliceId(asked[0].sample, index), mask=np.zeros(shape, np.uint8))
        assert only(empty, path, unasked=True).outcome == "accepted"


def test_slices_not_asked_for(project: Project, asked: Asked, save: Save) -> None:
    path = save(SliceId(asked[0].sample, (asked[0].index + 3) % SLICES))
    refused = only(project, path)
    assert (refused.outcome, refused.code) == ("refused", "not-asked")
    held = only(set_level(project, not_asked="quarantine"), path)
    assert (held.outcome, held.code) == ("quarantined", "not-asked")
    accepted = only(project, path, unasked=True)
    assert (accepted.outcome, [n.code for n in accepted.notes]) == ("accepted", ["not-asked"])


def test_the_one_after_a_slice_that_was_asked_for(
    project: Project, asked: Asked, save: Save
) -> None:
    """Its name may count from 1."""
    one = asked[0]._replace(index=asked[0].index + 1)
    path = save(one, f"{one.sample} slice {one.index}.tif", right_mask(project, asked[0]))
    [verdict] = project.import_labels(path).verdicts
    assert verdict.code == "not-asked"
    assert f"--slice {asked[0]}" in verdict.message
    assert project.import_labels(path, slice_id=asked[0]).exit_status == 0
    [again] = project.import_labels(path).verdicts
    assert "--slice" not in again.message


def test_slices_not_asked_for_may_always_be_wanted(
    project: Project, asked: Asked, save: Save
) -> None:
    path = save(SliceId(asked[0].sample, (asked[0].index + 3) % SLICES))
    assert only(set_level(project, not_asked="note"), path).outcome == "accepted"


def test_disagreement_far_beyond_that_of_other_slices(
    predicted: Project, asked: Asked, save: Save
) -> None:
    one = asked[0]
    half = right_mask(predicted, one)
    half[:, 15:] = 0
    path = save(one, "half.tif", half)
    slice_id = SliceId(one.sample, one.index)

    def verdict() -> Verdict:
        [found] = predicted.import_labels(path, slice_id=slice_id, dry_run=True).verdicts
        return found

    assert verdict().outcome == "accepted", "with nothing to compare with"
    others = [SliceId(sample, z) for sample in TRAIN for z in range(0, SLICES, 2)]
    predicted.import_labels(*(save(o) for o in others if o not in asked), unasked=True)
    found = verdict()
    assert (found.outcome, found.code) == ("quarantined", "disagreement")
    assert found.figures["slices"] == 8, "of those that mark about as much"
    assert float(found.figures["disagreement"]) > float(found.figures["limit"])
    right = right_mask(predicted, one)
    right[0, 0] = 1  # a slice beside it has the same mask
    assert only(predicted, save(one, mask=right)).outcome == "accepted"


def test_disagreement_is_over_what_either_marks() -> None:
    mask = np.array([[0, 0, 1, 1], [0, 0, 2, 255]], np.uint8)
    assert compare(mask, mask, 255) == Apart(0, 0)
    assert compare(mask, np.array([[0, 0, 1, 2], [0, 1, 2, 2]], np.uint8), 255) == (2 / 7, 2 / 4)
    nothing = np.zeros_like(mask)
    assert compare(nothing, nothing, 255) == Apart(0, 0)
    assert compare(np.full_like(mask, 255), mask, 255) == Apart(0, 0)


def apart(disagreement: float, marked: float = 0.2) -> Apart:
    return Apart(marked * disagreement, disagreement)


LIKE = tuple(apart(one) for one in (0.1, 0.12, 0.09, 0.15, 0.11, 0.08, 0.13, 0.1))


def test_disagreement_says_nothing_without_reason() -> None:
    assert check_disagreement(apart(0.9), LIKE)
    assert not check_disagreement(apart(0.9), LIKE[:-1]), "too few to compare with"
    assert not check_disagreement(apart(0.9, 0.01), LIKE), "too few pixels to matter"
    assert not check_disagreement(apart(0.15), LIKE)
    assert not check_disagreement(apart(1.0), (apart(0.8),) * 9), "the network knows nothing"


def test_labels_that_mark_about_as_much_are_compared_with() -> None:
    """At the ends of a sample, where little is marked, people and networks differ in more of it."""
    ends = tuple(apart(0.6 + 0.03 * i, 0.03) for i in range(8))
    for others in ((*LIKE, *ends), (*ends, *LIKE)):
        assert check_disagreement(apart(0.6, 0.2), others)
        assert not check_disagreement(apart(0.6, 0.03), others)
    unknown = tuple(Apart(0, one.disagreement) for one in (*LIKE, *ends))  # of before it was kept
    assert not check_disagreement(apart(0.6, 0.2), unknown)
    found = check_disagreement(apart(0.6, 0.2), (*unknown, *LIKE))
    assert found
    assert found.figures["slices"] == 8


@given(
    st.lists(st.floats(0.001, 0.5), min_size=8, max_size=40),
    st.floats(0.001, 1),
    st.floats(0.001, 1),
)
def test_more_disagreement_is_never_less_doubtful(
    others: list[float], one: float, other: float
) -> None:
    less, more = sorted((one, other))
    labels = [apart(share) for share in others]
    if check_disagreement(apart(less), labels):
        assert check_disagreement(apart(more), labels)
    assert not check_disagreement(apart(min(others)), labels)


def test_one_bad_label_among_them_moves_nothing() -> None:
    for bad in (0.001, 0.99):
        assert check_disagreement(apart(0.6), (*LIKE, apart(bad)))
        assert not check_disagreement(apart(0.16), (*LIKE, apart(bad)))


def test_classes_exchanged(predicted: Project, asked: Asked, save: Save) -> None:
    """The order of a tool's labels is not altui's: without other labels, it is told."""
    for one in asked:
        mask = right_mask(predicted, one)
        other = np.where(mask > 0, 3 - mask, 0).astype(np.uint8)
        verdict = only(predicted, save(one, mask=other))
        assert (verdict.outcome, verdict.code) == ("quarantined", "exchanged")
        assert "bone and implant exchanged" in verdict.message
        own, back = (verdict.figures[name] for name in ("agreement", "agreement_exchanged"))
        assert float(back) > float(own)


def test_what_is_no_exchange() -> None:
    right = np.repeat(np.arange(4, dtype=np.uint8), 100).reshape(20, 20)
    classes = Classes(names=("background", "bone", "layer", "implant"))
    order = np.array([0, 2, 3, 1], np.uint8)
    assert check_exchanged(order[right], right, classes), "three of them, in a ring"
    assert check_exchanged(255 * (right == 9) + order[right], right, classes)
    assert not check_exchanged(right, right, classes)
    merged = np.array([0, 1, 1, 3], np.uint8)
    assert not check_exchanged(right, merged[right], classes), "the network takes layer for bone"
    assert not check_exchanged(merged[right], right, classes), "or the annotator does"
    gone = np.array([0, 0, 1, 3], np.uint8)
    assert not check_exchanged(right, gone[right], classes)
    few = right.copy()
    few[5, :5], few[10, :5] = 2, 1
    assert not check_exchanged(few, right, classes)


def test_islands_and_holes_are_noted(project: Project, asked: Asked, save: Save) -> None:
    mask = right_mask(project, asked[0])
    mask[1, 1] = mask[1, 4] = 2
    mask[tuple(np.argwhere(mask == 2)[-20])] = 0
    verdict = only(project, save(asked[0], mask=mask))
    assert verdict.outcome == "accepted"
    [note] = verdict.notes
    assert (note.code, dict(note.figures)) == ("islands", {"islands": 2, "holes": 1})
    assert [one.code for one in project.label_checks(asked[0])] == ["islands"]
    assert np.array_equal(label_of(project, asked[0]), mask)


def flooded(mask: Array) -> list[tuple[int, int]]:
    """Class and size of each piece, pixel by pixel."""
    left = {(int(y), int(x)) for y, x in np.ndindex(*mask.shape)}
    found = []
    while left:
        edge, value, size = [left.pop()], None, 0
        while edge:
            y, x = edge.pop()
            value, size = int(mask[y, x]), size + 1
            for one in [(y + dy, x + dx) for dy in (-1, 0, 1) for dx in (-1, 0, 1)]:
                if one in left and mask[one] == value:
                    left.remove(one)
                    edge.append(one)
        assert value is not None
        found.append((value, size))
    return sorted(found)


masks = hnp.arrays(
    np.uint8,
    hnp.array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=12),
    elements=st.integers(0, 2),
)


@given(masks, st.integers(1, 30))
def test_small_pieces_are_those_that_flooding_finds(mask: Array, small: int) -> None:
    values, sizes = small_pieces(runs_of(mask), small)
    found = sorted(zip(values.tolist(), sizes.tolist(), strict=True))
    assert found == [piece for piece in flooded(mask) if piece[1] <= small]


def test_a_long_winding_piece_is_one() -> None:
    mask = np.zeros((61, 60), np.uint8)
    mask[::4] = 1
    mask[2::8, -1] = mask[1::8, -1] = mask[3::8, -1] = 1
    mask[6::8, 0] = mask[5::8, 0] = mask[7::8, 0] = 1
    pixels = int((mask == 1).sum())
    values, sizes = small_pieces(runs_of(mask), mask.size)
    assert sizes[values == 1].tolist() == [pixels]
    values, _ = small_pieces(runs_of(mask), pixels - 1)
    assert 1 not in values


@given(masks)
def test_counts_are_those_of_the_pixels(mask: Array) -> None:
    values, pixels = np.unique(mask, return_counts=True)
    wanted = dict(zip(values.tolist(), pixels.tolist(), strict=True))
    assert runs_of(mask).counts() == wanted
    shifted = {value - 70_000: number for value, number in wanted.items()}
    assert runs_of(mask.astype(np.int64) - 70_000).counts() == shifted


levels = st.sampled_from(["refuse", "quarantine", "note"])
changeable = st.sampled_from([check.code for check in CHECKS if not check.fixed])


@given(st.dictionaries(changeable, levels), st.lists(changeable), st.booleans(), st.booleans())
def test_the_strictest_decides(
    changed: dict[str, str], fired: list[str], unasked: bool, trust: bool
) -> None:
    rules = Rules(changed, unasked, trust)  # type: ignore[arg-type]
    ranked = rules.ranked(Remark(code, "") for code in fired)
    assert {remark.code for remark in ranked} == set(fired)
    assert len(ranked) == len(set(fired))
    strictness = [("refuse", "quarantine", "note").index(remark.level) for remark in ranked]
    assert strictness == sorted(strictness)
    if trust:
        assert all(remark.level != "quarantine" for remark in ranked)
    for remark in ranked:
        if remark.code in changed and not trust and not unasked:
            assert remark.level == changed[remark.code]


def test_trust_takes_what_would_be_quarantined_and_nothing_else(
    project: Project, asked: Asked, save: Save
) -> None:
    flipped = save(asked[0], mask=np.fliplr(right_mask(project, asked[0])))
    verdict = only(project, flipped, trust=True)
    assert verdict.outcome == "accepted"
    strict = set_level(project, empty="refuse")
    empty = save(asked[1], mask=np.zeros_like(right_mask(project, asked[1])))
    assert only(strict, empty, trust=True).outcome == "refused"


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('orientatoin = "note"', 'no check is named "orientatoin"; did you mean "orientation"?'),
        ('nothing = "note"', "those that can be changed: not-asked"),
        (
            'shape = "note"',
            '"shape" cannot be weakened to "note": where it has another size than its slice',
        ),
        ('values = "quarantine"', '"values" cannot be weakened to "quarantine"'),
        ('empty = "ignore"', "should be 'refuse', 'quarantine' or 'note', not 'ignore'"),
    ],
)
def test_faults_in_the_levels(folder: Path, line: str, message: str) -> None:
    with (folder / "altui.toml").open("a") as config:
        config.write(f"[import.checks]\n{line}\n")
    with pytest.raises(AltuiError) as caught:
        Project.open(folder)
    assert message in caught.value.message
    assert "[import.checks]" in caught.value.message or "[import] checks" in caught.value.message


def test_what_cannot_be_changed_may_be_written_down(folder: Path) -> None:
    with (folder / "altui.toml").open("a") as config:
        config.write('[import.checks]\nshape = "refuse"\n')
    Project.open(folder)


def test_every_code_is_in_the_registry() -> None:
    """Whatever the source makes a Refusal or a Remark of."""
    used = set()
    for path in (ROOT / "src" / "altui").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                first = node.args[0] if node.args else None
                if node.func.id in ("Refusal", "Remark") and isinstance(first, ast.Constant):
                    used.add(first.value)
    assert len(used) > 25
    assert used - set(BY_CODE) == set()
    assert {check.code for check in CHECKS if not check.fixed} <= used


def test_the_docs_have_every_check() -> None:
    rows = re.findall(r"^\| `([\w-]+)` \| (\w+) \| (.*?) \| (.*?) \|$", CHECKS_PAGE, re.M)
    assert [row[0] for row in rows] == [check.code for check in CHECKS if not check.fixed]
    for code, level, summary, figures in rows:
        check = BY_CODE[code]
        assert (level, summary) == (check.level, check.summary)
        assert tuple(re.findall(r"`(\w+)`", figures)) == check.figures
    for check in CHECKS:
        assert f"`{check.code}`" in CHECKS_PAGE


CHECKS_PAGE = (ROOT / "docs" / "checks.md").read_text()
