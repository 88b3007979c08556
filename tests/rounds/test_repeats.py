"""How far annotators agree, and how many slices must bear it out."""

import numpy as np
import pytest

from altui.report.status import agreement_text
from altui.rounds.gain import miou_interval
from altui.rounds.repeats import FEWEST, Agreement, agreements
from altui.store.history import Event, History, Label, Reading, Repeat

NAMES = ("background", "bone", "implant")
rng = np.random.default_rng(0)
MATRICES = [
    tuple(map(tuple, (np.eye(3, dtype=int) * 900 + rng.integers(0, 80, (3, 3))).tolist()))
    for _ in range(12)
]


def history(slices: list[int], reader: str = "carl") -> History:
    """One reading for each of `slices`, whose labels bob drew."""
    event = Event(1, "2026-01-01T00:00:00+00:00", "bob", "host", "import", 1, "", None)
    labels = {one: Label(one + 1, 1, "screw", one, "", "", "", "") for one in slices}
    repeats = [Repeat(n, 1, labels[one].id, reader, "") for n, one in enumerate(slices)]
    readings = [
        Reading(n, 1, n, "screw", one, "", "", "", "", reader, "", None, "", MATRICES[n])
        for n, one in enumerate(slices)
    ]
    return History(
        events=(event,),
        labels=tuple(labels.values()),
        repeats=tuple(repeats),
        readings=tuple(readings),
    )


def between(slices: list[int]) -> Agreement:
    found = agreements(history(slices), NAMES)
    assert found.between is not None
    assert found.within is None
    return found.between


def test_the_interval_is_over_slices() -> None:
    found = between(list(range(FEWEST)))
    wanted = miou_interval(tuple((f"screw:{n}", MATRICES[n]) for n in range(FEWEST)))
    assert found.interval == wanted
    assert wanted is not None
    assert found.miou is not None
    assert wanted[0] < found.miou < wanted[1]
    assert found.to_json()["slices"] == found.slices == FEWEST


@pytest.mark.parametrize("slices", [[0], list(range(FEWEST - 1)), [0, 1, 2, 3, 3, 3]])
def test_few_slices_bear_no_interval(slices: list[int]) -> None:
    found = between(slices)
    assert (found.readings, found.slices) == (len(slices), len(set(slices)))
    assert found.interval is None
    assert found.miou is not None


def test_readings_of_one_slice_count_as_one() -> None:
    found = between([0, 1, 2, 3, 4, 4])
    together = np.array(MATRICES[4]) + MATRICES[5]
    matrices = [*MATRICES[:4], tuple(map(tuple, together.tolist()))]
    assert found.interval == miou_interval(
        tuple((f"screw:{n}", matrix) for n, matrix in enumerate(matrices))
    )


def test_said_with_the_number_of_slices() -> None:
    rough = agreement_text(agreements(history([0, 1]), NAMES))
    assert f"an interval takes {FEWEST} slices" in rough
    assert " to " not in rough.split("\n")[1]
    found = agreements(history(list(range(FEWEST))), NAMES)
    assert found.between is not None
    assert found.between.interval is not None
    low, high = found.between.interval
    header, line, rest = agreement_text(found).split("\n")
    assert header.split()[-6:] == ["mean", "95", "%", *NAMES]
    assert f"{found.between.miou:.3f}  {low:.3f} to {high:.3f}" in line
    assert "takes" not in rest


def test_one_annotators_own_has_one_too() -> None:
    found = agreements(history(list(range(6)), reader="bob"), NAMES)
    assert found.within is not None
    assert found.within.interval is not None
    assert found.between is None
