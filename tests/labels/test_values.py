"""From a file's values, colours and names to class ids; nothing undeclared slips through."""

from typing import Any

import numpy as np
import pytest
from PIL import Image

from altui.labels.formats.base import Pixels
from altui.labels.verdict import Refusal
from tests.labels.reading import config, ids

MASK = (np.arange(40 * 48).reshape(40, 48) // 500).astype(np.uint8)
TABLE = np.array([[0, 0, 0], [255, 0, 0], [0, 255, 0], [0, 0, 255]], np.uint8)
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
    with pytest.raises(Refusal, match='#0000ff is "screw" \\(420 pixels\\)'):
        ids(Pixels(TABLE[MASK]), None, **beside, _0000ff="screw")


def test_a_declared_colour_goes_before_the_labelmap() -> None:
    beside = {"_000000": "background", "_ff0000": "x", "_00ff00": "bone", "_0000ff": "implant"}
    given = config(colours={"#ff0000": "bone", "#00ff00": 2})
    assert np.array_equal(ids(Pixels(TABLE[MASK]), given, **beside), MASK)


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


def test_no_colour_is_declared() -> None:
    assert refused(Pixels(TABLE[MASK])).code == "rgb"
    grey = np.stack([MASK] * 3, axis=-1)
    assert np.array_equal(ids(Pixels(grey)), MASK), "a grey picture saved as RGB"


def test_what_is_transparent_is_background() -> None:
    clear = MASK == 3
    mask = ids(Pixels(TABLE[MASK], clear=clear), config(colours=DECLARED))
    assert np.array_equal(mask, np.where(clear, 0, MASK))


def test_palettes() -> None:
    shuffled = TABLE[[3, 2, 1, 0]]
    pixels = Pixels(3 - MASK, palette=shuffled)
    assert np.array_equal(ids(pixels), 3 - MASK), "without declared colours, the indices count"
    assert np.array_equal(ids(pixels, config(colours=DECLARED)), MASK)


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
