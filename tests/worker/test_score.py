"""Score components against their definitions, parts of a scoring, and maps."""

import math
from pathlib import Path

import numpy as np
import pytest
import tifffile
import torch
from hypothesis import given
from hypothesis import strategies as st

from altui.query.frozen import frozen
from altui.slices import SliceId
from altui.worker.committee import Assessment
from altui.worker.parts import Part, Parts, compressed, write_pages
from altui.worker.previous import agreement
from altui.worker.uncertainty import (
    FOREGROUND_MARGIN,
    Columns,
    components_of,
    dilated,
    highest,
    likeliest,
    measures_of,
    small,
)


def probabilities(seed: int, slices: int = 2, classes: int = 3) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.softmax(3 * torch.randn(slices, classes, 12, 15, generator=generator), 1)


def components(p: torch.Tensor, disagreement: torch.Tensor | None = None) -> Columns:
    assessment = Assessment(p, disagreement, torch.zeros(len(p), 7))
    return components_of(assessment, measures_of(assessment), p.argmax(1).to(torch.uint8))


@given(st.integers(0, 10_000))
def test_components_against_their_definitions(seed: int) -> None:
    p = probabilities(seed)
    p[0, 0, :, :9] += 5  # some background
    p /= p.sum(1, keepdim=True)
    predictions = p.argmax(1).numpy()
    disagreement = torch.rand(2, 12, 15, generator=torch.Generator().manual_seed(seed))
    found = components(p, disagreement)
    for index in range(len(p)):
        q = p[index].double().numpy()
        ordered = np.sort(q, 0)
        entropy = -(q * np.log(q)).sum(0) / math.log(3)
        measures = {
            "entropy": entropy,
            "margin": 1 - (ordered[-1] - ordered[-2]),
            "confidence": 1 - ordered[-1],
            "bald": disagreement[index].numpy(),
        }
        near = np.zeros((12, 15), bool)
        for row, column in np.argwhere(predictions[index] != 0):
            near[
                max(row - FOREGROUND_MARGIN, 0) : row + FOREGROUND_MARGIN + 1,
                max(column - FOREGROUND_MARGIN, 0) : column + FOREGROUND_MARGIN + 1,
            ] = True
        for name, values in measures.items():
            top = np.sort(values.ravel())[-2:]  # 1 % of 180 pixels
            for region, wanted in (("mean", values), ("foreground", values[near]), ("top", top)):
                assert np.isclose(found[f"{name}_{region}"][index], wanted.mean(), atol=1e-5)
        weighted = (q * entropy).mean((1, 2))
        assert np.allclose(found["class_entropy"][index], weighted, atol=1e-5)
        share = np.bincount(predictions[index].ravel(), minlength=3) / near.size
        assert np.allclose(found["class_fraction"][index], share, atol=1e-6)


def test_a_larger_slice_of_the_same_kind_has_the_same_scores() -> None:
    generator = torch.Generator().manual_seed(3)
    p = torch.softmax(3 * torch.randn(1, 3, 20, 20, generator=generator), 1)
    p[:, 0, :, :9] += 5  # some background
    p /= p.sum(1, keepdim=True)
    wide = torch.cat([p, p.flip(-1)], -1)  # mirrored: nothing new meets at the seams
    large = torch.cat([wide, wide.flip(-2)], -2)
    one, four = components(p), components(large)
    for name, values in one.items():
        assert torch.allclose(four[name], values, atol=1e-6), name


def test_extremes_of_uncertainty() -> None:
    even = torch.full((1, 4, 8, 8), 0.25)
    certain = torch.zeros(1, 4, 8, 8)
    certain[:, 0] = 1
    for p, entropy, margin, confidence in ((even, 1.0, 1.0, 0.75), (certain, 0.0, 0.0, 0.0)):
        found = components(p)
        # No foreground is predicted: then over all pixels.
        for region in ("mean", "foreground", "top"):
            assert found[f"entropy_{region}"].item() == pytest.approx(entropy, abs=1e-6)
            assert found[f"margin_{region}"].item() == margin
            assert found[f"confidence_{region}"].item() == confidence
        assert "bald_mean" not in found
    # A class that nothing hints at has no entropy.
    assert found["class_entropy"].tolist() == [[0, 0, 0, 0]]


