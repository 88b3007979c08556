"""`altui check`: each fault is told with its place and how to mend it."""

import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import tifffile
from click.testing import CliRunner

from altui import AltuiError, Project
from altui.cli import main
from altui.setup.check import check_project
from altui.setup.finding import Finding
from altui.setup.machine import disk_findings, terminal_findings
from altui.workspace import Workspace
from tests.labels.conftest import Array, right_mask, write_project
from tests.rounds.results import finish_round

Edit = Callable[[str, str], None]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_project(tmp_path / "project")


@pytest.fixture
def edit(folder: Path) -> Edit:
    """Replace something in altui.toml."""

    def replace(old: str, new: str) -> None:
        text = (folder / "altui.toml").read_text()
        assert old in text
        (folder / "altui.toml").write_text(text.replace(old, new, 1))

    return replace


def faults(folder: Path, *, deep: bool = False, level: str = "error") -> list[Finding]:
    return [found for found in check_project(folder, deep=deep) if found.level == level]


def the_fault(folder: Path, *, deep: bool = False) -> Finding:
    [fault] = faults(folder, deep=deep)
    return fault


def test_a_sound_project(folder: Path) -> None:
    for deep in (False, True):
        findings = check_project(folder, deep=deep)
        assert {found.level for found in findings} == {"ok"}
        lines = "\n".join(found.line() for found in findings)
        assert "5 samples: 3 train, 1 validation, 1 test" in lines
        assert "sample screw10: train, 12 slices of 36 × 44, uint8" in lines
        assert "training: torch 2.0, a GPU" in lines


def test_no_project_there(tmp_path: Path) -> None:
    with pytest.raises(AltuiError, match="is not there"):
        check_project(tmp_path / "none")
    assert the_fault(tmp_path).hint.startswith('"altui init')


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("[project]", "[project", "not valid TOML"),
        ("budget", "budgett", 'unknown key; did you mean "budget"?'),
        ("[query]", "[querry]", 'unknown key; did you mean "query"?'),
        ("budget = 3", "budget = 0", "[query] budget"),
        ('masks = "masks/screw2.tif"\n', "", '"screw2" is in the test split and needs masks'),
        ('split = "test"', 'split = "train"', "no sample is in the test split"),
        ('"bone", ', '"background", ', "the same name"),
    ],
)
def test_faults_of_the_config(folder: Path, edit: Edit, old: str, new: str, told: str) -> None:
    edit(old, new)
    fault = the_fault(folder)
    assert fault.where == "altui.toml"
    assert told in fault.message
    assert str(folder) not in fault.message
    assert fault.hint


def test_several_faults_are_all_told(folder: Path, edit: Edit) -> None:
    edit("budget", "budgett")
    edit("encoder_weights", "encoder_wieghts")
    assert [fault.where for fault in faults(folder)] == ["altui.toml", "altui.toml"]


def test_missing_images(folder: Path) -> None:
    (folder / "images" / "screw1.tif").unlink()
    fault = the_fault(folder)
    assert fault.where == "sample screw1"
    assert "not there" in fault.message
    assert fault.hint


def test_truncated_and_coloured_stacks(folder: Path) -> None:
    path = folder / "images" / "screw1.tif"
    path.write_bytes(path.read_bytes()[:-9000])
    colours = np.zeros((12, 48, 48, 3), np.uint8)
    tifffile.imwrite(folder / "images" / "bone.2.tif", colours, photometric="rgb")
    found = {fault.where: fault.message for fault in faults(folder)}
    assert set(found) == {"sample screw1", "sample bone.2"}
    assert "truncated" in found["sample screw1"]
    assert "RGB" in found["sample bone.2"]


def test_a_slice_of_another_size(folder: Path) -> None:
    tifffile.imwrite(folder / "images" / "screw10" / "z05.tif", np.zeros((9, 9), np.uint8))
    fault = the_fault(folder)
    assert fault.where == "sample screw10"
    assert "slice 5" in fault.message


def test_a_slice_that_is_missing(folder: Path) -> None:
    (folder / "images" / "screw10" / "z05.tif").unlink()
    fault = the_fault(folder)
    assert fault.where == "sample screw10"
    assert "z05" in fault.message


def masks_of(folder: Path, sample: str) -> tuple[Path, Array]:
    path = folder / "masks" / f"{sample}.tif"
    return path, tifffile.imread(path)


def test_masks_of_another_size(folder: Path) -> None:
    path, masks = masks_of(folder, "screw2")
    tifffile.imwrite(path, masks[:-1])
    fault = the_fault(folder)
    assert fault.where == "masks of screw2"
    assert "11 slices of 48 × 40, the images 12 of 48 × 40" in fault.message
    assert fault.hint


