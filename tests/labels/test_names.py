"""A file's name finds its slice, or is refused; it never finds another slice."""

import re
from pathlib import PurePosixPath

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from altui.labels.counting import from_one
from altui.labels.names import ENDINGS, find_slice, fold
from altui.labels.verdict import Refusal
from altui.slices import SliceId

SAMPLES = {"screw03": 1000, "screw1": 1000, "screw10": 1000, "bone.2": 12, "left": 12, "12": 20}
HELD_OUT = {"screw1-b": "validation", "Left-Test": "test"}


def found(name: str) -> str:
    return str(find_slice(PurePosixPath(name), SAMPLES, HELD_OUT))


def code(name: str) -> str:
    with pytest.raises(Refusal) as caught:
        find_slice(PurePosixPath(name), SAMPLES, HELD_OUT)
    return caught.value.code


@pytest.mark.parametrize(
    "name",
    [
        "screw03_z0412.tif",
        "screw03_z0412.TIFF",
        "screw03_z0412_mask.png",
        "mask_Screw03-Z412.tiff",
        "screw03_z0412.ome.tif",
        "screw03_z0412.tif.png",
        "screw03/0412.png",
        "SCREW03/slice_412_mask.png",
        "screw03/z0412 (1).png",
        "screw03/seg_v2_412.png",
        "my screw03 masks/412.tif",
        "screw03_412_labels.tif",
        "screw03_412 (2).tif",
        "screw03-412 - Copy (3).tif",
        "screw03 412 copy.tif",
        "screw03_412 copy 2.tif",
        "screw03_slice=412.tif",
        "screw03.z412.png",
        "screw03_index_00412_edited_v3.tif",
        "2024-05-03_screw03_z0412.tif",
        "anna (2) screw03_z0412_2.png",
        "z0412_screw03.tif",
        "screw03z0412.tif",
        "mask-Screw03Z412_v2.png",
        "screw03_screw03_z0412.png",
        "left/screw03_z0412.png",
        "screw030412.tif",  # ImageJ's image sequences
        "Screw030412.PNG",
        "screw03/screw030412.tif",
        "screw03_412_2026-11-25.tif",
        "20261125_screw03_0412.png",
        "screw03_2026.11.25_z412.tif",
        "screw03_z0412/mask.png",
        "left/screw03_z0412_json/label.png",
    ],
)
def test_usual_variations(name: str) -> None:
    assert found(name) == "screw03:412"


@pytest.mark.parametrize(
    ("name", "slice_id"),
    [
        ("screw1_z010.tif", "screw1:10"),
        ("screw10_z001.tif", "screw10:1"),
        ("screw10_z1 (1).tif", "screw10:1"),
        ("bone.2_z03.tif", "bone.2:3"),
        ("z03_bone.2.tif", "bone.2:3"),
        ("bone.2/03.png", "bone.2:3"),
        ("12_z03.tif", "12:3"),
        ("task_7_12_z03.tif", "12:3"),
        ("12/03.tif", "12:3"),
        ("screw1/12.tif", "screw1:12"),
        ("screw1/left_z03.tif", "left:3"),
    ],
)
def test_names_that_hold_numbers_and_other_names(name: str, slice_id: str) -> None:
    assert found(name) == slice_id


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("screw4_z0412.tif", "no-such-slice"),
        ("screw100_z0412.tif", "no-such-slice"),
        ("screw03412.tif", "no-such-slice"),
        ("screw100012.tif", "ambiguous"),
        ("screw1/screw030412.tif", "ambiguous"),
        ("screw03_2026-11-25.tif", "no-such-slice"),
        ("screw03_12/mask.tif", "no-such-slice"),
        ("mask.tif", "no-such-slice"),
        (".tif", "no-such-slice"),
        ("screw03.tif", "no-such-slice"),
        ("screw03 (1).tif", "no-such-slice"),
        ("screw03_v2.tif", "no-such-slice"),
        ("412_screw03.tif", "no-such-slice"),
        ("screw03_1.5.tif", "no-such-slice"),
        ("screw03_z1000.tif", "no-such-slice"),
        ("screw03_z" + "9" * 200 + ".tif", "no-such-slice"),
        ("screw03/screw99_z0412.png", "ambiguous"),
        ("screw03/12_13.png", "ambiguous"),
        ("screw03_412_2.tif", "ambiguous"),
        ("screw03_z412_z413.tif", "ambiguous"),
        ("screw1_screw03_z0412.tif", "ambiguous"),
        ("screw1_3_z0412.tif", "ambiguous"),
        ("z0412_screw1_3.tif", "ambiguous"),
        ("screw03 left/412.tif", "ambiguous"),
        ("screw1-b_z003.tif", "held-out"),
        ("mask_screw1-B_3.png", "held-out"),
        ("left-test/z003.tif", "held-out"),
    ],
)
def test_refused(name: str, why: str) -> None:
    assert code(name) == why


