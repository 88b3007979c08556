"""Damaged state and hostile words: one message with a way out, never a traceback."""

import io
import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from altui import AltuiError, Project
from altui.jobs.folder import SCORES
from altui.jobs.identity import start_of
from tests.rounds.results import finish_round, write_result


def altui(*arguments: object, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "altui", *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        env=os.environ | environment,
    )


def refused(*arguments: object, status: int = 1, **environment: str) -> str:
    done = altui(*arguments, **environment)
    assert done.returncode == status, done.stderr
    assert "Traceback" not in done.stderr
    assert "\x1b" not in done.stderr
    return done.stderr


def as_pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def archive(**changed: Any) -> bytes:
    arrays = {
        "samples": np.array(["s1", "s2", "s3"]),
        "sample": np.repeat(np.arange(3), 12).astype(np.int32),
        "index": np.tile(np.arange(12), 3).astype(np.int32),
        "column:entropy_foreground": np.linspace(0, 1, 36).astype(np.float32),
    }
    arrays |= changed
    file = io.BytesIO()
    np.savez(file, **{name: value for name, value in arrays.items() if value is not None})  # type: ignore[arg-type]
    return file.getvalue()


@pytest.mark.parametrize(
    "damage",
    [
        b"",
        b"PK\x03\x04 nothing more",
        archive()[:700],
        archive(sample=None),
        archive(sample=np.int32(3)),
        archive(sample=np.full(36, 99)),
        archive(sample=np.full(36, -7)),
        archive(index=np.arange(5)),
        archive(**{"column:entropy_foreground": np.zeros(3)}),
        archive(**{"column:entropy_foreground": np.zeros((36, 2))}),
        archive(**{"column:entropy_foreground": np.array(["a"] * 36)}),
        archive(**{"column:entropy_foreground": None}),
        archive(sample=np.array([{}] * 36)),
    ],
)
def test_damaged_scores_leave_the_round_evaluated(project: Project, damage: bytes) -> None:
    job = finish_round(project)
    (project.workspace.jobs / job / SCORES).write_bytes(damage)
    project.refresh()
    assert project.status().state == "evaluated"
    with pytest.raises(AltuiError, match="scores") as caught:
        project.propose()
    assert "altui jobs PROJECT retry" in caught.value.hint
    assert project.propose("random").slate.round == 2  # the way out that the hint names


def test_scores_without_end_are_ranked_last(project: Project) -> None:
    job = finish_round(project)
    scores = np.linspace(0, 1, 36).astype(np.float32)
    scores[:30] = np.inf
    data = archive(**{"column:entropy_foreground": scores})
    (project.workspace.jobs / job / SCORES).write_bytes(data)
    project.refresh()
    json.dumps(project.proposals().to_json(), allow_nan=False)


@pytest.mark.parametrize(
    "confusions",
    [
        {"test": {"t1": [[1]]}},
        {"test": {"t1": []}},
        {"test": {"t1": [[1, 2], [3]]}},
        {"test": {"t1": [[1, 2], [3, -4]]}},
        {"test": {"t1": [[1, 2], [3, 10**30]]}},
        {"test": {"t1": [[1, 2], [3, 4]], "v1": [[1, 0, 0]] * 3}},
        {"test": [1, 2]},
    ],
)
def test_impossible_results_are_a_failure_until_mended(project: Project, confusions: Any) -> None:
    job = finish_round(project)
    path = project.workspace.jobs / job / "result.json"
    whole = path.read_text()
    path.write_text(json.dumps(json.loads(whole) | {"confusions": confusions}))
    project.refresh()
    assert project.status().state == "failed"
    assert "damaged" in project.status().jobs[-1].message
    path.write_text(whole)
    project.refresh()
    assert project.status().round == 2


@pytest.mark.parametrize(
    "changed",
    [
        {"started_at": "2026-03-02T09:00:00"},  # of no time zone
        {"ended_at": "9999-12-31T23:59:59Z"},
        {"stability": [[1, 0], [0, 1]]},  # over two classes, where the job has three
        {"confusions": {"test": {"t1": [[5] * 4] * 4}}},
    ],
)
def test_a_result_that_is_not_the_jobs_is_not_collected(
    project: Project, monkeypatch: pytest.MonkeyPatch, changed: dict[str, Any]
) -> None:
    project.approve_all()
    project.import_from_oracle()
    monkeypatch.setattr("altui.rounds.run.launch", lambda *_: None)
    job = project.run()
    write_result(project, job, 60)
    path = project.workspace.jobs / job / "result.json"
    whole = path.read_text()
    path.write_text(json.dumps(json.loads(whole) | changed))
    project.refresh()
    status = project.status()
    assert status.state == "failed"
    assert "result.json is damaged" in status.jobs[-1].message
    path.write_text(whole)
    project.refresh()
    assert project.status().round == 2