def test_masks_that_are_no_class_ids(folder: Path) -> None:
    path, masks = masks_of(folder, "screw2")
    tifffile.imwrite(path, masks.astype(np.float32))
    assert "hold float32" in the_fault(folder).message


@pytest.mark.parametrize("deep", [False, True])
def test_an_undeclared_class(folder: Path, deep: bool) -> None:
    path, masks = masks_of(folder, "screw2")
    masks[4, 0, 0] = 7
    masks[4, 0, 1] = 255
    tifffile.imwrite(path, masks)
    fault = the_fault(folder, deep=deep)
    assert fault.where == "masks of screw2"
    assert "slice 4 holds 7, which is no class" in fault.message
    assert "[classes] names" in fault.hint


def test_deep_looks_at_every_slice(folder: Path) -> None:
    path, masks = masks_of(folder, "screw2")
    masks[5, 0, 0] = 7
    tifffile.imwrite(path, masks)
    assert not faults(folder)
    assert "slice 5 holds 7" in the_fault(folder, deep=True).message


def test_slices_without_a_number(folder: Path) -> None:
    path = next((folder / "images").glob("*.tif"))
    pixels = tifffile.imread(path).astype(np.float32)
    pixels[4] = np.nan
    pixels[5, 0] = np.inf  # others of that slice are numbers
    tifffile.imwrite(path, pixels)
    assert not faults(folder)
    assert "slice 4: holds no number" in the_fault(folder, deep=True).message


def test_a_class_that_no_mask_holds(folder: Path) -> None:
    path, masks = masks_of(folder, "screw2")
    masks[masks == 2] = 1
    tifffile.imwrite(path, masks)
    [warning] = faults(folder, deep=True, level="warning")
    assert "no pixel of implant" in warning.message


def test_damaged_pixels_are_told_once(folder: Path) -> None:
    path, _ = masks_of(folder, "screw2")
    data = bytearray(path.read_bytes())
    with tifffile.TiffFile(path) as file:
        page = file.pages[5]
        assert isinstance(page, tifffile.TiffPage)
        start = page.dataoffsets[0]
    data[start : start + 8] = b"\xff" * 8
    path.write_bytes(data)
    assert not faults(folder)
    fault = the_fault(folder, deep=True)
    assert fault.where == "masks of screw2"
    assert "slice 5" in fault.message


def test_samples_that_overlap(folder: Path, edit: Edit) -> None:
    edit('images = "images/screw2.tif"\n', 'images = "images/screw10/z0*.tif"\n')
    edit('masks = "masks/screw2.tif"\n', 'masks = "masks/screw10-part.tif"\n')
    tifffile.imwrite(folder / "masks" / "screw10-part.tif", masks_of(folder, "screw10")[1][:10])
    fault = the_fault(folder)
    assert fault.where == "samples screw10 and screw2"
    assert "z00.tif" in fault.message


def test_every_bad_slice_of_a_folder_is_told_with_its_way_out(folder: Path) -> None:
    files = sorted((folder / "images" / "screw10").glob("*.tif"))
    for file in (files[2], files[5]):
        tifffile.imwrite(file, np.zeros((8, 8, 3), np.uint8), photometric="rgb")
    told: list[tuple[str, int, int]] = []
    found = check_project(
        folder, progress=lambda what: lambda done, total: told.append((what, done, total))
    )
    bad = [one for one in found if one.level == "error"]
    assert ["slice 2" in bad[0].message, "slice 5" in bad[1].message] == [True, True]
    assert all(one.hint for one in bad[:2])
    assert ("slices of screw10", len(files), len(files)) in told


def test_a_folder_whose_headers_are_known_is_not_read_through_again(folder: Path) -> None:
    assert Workspace(folder).headers["screw10"].slices
    workspace = Workspace(folder)
    assert workspace.headers["screw10"].slices  # from the store
    last = max((folder / "images" / "screw10").glob("*.tif"))
    with last.open("r+b") as file:  # the folder's time stays
        file.truncate(20)
    with workspace.images("screw10") as stack:
        assert stack.read(0).size
        with pytest.raises(AltuiError, match=last.name):
            stack.read(stack.slices - 1)
    with pytest.raises(AltuiError, match=last.name):
        Workspace(folder).images("screw10")


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ('strategy = "entropi"', '"entropi"'),
        ('initial = "entropy"', "round 1 has none"),
        ('initial = "none"', '"none"'),
    ],
)
def test_strategies(folder: Path, edit: Edit, line: str, told: str) -> None:
    edit("[query]\n", f"[query]\n{line}\n")
    fault = the_fault(folder)
    assert fault.where == f"altui.toml [query] {line.split()[0]}"
    assert told in fault.message
    assert fault.hint


def test_a_split_that_is_empty(folder: Path, edit: Edit) -> None:
    edit('split = "validation"', 'split = "train"')
    [warning] = faults(folder, level="warning")
    assert "no sample is in the validation split" in warning.message