@pytest.mark.parametrize(
    "name",
    [
        "screw_03_z0412.tif",
        "screw3_412.png",
        "SCREW-003 z412 (1).tif",
        "mask_screw.03_412_v2.tif",
        "screw 3/z0412.png",
        "screw_03/412.tif",
        "screw3z0412.tif",
        "z412_screw-3.tif",
        "screw03/screw_3_412.tif",
    ],
)
def test_the_samples_number_written_otherwise(name: str) -> None:
    assert found(name) == "screw03:412"


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("screw_30_z0412.tif", "no-such-slice"),
        ("screw_3.tif", "no-such-slice"),
        ("screw_3412.tif", "no-such-slice"),
        ("screw_3_412_2.tif", "ambiguous"),
        ("left/screw_3_412.tif", "ambiguous"),  # "left/screw03_412.tif" says what it means
        ("screw_3_left_z4.tif", "ambiguous"),
        ("left test_z3.tif", "ambiguous"),
        ("lefttest_z3.tif", "held-out"),
        ("screw_1_b_z3.tif", "held-out"),
        ("bone_2_z99.tif", "no-such-slice"),
    ],
)
def test_written_otherwise_and_refused(name: str, why: str) -> None:
    assert code(name) == why


@pytest.mark.parametrize("names", [("screw1", "screw01"), ("screw01", "screw_01"), ("s-1", "s 1")])
def test_samples_alike_but_for_punctuation_and_padding(names: tuple[str, ...]) -> None:
    """Each by its own name; any other spelling may be either."""
    samples = dict.fromkeys(names, 1000)
    for name in names:
        assert find_slice(PurePosixPath(f"{name}_z0412.tif"), samples) == (name, 412)
        assert find_slice(PurePosixPath(f"{name}/412.tif"), samples) == (name, 412)
    other = f"{names[0][:-1].rstrip('0_- ')}.001"
    for name in (f"{other}_z412.tif", f"{other}/412.tif"):
        with pytest.raises(Refusal, match="may be") as caught:
            find_slice(PurePosixPath(name), samples)
        assert caught.value.code == "ambiguous"
        assert all(f"{one}:412" in caught.value.message for one in names) or "/" in name


def test_another_sample_is_written_so() -> None:
    """ "screw" and a number may be "screw01" and one more."""
    samples = {"screw": 1000, "screw01": 1000}
    for name, may_be in (
        ("screw_1_412.tif", "screw01:412"),
        ("screw_1_1.tif", "screw:1, screw01:1"),
    ):
        with pytest.raises(Refusal, match=f"it may be .*{may_be}"):
            find_slice(PurePosixPath(name), samples)
    assert find_slice(PurePosixPath("screw_412.tif"), samples) == ("screw", 412)
    assert find_slice(PurePosixPath("screw01_412.tif"), samples) == ("screw01", 412)
    assert find_slice(PurePosixPath("screw_1.tif"), samples) == ("screw", 1)


def test_index_outside_names_the_slice() -> None:
    with pytest.raises(Refusal, match="slices 0 to 11") as caught:
        find_slice(PurePosixPath("bone.2_z12.tif"), SAMPLES)
    assert caught.value.slice == SliceId("bone.2", 12)


def shifted(*names: str) -> dict[str, str]:
    found = from_one(map(PurePosixPath, names), SAMPLES, HELD_OUT)
    return {str(name): str(slice_id) for name, slice_id in found.items()}


def test_numbers_from_1_are_told_by_the_last_slice() -> None:
    every = [f"bone.2/{number:02d}.png" for number in range(1, 13)]
    assert shifted(*every) == {name: f"bone.2:{i}" for i, name in enumerate(every)}
    assert shifted("bone.2_5.tif", "bone.2_12.tif") == {
        "bone.2_5.tif": "bone.2:4",
        "bone.2_12.tif": "bone.2:11",
    }


@pytest.mark.parametrize(
    "names",
    [
        ["bone.2/12.png"],  # alone, it may be a slip
        ["bone.2/5.png", "bone.2/11.png"],
        ["bone.2/0.png", "bone.2/12.png"],
        ["bone.2/5.png", "bone.2/12.png", "bone.2/13.png"],
        ["bone.2/5.png", "bone.2/mask 12.png"],
        ["a/bone.2_5.png", "b/bone.2_12.png"],
        ["bone.2_z05.png", "bone.2_z12.png"],  # as altui names them, from 0
        ["screw1-b_5.png", "screw1-b_12.png"],
        ["", "x", "screw03_1_2.png"],
    ],
)
def test_otherwise_they_count_from_0(names: list[str]) -> None:
    assert not shifted(*names)


def test_the_candidates_are_told() -> None:
    for name, may_be in (
        ("screw03_412_2.tif", "screw03:2, screw03:412"),
        ("screw1_screw03_z0412.tif", "screw03:412, screw1:412"),
        ("bone.2_12.tif", "--slice bone.2:11"),
    ):
        with pytest.raises(Refusal) as caught:
            find_slice(PurePosixPath(name), SAMPLES, HELD_OUT)
        assert may_be in caught.value.message
        assert "--slice" in caught.value.message


def test_accents_however_they_are_stored() -> None:
    assert find_slice(PurePosixPath("GRO\u0308SSE_z1.tif"), {"größe": 3}) == ("größe", 1)


