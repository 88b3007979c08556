"""`altui init`: what it finds, and that what it writes can be read."""

import os
import re
import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from altui import AltuiError
from altui.cli import main
from altui.config import load
from altui.setup.guess import pair
from altui.setup.init import write_config
from altui.setup.plan import Plan, Planned, make_plan, unique
from altui.setup.stacks import Found, Search
from altui.setup.template import EXAMPLE, compose
from tests.setup.conftest import Stack


def samples(root: Path) -> dict[str, dict[str, Any]]:
    """What was written, by images."""
    text = (root / "altui.toml").read_text(encoding="utf-8")
    return {sample["images"]: sample for sample in tomllib.loads(text).get("samples", [])}


def test_stacks_and_folders_of_slices(tmp_path: Path, stack: Stack) -> None:
    stack("samples/screw01.tif")
    stack("samples/screw02.tif", (7, 30, 20))
    stack("samples/screw03")
    stack("masks/screw01.tif")
    stack("masks/screw02.tif", (7, 30, 20), top=3)
    stack("masks/screw03")
    (tmp_path / "notes.txt").write_text("no stack")
    written = write_config(tmp_path)
    found = samples(tmp_path)
    assert {s["images"]: (s["name"], s["masks"]) for s in found.values()} == {
        "samples/screw01.tif": ("screw01", "masks/screw01.tif"),
        "samples/screw02.tif": ("screw02", "masks/screw02.tif"),
        "samples/screw03": ("screw03", "masks/screw03"),
    }
    assert [s["split"] for s in found.values()] == ["train", "validation", "test"]
    config = load(tmp_path / "altui.toml")
    assert config.classes.names == ("background", "class 1", "class 2", "class 3")
    assert written.samples == 3
    [held] = [note for note in written.notes if "name them" in note]
    shares = re.findall(r"(\d): ([\d.]+) %", held)
    assert [value for value, _ in shares] == ["0", "1", "2", "3"]
    assert sum(float(share) for _, share in shares) == pytest.approx(100, abs=1)
    assert not any("not complete" in note for note in written.notes)


