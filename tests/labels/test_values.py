"""From a file's values, colours and names to class ids; nothing undeclared slips through."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from altui.labels.formats.base import Pixels
from altui.labels.formats.label_map import LabelMap
from altui.labels.values import to_class_ids
from altui.labels.verdict import Refusal
from tests.labels.reading import config, ids

MASK = (np.arange(40 * 48).reshape(40, 48) // 500).astype(np.uint8)
TABLE = np.array([[0, 0, 0], [255, 0, 0], [0, 255, 0], [0, 0, 255]], np.uint8)
OWN = np.array([(0, 0, 0), (86, 180, 233), (230, 159, 0), (0, 114, 178)], np.uint8)
DECLARED = {"#000000": "background", "#FF0000": "Bone", "#00ff00": 2, "#0000ff": "implant"}
NAMES = {1: "BONE", 2: "Degradation_Layer", 3: "implant"}


def refused(pixels: Pixels, **tables: Any) -> Refusal:
    with pytest.raises(Refusal) as caught:
        ids(pixels, config(**tables))
    return caught.value


def test_class_ids_stand_for_themselves() -> None:
    assert np.array_equal(ids(Pixels(MASK)), MASK)
    assert np.array_equal(ids(Pixels(MASK.astype(np.float32))), MASK)
    assert np.array_equal(ids(Pixels(MASK.astype(np.int8))), MASK)


def test_values_by_the_config() -> None:
    given = config(values={"3": "bone", "-1": "ignore", "1": "implant"})
    mask = MASK.astype(np.int8)
    mask[0, 0] = -1
    wanted = np.array([0, 3, 2, 1])[MASK]
    wanted[0, 0] = 255
    assert np.array_equal(ids(Pixels(mask), given), wanted)


def test_a_two_class_mask() -> None:
    binary = Pixels((MASK > 1) * np.uint8(255))
    two = config(("background", "bone"))
    assert np.array_equal(ids(binary, two), MASK > 1)
    assert set(np.unique(ids(binary))) == {0, 255}, "of four classes it is not known which"
    ignored = config(("background", "bone"), values={"255": "ignore"})
    assert set(np.unique(ids(binary, ignored))) == {0, 255}
    assert set(np.unique(ids(Pixels(np.full((4, 4), 255, np.uint8)), two))) == {255}


def test_colours_by_the_config() -> None:
    assert np.array_equal(ids(Pixels(TABLE[MASK]), config(colours=DECLARED)), MASK)


def test_colours_by_the_labelmap() -> None:
    beside = {"_000000": "background", "_ff0000": "bone", "_00ff00": "degradation layer"}
    assert np.array_equal(ids(Pixels(TABLE[MASK]), None, **beside, _0000ff="implant"), MASK)
    with pytest.raises(Refusal, match='#0000ff \\(420 pixels\\) is "screw"'):
        ids(Pixels(TABLE[MASK]), None, **beside, _0000ff="screw")


def test_a_declared_colour_explains_a_label_that_is_no_class() -> None:
    beside = {"_000000": "background", "_ff0000": "x", "_0000ff": "implant"}
    given = config(colours={"#ff0000": "bone", "#00ff00": 2})
    assert np.array_equal(ids(Pixels(TABLE[MASK]), given, **beside), MASK)


def test_the_labelmap_and_the_config_may_not_differ() -> None:
    beside = {"_000000": "background", "_ff0000": "bone", "_00ff00": "bone", "_0000ff": "implant"}
    with pytest.raises(Refusal, match="#00ff00 .* remove that line") as caught:
        ids(Pixels(TABLE[MASK]), config(colours={"#00ff00": 2}), **beside)
    assert caught.value.code == "colours"
    assert '"bone" by the label map beside it, but "degradation layer"' in caught.value.message
    unused = config(colours={"#00ff00": 2})
    assert np.array_equal(ids(Pixels(TABLE[MASK % 2]), unused, **beside), MASK % 2)
    named = config(colours={"#000000": "ignore"}, names={"background": "ignore"})
    assert ids(Pixels(TABLE[MASK]), named, **beside)[0, 0] == 255


def test_labels_that_share_a_colour() -> None:
    both = LabelMap({0: ("background",), 0xFF0000: ("bone", "implant")}, {})
    with pytest.raises(Refusal, match='is both "bone" and "implant" in the label map'):
        to_class_ids(Pixels(TABLE[MASK % 2]), config(), both)
    alike = LabelMap({0: ("background",), 0xFF0000: ("bone", "Bone")}, {})
    assert np.array_equal(to_class_ids(Pixels(TABLE[MASK % 2]), config(), alike), MASK % 2)


def test_undeclared_colours_are_told_with_their_pixels() -> None:
    picture = TABLE[MASK]
    picture[0, :7] = (255, 0, 1)
    picture[1, :2] = (9, 200, 77)
    refusal = refused(Pixels(picture), colours=DECLARED)
    assert refusal.code == "colours"
    assert "#ff0001 (7 pixels), #09c84d (2 pixels)" in refusal.message
    mapped = {**DECLARED, "#ff0001": "ignore", "#09c84d": 1}
    assert ids(Pixels(picture), config(colours=mapped))[0, 0] == 255


def test_anti_aliased_edges_are_named() -> None:
    picture = Image.fromarray(TABLE[MASK]).resize((96, 80), Image.Resampling.BILINEAR)
    refusal = refused(Pixels(np.array(picture)), colours=DECLARED)
    assert refusal.code == "anti-aliased"
    assert "blends" in refusal.message


@pytest.mark.parametrize("way", [Image.Resampling.BICUBIC, Image.Resampling.LANCZOS])
@pytest.mark.parametrize("table", [TABLE, OWN], ids=["declared", "of bundles"])
def test_smoothed_edges_of_what_is_thin_are_named(
    table: npt.NDArray[Any], way: Image.Resampling
) -> None:
    """Where three classes meet, and where a filter overshoots, a colour is between no two."""
    mask = np.zeros((200, 200), np.intp)
    for row in range(20, 180, 16):
        mask[row : row + 2] = row // 16 % 3 + 1
        mask[row + 2 : row + 3, 10:150] = row // 16 % 2 + 1
    picture = Image.fromarray(table[mask])
    smoothed = picture.resize((410, 410), way).resize((200, 200), way)
    declared = DECLARED if table is TABLE else {}
    assert refused(Pixels(np.array(smoothed)), colours=declared).code == "anti-aliased"


def test_a_region_between_two_colours_is_no_edge() -> None:
    """A class that nobody declared, of a colour that is a blend of two that are."""
    picture = TABLE[MASK]
    picture[5:15, 5:30] = (128, 0, 128)
    assert refused(Pixels(picture), colours=DECLARED).code == "colours"
    thin = TABLE[MASK]
    thin[:, 20:22] = (128, 0, 128)
    assert refused(Pixels(thin), colours=DECLARED).code == "anti-aliased"


def test_a_two_class_mask_saved_in_rgb() -> None:
    picture = np.stack([(MASK > 1) * np.uint8(255)] * 3, axis=-1)
    assert np.array_equal(ids(Pixels(picture), config(("background", "bone"))), MASK > 1)


def test_values_by_a_label_map() -> None:
    names = {0: ("Clear Label",), 1: ("Implant",), 3: ("bone",), 7: ("cement",)}
    shown = to_class_ids(Pixels(MASK), config(), LabelMap({}, names))
    assert np.array_equal(shown, np.array([0, 3, 2, 1])[MASK])
    mask = MASK.copy()
    mask[0, 0] = 7
    with pytest.raises(Refusal, match='value 7 .1 pixel. is "cement", which is no class'):
        to_class_ids(Pixels(mask), config(), LabelMap({}, names))
    with pytest.raises(Refusal, match='value 3 .* is "bone" by the label map .* but "implant"'):
        to_class_ids(Pixels(MASK), config(values={"3": "implant"}), LabelMap({}, names))


def test_no_colour_is_declared() -> None:
    assert refused(Pixels(TABLE[MASK])).code == "rgb"
    grey = np.stack([MASK] * 3, axis=-1)
    assert np.array_equal(ids(Pixels(grey)), MASK), "a grey picture saved as RGB"


def test_the_colours_of_bundles_need_no_declaration() -> None:
    picture = OWN[MASK]
    picture[0, :3] = 128
    wanted = MASK.copy()
    wanted[0, :3] = 255
    assert np.array_equal(ids(Pixels(picture)), wanted)
    turned = Pixels(3 - MASK, palette=OWN[::-1])
    assert np.array_equal(ids(turned), MASK), "as the colours say, not the palette's order"
    picture[9, 9] = (86, 180, 232)
    assert refused(Pixels(picture)).code == "anti-aliased"
    declared = refused(Pixels(OWN[MASK]), colours=DECLARED)
    assert declared.code == "colours", "what the config declares is all that counts"
    greys = Pixels(np.minimum(MASK, 1), palette=np.array([(0, 0, 0), (128, 128, 128)], np.uint8))
    assert np.array_equal(ids(greys), np.minimum(MASK, 1))


def test_what_is_transparent_is_background() -> None:
    clear = MASK == 3
    mask = ids(Pixels(TABLE[MASK], clear=clear), config(colours=DECLARED))
    assert np.array_equal(mask, np.where(clear, 0, MASK))


def test_palettes() -> None:
    shuffled = TABLE[[3, 2, 1, 0]]
    pixels = Pixels(3 - MASK, palette=shuffled)
    assert np.array_equal(ids(pixels), 3 - MASK), "without declared colours, the indices count"
    assert np.array_equal(ids(pixels, config(colours=DECLARED)), MASK)
    [first, *others] = DECLARED.items()  # black, which many palettes begin with
    assert np.array_equal(ids(pixels, config(colours=dict([first]))), 3 - MASK)
    refusal = refused(pixels, colours=dict(others))
    assert (refusal.code, "#000000" in refusal.message) == ("colours", True)


def test_names() -> None:
    assert np.array_equal(ids(Pixels(MASK, NAMES)), MASK)
    shuffled = {9: "bone", 5: "degradation-layer", 7: "implant"}
    values = np.array([0, 9, 5, 7])[MASK]
    assert np.array_equal(ids(Pixels(values, shuffled)), MASK)
    assert refused(Pixels(MASK, {**NAMES, 3: "Implants"})).code == "names"
    assert "did you mean" in refused(Pixels(MASK, {**NAMES, 3: "Implants"})).message
    named = config(names={"implants": "implant"})
    assert np.array_equal(ids(Pixels(MASK, {**NAMES, 3: "Implants"}), named), MASK)
    refusal = refused(Pixels(MASK, {1: "bone", 2: "implant"}))
    assert (refusal.code, "420 pixels" in refusal.message) == ("values", True)
    assert np.array_equal(ids(Pixels(MASK % 2, {**NAMES, 8: "unused"})), MASK % 2)
