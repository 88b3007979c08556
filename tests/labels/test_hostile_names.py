"""File names are untrusted: nothing of them reaches a terminal, the store or JSON raw."""

import json
import os
import unicodedata
import zipfile
from pathlib import Path

import pytest
from click.testing import CliRunner

from altui import Project
from altui.cli import main
from altui.report.imports import import_text
from altui.slices import SliceId
from tests.labels.conftest import SLICES, Save

NAMES = [
    b"\x1b[31;1m_{}\x07.tif",
    b"line\nbreak {}.tif",
    b"{}\r.tif",
    b"{}_\xff\xfe.tif",
    "\u202egnp.{}.tif".encode(),
    "{}\u2028_\u200f.tif".encode(),
    b"[roi]_{} [b]bold[b].tif",
    b"%s_{}_$(true)'\".tif",
    b"-{}.tif",
]


@pytest.fixture(params=NAMES, ids=repr)
def hostile(
    request: pytest.FixtureRequest, back: Path, save: Save, asked: tuple[SliceId, ...]
) -> Path:
    """A right mask and a wrong one, with such a name."""
    name: bytes = request.param
    for one, mask in ((asked[0], None), (asked[1], b"no image")):
        path = save(one, "x.tif")
        if mask:
            path.write_bytes(mask)
        stem = one.file_stem(SLICES).encode()
        os.rename(path, os.fsencode(back) + b"/" + name.replace(b"{}", stem))
    return back


def assert_harmless(text: str) -> None:
    text.encode()  # no lone surrogates
    raw = [c for c in text if unicodedata.category(c) in ("Cc", "Cf", "Cs", "Zl", "Zp")]
    assert set(raw) <= {"\n"}


def test_nothing_raw_comes_out(project: Project, hostile: Path) -> None:
    dry = project.import_labels(hostile, dry_run=True)
    report = project.import_labels(hostile)
    assert [v.code for v in report.of("accepted")] == ["ok"]
    assert [v.code for v in report.of("refused")] == ["unreadable"]
    for one in (dry, report):
        text = import_text(one)
        assert_harmless(text)
        assert len(text.split("\n")) == 4, "one line a file, a header and a summary"
    assert project.import_labels(hostile).of("unchanged")
    [label] = project.workspace.store.history().labels
    label.source.encode()


def test_by_the_command(project: Project, hostile: Path) -> None:
    arguments = ["import-labels", str(project.root), str(hostile)]
    told = CliRunner().invoke(main, [*arguments, "--dry-run"])
    assert told.exit_code == 3
    assert_harmless(told.output)
    asked = CliRunner().invoke(main, [*arguments, "--json"])
    assert asked.exit_code == 3
    found = json.loads(asked.stdout)
    assert [entry["code"] for entry in found["accepted"]] == ["ok"]
    for entry in (*found["accepted"], *found["refused"]):
        assert_harmless(entry["message"])
        entry["file"].encode()


def test_a_bundle_folder_with_such_a_name(project: Project, tmp_path: Path) -> None:
    target = Path(os.fsdecode(os.fsencode(tmp_path) + b"/bundle \x1b[31m\xff"))
    made = project.export(target)
    assert (target / "manifest.json").exists()
    json.dumps(made.to_json(), ensure_ascii=False).encode()


@pytest.mark.parametrize(
    "name",
    ["a/" * 30_000 + "screw1_z07.png", "screw1 " * 9000 + "_z07.png"]
    + ["screw1_z{}.png", "screw1{}.png", "screw1/{}.png", "a{}/screw1_z{}_z1/m.png"]
    + ["task-{}-annotation-5-by-1-tag-bone-{}.npy", "task-7-annotation-5-by-1-tag-bone-{}.png"],
)
def test_names_that_no_disk_would_hold(project: Project, tmp_path: Path, name: str) -> None:
    """As archives and COCO files may hold: not to be looked at for minutes, nor to be a fault."""
    long = name.replace("{}", "9" * 5000)
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr(long, b"no picture")
    runs = {"size": [1, 1], "counts": [0, 1]}
    document = {
        "images": [{"id": 1, "file_name": long, "height": 1, "width": 1}],
        "annotations": [{"image_id": 1, "category_id": 1, "segmentation": runs}],
        "categories": [{"id": 1, "name": "bone"}],
    }
    (tmp_path / "a.json").write_text(json.dumps(document))
    report = project.import_labels(tmp_path / "a.zip", tmp_path / "a.json")
    assert [v.outcome for v in report.verdicts] == ["refused"] * 2