def test_a_class_of_one_slice_is_found_and_shares_are_of_every_pixel(
    tmp_path: Path, stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    stack("images/a.tif", (40, 16, 16))
    mask = np.zeros((40, 16, 16), np.uint8)
    mask[:, :4] = 1
    mask[7, 8:12, 8:12] = 2
    (tmp_path / "masks").mkdir()
    tifffile.imwrite(tmp_path / "masks" / "a.tif", mask)
    plan = make_plan(tmp_path)
    assert plan.guessed == ("background", "class 1", "class 2")
    assert plan.shares is not None
    assert plan.shares.of_ids == pytest.approx(np.bincount(mask.ravel()) / mask.size)
    assert str(plan.shares) == "0: 75 %, 1: 25 %, 2: 0.16 % of their pixels"
    monkeypatch.setattr("altui.setup.guess.PIXELS", 1)  # as where the masks are huge
    some = make_plan(tmp_path).shares
    assert str(some) == "0: 75 %, 1: 25 % of the pixels of some slices"


@pytest.mark.parametrize(
    ("images", "masks", "name"),
    [
        ("images/01.tif", "masks/01.tif", "01"),
        ("screw01/images", "screw01/masks", "screw01"),
        ("screw01/images.tif", "screw01/labels.tif", "screw01"),
        ("screw01.tif", "screw01_masks.tif", "screw01"),
        ("screw01.tif", "Screw01-Segmentation.tiff", "screw01"),
        ("screw01_raw.tif", "gt_screw01.tif", "screw01_raw"),
        ("screw01/screw01.tif", "screw01/screw01 ground truth.tif", "screw01"),
        ("screw01.v2/images", "screw01.v2/masks", "screw01.v2"),
        ("unlabelled/screw01.tif", "masks/screw01Mask.tif", "screw01"),
        ("[roi] 1/images", "[roi] 1/masks", "roi_1"),
        ("[roi]_01.ome.tif", "masks/[roi]_01.OME.tif", "roi_01"),
        ("a__b.tif", "masks/a__b.tif", "a__b"),
    ],
)
def test_masks_find_their_images(
    tmp_path: Path, stack: Stack, images: str, masks: str, name: str
) -> None:
    stack(images)
    stack(masks)
    write_config(tmp_path)
    assert samples(tmp_path) == {
        images: {"name": name, "split": "train", "images": images, "masks": masks}
    }


def test_masks_of_equal_names_go_by_their_folders(tmp_path: Path, stack: Stack) -> None:
    for folder in ("train", "val", "test"):
        stack(f"{folder}/images/01.tif")
        stack(f"{folder}/masks/01.tif")
    write_config(tmp_path)
    for folder, split in (("train", "train"), ("val", "validation"), ("test", "test")):
        sample = samples(tmp_path)[f"{folder}/images/01.tif"]
        assert (sample["split"], sample["masks"]) == (split, f"{folder}/masks/01.tif")
    load(tmp_path / "altui.toml")


def test_doubtful_masks_are_left_out(tmp_path: Path, stack: Stack) -> None:
    stack("a/s.tif")
    stack("b/s.tif")
    stack("masks/s.tif")  # of which?
    stack("t.tif", (5, 20, 24))
    stack("masks/t.tif")  # of another size
    stack("masks2/u.tif", (9, 9, 9))
    stack("u.tif", (9, 9, 9))
    stack("labels/u.tif", (9, 9, 9))  # which of the two?
    written = write_config(tmp_path)
    assert not any("masks" in sample for sample in samples(tmp_path).values())
    assert any("4 stacks of masks" in note for note in written.notes)


def test_a_test_sample_without_masks_stays_out_of_training(tmp_path: Path, stack: Stack) -> None:
    stack("train/s1.tif")
    stack("test/s2.tif")
    written = write_config(tmp_path)
    assert samples(tmp_path)["test/s2.tif"]["split"] == "test"
    assert any("not complete yet: " in note and "s2" in note for note in written.notes)


def test_words_for_splits_in_every_path_say_nothing(tmp_path: Path, stack: Stack) -> None:
    for number in range(4):
        stack(f"test data/s{number}.tif")
        stack(f"test data/s{number}_mask.tif")
    write_config(tmp_path)
    splits = [sample["split"] for sample in samples(tmp_path).values()]
    assert splits == ["train", "train", "validation", "test"]


def test_held_out_samples_have_masks(tmp_path: Path, stack: Stack) -> None:
    for number in range(9):
        stack(f"s{number}.tif", (3, 8, 8))
        if number % 2:
            stack(f"s{number}_mask.tif", (3, 8, 8))
    write_config(tmp_path)
    config = load(tmp_path / "altui.toml")
    assert [s.name for s in config.split("validation")] == ["s5"]
    assert [s.name for s in config.split("test")] == ["s7"]


def test_nothing_to_find(tmp_path: Path) -> None:
    written = write_config(tmp_path / "new" / "project", "My project")
    assert written.samples == 0
    assert any("no stack was found" in note for note in written.notes)
    assert tomllib.loads(written.path.read_text())["project"]["name"] == "My project"
    example = "\n".join(line.removeprefix("# ") for line in EXAMPLE.splitlines())
    assert tomllib.loads(example)["samples"][0]["name"] == "screw01"


def test_defaults_in_comments_are_the_defaults(tmp_path: Path, stack: Stack) -> None:
    for number in range(3):
        stack(f"s{number}.tif")
        stack(f"s{number}_mask.tif")
    path = write_config(tmp_path).path
    as_written = load(path)
    head, tail = path.read_text().split("[query]")
    uncommented = [line.removeprefix("# ") for line in tail.splitlines()]
    path.write_text(head + "[query]\n" + "\n".join(uncommented))
    assert load(path) == as_written


def test_never_over_an_old_one(tmp_path: Path) -> None:
    (tmp_path / "altui.toml").write_text("mine")
    with pytest.raises(AltuiError, match="is there already"):
        write_config(tmp_path)
    assert (tmp_path / "altui.toml").read_text() == "mine"
    (tmp_path / "altui.toml").unlink()
    (tmp_path / "altui.toml").symlink_to(tmp_path / "nowhere")
    with pytest.raises(AltuiError, match="is there already"):
        write_config(tmp_path)


@pytest.mark.parametrize("name", ["file", "file/sub", "a" * 300, "nul\0"])
def test_where_no_folder_can_be(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").write_text("a file")
    with pytest.raises(AltuiError, match=r"not a folder|could not be written"):
        write_config(tmp_path / name)


NASTY = ['quo"te.tif', "back\\slash.tif", "tab\tnew\nline.tif", "größe ²½.tif", "日本.tif", "'.tif"]
NASTY += ["\x7f\x1b[31m.tif", "#no comment.tif", "{braces}.tif", "-dash.tif", "a" * 200 + ".tif"]


def test_nasty_names(tmp_path: Path, stack: Stack) -> None:
    root = tmp_path / 'pro"ject\\ \n{x} ü'
    for name in NASTY:
        path = stack(f"{root.name}/{name}")
        assert path.exists()
        stack(f"{root.name}/masks/{name}")
    write_config(root)
    config = load(root / "altui.toml")
    assert {sample.images for sample in config.samples} == set(NASTY)
    for sample in config.samples:
        assert sample.masks in (None, f"masks/{sample.images}")
    assert len(config.split("train")) >= 5


def test_names_that_are_not_utf_8(tmp_path: Path, stack: Stack) -> None:
    path = stack("x.tif")
    os.rename(path, os.fsencode(tmp_path) + b"/\xff.tif")
    written = write_config(tmp_path)
    assert written.samples == 0
    assert any("not UTF-8" in note for note in written.notes)
    "".join(written.notes).encode()
    root = Path(os.fsdecode(os.fsencode(tmp_path) + b"/pro\xff"))
    assert "pro" in write_config(root).path.read_text()


@given(st.text(min_size=1), st.lists(st.text(st.characters(codec="utf-8"), min_size=1), max_size=4))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_names_give_a_config(tmp_path: Path, title: str, names: list[str]) -> None:
    paths = [Path("x") / name.replace("/", "_").replace("\0", "_") for name in names] + [Path("y")]
    images = list({path: Found(path, 3, 4, 5, True) for path in paths}.values())
    images.append(Found(Path("z"), 3, 4, 5, True))
    named = unique(title)
    samples = tuple(Planned(image, named(image), "train") for image in images)
    measured = replace(samples[0], split="test", mask=images[0])
    path = tmp_path / "t.toml"
    path.write_bytes(compose(Plan(title, Search(images), (measured, *samples[1:]))).encode())
    config = load(path)
    assert {sample.images for sample in config.samples} == {i.path.as_posix() for i in images}


def test_damaged_stacks_are_told(tmp_path: Path, stack: Stack) -> None:
    path = stack("s1.tif")
    path.write_bytes(path.read_bytes()[:900])
    written = write_config(tmp_path)
    assert written.samples == 0
    assert any("passed over" in note and "s1.tif" in note for note in written.notes)


def test_links_hidden_folders_and_circles(tmp_path: Path, stack: Stack) -> None:
    stack("data/s1.tif")
    stack(".hidden/s2.tif")
    project = tmp_path / "project"
    (project / "sub").mkdir(parents=True)
    (project / "tomograms").symlink_to(tmp_path / "data")
    (project / "sub" / "round").symlink_to(project)
    write_config(project)
    assert list(samples(project)) == ["tomograms/s1.tif"]


def test_slices_right_in_the_project(tmp_path: Path, stack: Stack) -> None:
    root = stack("femur")
    write_config(root)
    [sample] = samples(root).values()
    assert (sample["images"], sample["name"]) == (".", "femur")


def test_pairs_are_of_one_size() -> None:
    image = Found(Path("s1.tif"), 3, 4, 5, True)
    mask = Found(Path("s1_mask.tif"), 3, 4, 6, True)
    probabilities = Found(Path("s1_seg.tif"), 3, 4, 5, False)
    images, masks = pair([image, mask, probabilities])
    assert images == [image, probabilities]
    assert masks == {}


def test_the_command(tmp_path: Path, stack: Stack) -> None:
    stack("screw\x1b[31m.tif")
    done = CliRunner().invoke(main, ["init", str(tmp_path), "--name", "A"])
    assert done.exit_code == 0
    assert "\x1b" not in done.output
    assert "with 1 sample" in done.output
    assert CliRunner().invoke(main, ["init", str(tmp_path)]).exit_code == 1


@pytest.mark.parametrize(("side", "crop"), [(40, 64), (150, 160), (300, 256)])
def test_crops_are_no_larger_than_the_slices_need(
    tmp_path: Path, stack: Stack, side: int, crop: int
) -> None:
    stack("images/a.tif", (3, 24, side))
    write_config(tmp_path)
    text = (tmp_path / "altui.toml").read_text()
    assert tomllib.loads(text)["training"].get("crop", 256) == crop