@given(st.integers(0, 10_000), st.integers(2, 5))
def test_the_likeliest_class_is_the_arg_max(seed: int, classes: int) -> None:
    coarse = (4 * probabilities(seed, 2, classes)).round()  # with draws
    assert np.array_equal(likeliest(coarse).numpy(), coarse.numpy().argmax(1))


@given(st.integers(0, 10_000), st.integers(1, 70), st.data())
def test_the_highest_are_the_highest(seed: int, pixels: int, data: st.DataObject) -> None:
    generator = torch.Generator().manual_seed(seed)
    values = (20 * torch.rand(2, 3, pixels, generator=generator)).round()  # with draws
    wanted = data.draw(st.integers(1, pixels))
    found = highest(values, wanted).sort(2).values
    assert torch.equal(found, values.sort(2).values[..., -wanted:])


def test_dilation_grows_by_its_margin() -> None:
    one = torch.zeros(1, 20, 20, dtype=torch.bool)
    one[0, 10, 0] = True
    grown = dilated(one, 3)
    assert grown.sum() == 7 * 4
    assert grown[0, 7, 3]
    assert not grown[0, 6, 0]


def test_a_map_is_small_and_keeps_its_mean() -> None:
    maps = torch.rand(2, 300, 620)
    found = small(maps, 100)
    assert found.dtype == torch.uint8
    assert found.shape == (2, 48, 100)
    assert found.float().mean().item() / 255 == pytest.approx(maps.mean().item(), abs=0.01)
    assert small(maps[:, :20, :30], 100).shape == (2, 20, 30)


def test_agreement_leaves_out_what_was_not_predicted() -> None:
    before = np.array([[[0, 1], [255, 2]], [[255, 255], [255, 255]]], np.uint8)
    found = agreement(before, np.array([[[0, 1], [1, 1]]] * 2, np.uint8))
    assert found[0] == pytest.approx(2 / 3)
    assert np.isnan(found[1])


def test_the_frozen_part_is_spread_and_stays_as_samples_come_and_go() -> None:
    slices = {"a": 300, "b": 400, "c": 20}
    chosen = frozen(slices, 90)
    assert {name: sum(one.sample == name for one in chosen) for name in slices} == {
        "a": 30,
        "b": 30,
        "c": 20,
    }
    assert frozen({"b": 400, "d": 9, "a": 300}, 90) >= {s for s in chosen if s.sample != "c"}
    assert SliceId("a", max(one.index for one in chosen if one.sample == "a")).index > 200


def part_of(values: list[int], classes: int = 2) -> Part:
    images = np.stack([np.full((5, 6), value, np.uint8) for value in values])
    return Part(
        {"entropy_mean": np.array(values, np.float32)},
        np.full((classes, classes), len(values), np.int64),
        compressed(images),
        compressed(images[:, :2, :3]),
    )


def test_parts_go_on_up_to_the_first_that_is_missing_damaged_or_of_another_network(
    tmp_path: Path,
) -> None:
    parts = Parts(tmp_path, "key", seconds=0)
    parts.begin()
    for start in (0, 2, 4, 6):
        parts.add("a", start, part_of([start, start + 1]))
    parts.add("a@0-9", 0, part_of([7]))  # no sample's parts are taken for another's
    assert parts.done("a") == 8
    found = list(Parts(tmp_path, "key", 0).of("a"))
    assert [one.columns["entropy_mean"].tolist() for one in found] == [
        [0, 1],
        [2, 3],
        [4, 5],
        [6, 7],
    ]
    write_pages(tmp_path / "a.tif", (one.predictions for one in found), parts.size("a"))
    assert tifffile.imread(tmp_path / "a.tif").mean((1, 2)).tolist() == [*range(8)]
    (tmp_path / "scoring" / "a@4-6.npz").write_bytes(b"half of it")
    assert parts.done("a") == 4
    assert Parts(tmp_path, "another key", 0).done("a") == 0


def test_parts_are_gathered_until_it_is_time(tmp_path: Path) -> None:
    parts = Parts(tmp_path, "key", seconds=1e9)
    parts.begin()
    parts.add("a", 0, part_of([0, 1]))
    parts.add("a", 2, part_of([2]))
    assert parts.done("a") == 0
    parts.save("a", 3)
    (found,) = parts.of("a")
    assert found.columns["entropy_mean"].tolist() == [0, 1, 2]
    assert found.stability.tolist() == [[3, 3], [3, 3]]