def test_a_result_that_is_a_folder(project: Project) -> None:
    job = finish_round(project)
    path = project.workspace.jobs / job / "result.json"
    path.unlink()
    path.mkdir()
    project.refresh()
    assert project.status().state == "failed"


def test_a_process_is_told_by_ticks_since_the_machine_started() -> None:
    with open("/proc/uptime") as file:
        uptime = float(file.read().split()[0])
    assert 0 < start_of(os.getpid()) <= uptime
    assert start_of(os.getpid()) == start_of(os.getpid())


def test_an_emptied_database_is_not_started_afresh(folder: Path) -> None:
    Project.open(folder).approve_all()
    (folder / ".altui" / "state.db").write_bytes(b"")
    assert "missing or empty" in refused("status", folder)


def test_an_empty_path_is_a_usage_error(folder: Path, tmp_path: Path) -> None:
    for command in (("status", ""), ("init", ""), ("import-labels", str(folder), "")):
        assert "is empty" in refused(*command, status=2)


@pytest.mark.parametrize("number", ["nan", "inf", "1e300"])
def test_numbers_that_are_none(folder: Path, number: str) -> None:
    assert "--interval" in refused("watch-labels", folder, ".", "--interval", number, status=2)
    assert "--repeat" in refused("export", folder, "--to", "x", "--repeat", number, status=2)


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (as_pipe, "is not a file"),
        (lambda path: (path.unlink(), path.mkdir()), "is not a file"),
        (lambda path: os.truncate(path, 1 << 40), "more than"),
        (lambda path: path.write_text("x = " + "9" * 5000), "digits"),
        (lambda path: path.write_text("x = " + "[" * 3000), "altui.toml"),
        (lambda path: path.write_bytes(b"\xff\xfe"), "not UTF-8"),
        (
            lambda path: path.write_text(
                path.read_text()
                .replace('"bone"', '"\\u001b[31mbone"')
                .replace("[query]", "[query]\ninitial = '\\u001b[1mX'")
                + "\n[classes.x]\n"
            ),
            "classes",
        ),
    ],
)
def test_configs_of_other_kinds(folder: Path, spoil: Callable[[Path], Any], told: str) -> None:
    spoil(folder / "altui.toml")
    assert told in refused("status", folder)


def test_a_byte_order_mark_is_no_fault(folder: Path) -> None:
    path = folder / "altui.toml"
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert altui("status", folder).returncode == 0


def test_names_of_people_are_cleaned(folder: Path) -> None:
    someone = {"ALTUI_USER": "\x1b[31mevil\n[b]"}
    slices = [str(d.slice) for d in Project.open(folder).proposals().slate.decisions]
    done = altui("reject", folder, slices[0], "--reason", "\udcff\x1b[0m", **someone)
    assert done.returncode == 0
    told = refused("approve", folder, slices[0])
    assert "\\x1b[31mevil\\n[b]" in told


def test_a_folder_whose_name_is_not_utf8(folder: Path) -> None:
    named = os.fsencode(folder.parent) + b"/caf\xe9"
    os.rename(os.fsencode(folder), named)
    assert "not UTF-8" in refused("status", os.fsdecode(named))


def test_names_without_end(folder: Path) -> None:
    assert "cannot be reached" in refused("status", "a" * 300)
    assert "does not name a slice" in refused("approve", folder, "s1:" + "9" * 5000)
    assert "no job" in refused("jobs", folder, "show", "9" * 5000)
    assert "is no folder" in refused("watch-labels", folder, "a" * 300, "--once")


def test_json_holds_nothing_that_a_terminal_obeys(folder: Path, tmp_path: Path) -> None:
    """Nor what reverses the line, and says the same to a program."""
    to = tmp_path / "\u202e\x9b31m\x1b[2J"
    Project.open(folder).approve_all()
    done = altui("export", folder, "--to", to, "--json")
    assert done.returncode == 0, done.stderr
    assert all(line.isprintable() for line in (done.stdout + done.stderr).splitlines())
    assert json.loads(done.stdout)["folder"] == str(to)