def test_slurm_is_told_whatever_else_is_there(
    folder: Path, edit: Edit, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    edit("[model]", '[jobs]\nrunner = "slurm"\n[model]')
    assert the_fault(folder).where == "[jobs] runner"
    [warning] = faults(folder, level="warning")
    assert "torch and segmentation_models_pytorch not installed" in warning.message


def test_labels_that_were_damaged(folder: Path) -> None:
    project = Project.open(folder)
    project.approve_all()
    project.import_from_oracle()
    assert not faults(folder)
    first, second, _ = project.workspace.store.history().labels
    (folder / first.path).unlink()
    path = folder / second.path
    path.write_bytes(path.read_bytes()[:-1])
    fault = the_fault(folder)
    assert fault.where == "labels"
    assert str(first.slice) in fault.message
    assert f"{second.slice} revision 1" in fault.message
    # What the hint says helps.
    assert "import the masks again" in fault.hint
    for label in (first, second):
        mask = folder / f"{label.sample}_z{label.slice_index}.tif"
        tifffile.imwrite(mask, right_mask(project, label.slice))
        assert project.import_labels(mask).of("unchanged")
    assert not faults(folder)


def test_state_that_is_damaged_or_newer(folder: Path) -> None:
    database = Project.open(folder).workspace.store.path
    with sqlite3.connect(database) as connection:
        connection.execute(
            "INSERT INTO _sqlite_migrations (migration_set, name, applied_at)"
            " VALUES ('altui', 'm999_future', '2030-01-01')"
        )
    connection.close()
    fault = the_fault(folder)
    assert fault.where == ".altui"
    assert "newer altui" in fault.message
    assert "upgrade" in fault.hint
    database.write_bytes(b"no database at all" * 400)
    fault = the_fault(folder)
    assert (fault.where, bool(fault.hint)) == (".altui", True)
    database.unlink()
    (folder / ".altui").rmdir()
    (folder / ".altui").write_text("a file")
    assert the_fault(folder).where == ".altui"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_read_only(folder: Path) -> None:
    folder.chmod(0o555)
    try:
        [warning] = faults(folder, level="warning")
    finally:
        folder.chmod(0o755)
    assert "read-only" in warning.message


def test_by_the_command(folder: Path, edit: Edit) -> None:
    def run(*more: str) -> tuple[int, str, str]:
        done = CliRunner().invoke(main, ["check", str(folder), *more])
        return done.exit_code, done.stdout, done.stderr

    status, out, narration = run()
    assert status == 0
    assert "0 errors, 0 warnings" in narration
    (folder / "images" / "screw1.tif").unlink()
    status, out, narration = run("--json")
    assert status == 1
    assert "1 error," in narration
    found = json.loads(out)
    assert all(set(one) == {"level", "where", "message", "hint"} for one in found)
    assert [one["where"] for one in found if one["level"] == "error"] == ["sample screw1"]
    status, out, _ = run("--deep")
    assert status == 1
    assert "ERROR  sample screw1" in out
    assert "         → " in out


def test_findings_are_safe_to_print() -> None:
    line = Finding("error", "a\x1b[31m", "b\nc", "d\u202e").line()
    assert line.count("\n") == 1
    assert "\x1b" not in line
    assert "\u202e" not in line


def test_the_real_worker_answers() -> None:
    pytest.importorskip("torch")
    script = (
        "from altui.setup.machine import ask_worker; import sys; from pathlib import Path;"
        "found = ask_worker(None, Path()); assert 'torch' not in sys.modules; print(sorted(found))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "['device', 'torch']"


def test_disk_and_terminal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("altui.setup.machine.LEAST_FREE", 1 << 60)
    [full] = disk_findings(tmp_path)
    assert full.level == "warning"
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    monkeypatch.setenv("TERM", "xterm\x1b")
    for columns, encoding, level in (("40", "UTF-8", "warning"), ("80", "UTF-8", "ok")):
        monkeypatch.setenv("COLUMNS", columns)
        monkeypatch.setenv("LINES", "24")
        monkeypatch.setattr("locale.getpreferredencoding", lambda _=True, e=encoding: e)
        [found] = terminal_findings()
        assert found.level == level
    monkeypatch.setattr("locale.getpreferredencoding", lambda _=True: "ANSI_X3.4-1968")
    assert [found.hint for found in terminal_findings()] != [""]


def test_scores_and_predictions_that_are_gone(folder: Path) -> None:
    project = Project.open(folder)
    job = finish_round(project)
    project.refresh()
    (project.workspace.jobs / job / "scores.npz").write_bytes(b"")
    assert "scores" in the_fault(folder).message
    assert "predictions are gone" in faults(folder, level="warning")[0].message