def test_names_alike_but_for_case_are_refused() -> None:
    alike = {"s1": 9, "\u017f1": 9}  # a long s: config's lower() keeps them apart
    with pytest.raises(Refusal, match="several samples"):
        find_slice(PurePosixPath("s1_z001.tif"), alike)


LETTERS = "abZß\u00e90123_"
NAMES = st.builds(
    str.__add__, st.sampled_from(LETTERS), st.text(LETTERS + ".-", max_size=6)
) | st.sampled_from(
    ["screw", "screw1", "screw10", "screw_1", "screw-1", "screw.1", "a_b", "b_c", "1", "12", "z1"]
)
SETS = st.lists(NAMES, min_size=1, max_size=6, unique_by=fold)


@given(SETS, st.data())
def test_exact_names_always_find_their_slice(names: list[str], data: st.DataObject) -> None:
    sample = data.draw(st.sampled_from(names))
    slices = data.draw(st.integers(1, 20_000))
    slice_id = SliceId(sample, data.draw(st.integers(0, slices - 1)))
    ending = data.draw(st.sampled_from([".tif", ".TIFF", ".ome.tif", ".png"]))
    name = slice_id.file_stem(slices) + ending
    name = name.upper() if data.draw(st.booleans()) else name
    assume(fold(name) == fold(slice_id.file_stem(slices) + ending))
    assume(not ENDINGS.search(fold(sample)))
    assert find_slice(PurePosixPath(name), dict.fromkeys(names, slices)) == slice_id


NOISE = st.text("0123456789_- ().", max_size=6)
WORDS = st.sampled_from(["", "mask", "labels", "copy of", "v2", "final_3", "(1)", "task-17"])
# Digits that touch the index or the name would be another index, another name.
BEFORE = st.just("") | st.builds("{}{}{}".format, NOISE, WORDS, st.sampled_from("_- ()."))
BEHIND = st.just("") | st.builds("{}{}{}".format, st.sampled_from("_- ("), WORDS, NOISE)


@settings(max_examples=300)
@given(
    SETS,
    st.data(),
    BEFORE,
    BEHIND,
    st.sampled_from(["_z", "-Z", " z", "_", "-", " ", "_slice_", "/", "/z"]),
    st.integers(0, 5),
)
def test_never_a_wrong_slice(
    names: list[str],
    data: st.DataObject,
    before: str,
    behind: str,
    link: str,
    padding: int,
) -> None:
    sample, index = data.draw(st.sampled_from(names)), data.draw(st.integers(0, 999))
    name = f"{before}{sample}{link}{'0' * padding}{index}{behind}.png"
    # Another sample's name inside, made by the parts together, is what the name then says.
    others = [other for other in names if other != sample]
    assume(not any(fold(other) in fold(name) and other not in sample for other in others))
    try:
        answer = find_slice(PurePosixPath(name), dict.fromkeys(names, 1000))
    except Refusal:
        return
    assert answer == SliceId(sample, index)


STEMS, LINKS = st.sampled_from(["s", "screw", "bone", "a.b"]), st.sampled_from("_-. ")
NUMBERED = st.builds(
    "{}{}{}".format, STEMS, LINKS | st.just(""), st.integers(0, 20).map(str) | st.just("07")
)


@given(st.lists(NUMBERED, min_size=1, max_size=6, unique_by=fold), st.data())
def test_another_spelling_finds_the_only_sample_that_it_may_be(
    names: list[str], data: st.DataObject
) -> None:
    sample, index = data.draw(st.sampled_from(names)), data.draw(st.integers(0, 999))
    digits = sample[len(sample.rstrip("0123456789")) :]
    stem = sample.removesuffix(digits).rstrip("_-. ")
    padded = "0" * data.draw(st.integers(0, 3)) + (digits.lstrip("0") or "0")
    written = stem + data.draw(LINKS | st.just("")) + padded
    link = data.draw(st.sampled_from(["_z", " z", "z", "_slice_"]))
    path = PurePosixPath(data.draw(st.sampled_from(["", "masks/"])) + f"{written}{link}{index}.png")
    own = [name for name in names if fold(name) == fold(written)]
    key = (stem, int(digits))
    may_be = own or [
        name
        for name in names
        if (name.rstrip("0123456789").rstrip("_-. "), int(re.sub(r".*\D", "", name))) == key
    ]
    if len(may_be) == 1:
        assert find_slice(path, dict.fromkeys(names, 1000)) == (may_be[0], index)
    else:
        with pytest.raises(Refusal, match="several samples") as caught:
            find_slice(path, dict.fromkeys(names, 1000))
        assert all(f"{name}:{index}" in caught.value.message for name in may_be)


@given(st.text(max_size=40), SETS)
def test_any_text_is_a_slice_or_refused(text: str, names: list[str]) -> None:
    try:
        answer = find_slice(PurePosixPath(text), dict.fromkeys(names, 10))
    except Refusal:
        return
    assert answer.sample in names
    assert 0 <= answer.index < 10