def test_a_log_in_json(project: Project) -> None:
    job = finish_round(project)
    (project.workspace.jobs / job / "log.txt").write_text("one\ntwo\x1b[2J\n")
    assert len(json.loads(altui("jobs", project.root, "log", "--json").stdout)) == 2
    assert "\x1b" not in altui("jobs", project.root, "log").stdout


@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
def test_terminals_that_lack_letters(project: Project, encoding: str) -> None:
    finish_round(project)
    for command in (["status"], ["propose"], ["labels"], ["approve", "\u2013"]):
        done = subprocess.run(
            [sys.executable, "-m", "altui", command[0], str(project.root), *command[1:]],
            capture_output=True,
            check=False,
            env=os.environ | {"PYTHONIOENCODING": encoding},
        )
        assert b"Traceback" not in done.stderr
        assert done.returncode == (command[0] == "approve")
    told = subprocess.run(
        [sys.executable, "-m", "altui", "status", str(project.root), "--json"],
        capture_output=True,
        check=True,
        env=os.environ | {"PYTHONIOENCODING": encoding},
    )
    assert json.loads(told.stdout)["project"] == "Tiny screws"


def test_an_output_that_may_not_grow(folder: Path, tmp_path: Path) -> None:
    Project.open(folder).approve_all()
    command = f"ulimit -f 0; exec {sys.executable} -m altui status {folder} --json"
    with (tmp_path / "out").open("w") as out:
        done = subprocess.run(
            ["sh", "-c", command], stdout=out, stderr=subprocess.PIPE, text=True, check=False
        )
    assert done.returncode == 1
    assert "could not be written" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_full_output(folder: Path) -> None:
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "altui", "status", str(folder)],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert done.returncode == 1
    assert "could not be written" in done.stderr
    assert "Traceback" not in done.stderr


def test_what_is_done_is_not_told_as_refused(folder: Path) -> None:
    Project.open(folder)
    (folder / "samples" / "t1.tif").unlink()
    done = altui("approve", folder, "--all")
    assert done.returncode in (0, 1)
    approved = len(Project.open(folder).proposals().slate.approved) if done.returncode == 0 else 0
    assert ("approved" in done.stderr) == (approved > 0)


def test_a_row_that_altui_did_not_write(project: Project) -> None:
    connection = sqlite3.connect(project.workspace.store.path)
    connection.execute(
        "INSERT INTO decisions (event, round, sample, slice_index, state, strategy, rank, reasons) "
        "VALUES (1, 1, 's1', 0, 'proposed', 'random', 9, '{')"
    )
    connection.commit()
    assert "did not write" in refused("status", project.root)


@pytest.mark.parametrize(
    "row",
    [
        {"round": 10**14},
        {"slice_index": "\x1b[2J"},
        {"rank": b"\xff"},
        {"score": float("inf")},
        {"reasons": "[1]"},
        {"reasons": "5"},
    ],
)
def test_values_that_altui_does_not_write(project: Project, row: dict[str, Any]) -> None:
    """SQLite keeps any value in any column; a backup may come from anyone."""
    whole = {"event": 1, "round": 1, "sample": "s1", "slice_index": 0, "state": "proposed"}
    whole |= {"strategy": "random", "rank": 9, "reasons": "[]"} | row
    connection = sqlite3.connect(project.workspace.store.path)
    marks = ", ".join("?" * len(whole))
    connection.execute(
        f"INSERT INTO decisions ({', '.join(whole)}) VALUES ({marks})", list(whole.values())
    )
    connection.commit()
    assert "did not write" in refused("status", project.root)


def test_a_labelled_stack_cut_short_is_told(project: Project) -> None:
    import tifffile

    project.approve_all()
    project.import_from_oracle()
    for place in ("samples", "masks"):
        path = project.root / place / "s1.tif"
        tifffile.imwrite(path, tifffile.imread(path)[:5])
    again = Project.open(project.root)
    assert [one.sample for one in again.status().strays] == ["s1"]
    assert again.status().labelled == 2


def test_a_slice_that_is_gone_cannot_be_approved(project: Project) -> None:
    config = project.root / "altui.toml"
    config.write_text(config.read_text().replace('split = "train"', 'split = "test"', 1))
    again = Project.open(project.root)
    with pytest.raises(AltuiError, match="is proposed, but"):
        again.approve_all()
    again.propose()
    again.approve_all()
