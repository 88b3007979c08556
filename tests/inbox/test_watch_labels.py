"""`altui watch-labels` as a process, and the app's own watcher."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from altui import Project
from altui.app import AltuiApp
from altui.cli import main
from altui.inbox.inbox import Inbox, Note, Taken
from altui.inbox.watcher import Watcher
from altui.slices import SliceId

from ..app.made import until
from .conftest import Drop, names

Asked = tuple[SliceId, ...]


def watch(*arguments: object) -> Result:
    return CliRunner().invoke(main, ["watch-labels", *map(str, arguments)])


def test_once(folder: Path, shared: Path, asked: Asked, drop: Drop) -> None:
    good, bad = drop(asked[0]), drop(asked[1], add=7)
    result = watch(folder, shared, "--once", "--interval", "0.05", "--annotator", "maria")
    assert result.exit_code == 0, result.output
    assert f"{good.name} → imported" in result.stdout
    assert f"  refused: {asked[1]}: holds undeclared values" in result.stdout
    assert not good.exists()
    assert not bad.exists()
    assert Project.open(folder).revisions(asked[0])[0].annotator == "maria"


def test_json_lines(folder: Path, shared: Path, asked: Asked, drop: Drop) -> None:
    paths = [drop(one) for one in asked]
    result = watch(folder, shared, "--once", "--interval", "0.05", "--json")
    lines = [json.loads(line) for line in result.stdout.splitlines()]
    assert [line["name"] for line in lines] == sorted(path.name for path in paths)
    assert lines[0]["masks"][0]["outcome"] == "accepted"
    assert Path(lines[0]["moved_to"]).is_file()


def heed_interrupts() -> None:
    """A shell's background jobs, such as a suite that is left to run, ignore them."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_it_goes_on_until_it_is_ended(
    folder: Path, shared: Path, asked: Asked, drop: Drop, how: signal.Signals
) -> None:
    command = [sys.executable, "-m", "altui", "watch-labels", str(folder), str(shared)]
    with subprocess.Popen(
        [*command, "--interval", "0.05"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=heed_interrupts,
    ) as process:
        assert process.stdout
        assert process.stderr
        assert "watching" in process.stderr.readline()
        for one in asked[:2]:
            path = drop(one)
            assert f"{path.name} → imported" in process.stdout.readline()
            assert "accepted" in process.stdout.readline()
        second = watch(folder, shared, "--once")
        assert second.exit_code == 1
        assert f"is watched already, by anna@{os.uname().nodename} (pid {process.pid})" in (
            second.stderr
        )
        process.send_signal(how)
        assert process.wait(20) == 0
        assert process.stderr.read() == "ended\n"


def test_the_folder_of_the_config(folder: Path, asked: Asked, drop: Drop) -> None:
    assert 'say it in altui.toml: [import] inbox = "…"' in watch(folder, "--once").stderr
    (folder / "altui.toml").write_text(
        (folder / "altui.toml").read_text() + '\n[import]\ninbox = "../shared"\n'
    )
    path = drop(asked[0])
    result = watch(folder, "--once", "--interval", "0.05")
    assert f"{path.name} → imported" in result.stdout


def test_a_folder_that_is_not_there(folder: Path, tmp_path: Path) -> None:
    result = watch(folder, tmp_path / "none", "--once")
    assert result.exit_code == 1
    assert "none is no folder" in result.stderr


async def test_the_app_watches_while_it_is_open(
    new_folder: Callable[..., Path], shared: Path, tmp_path: Path
) -> None:
    folder = new_folder(extra='[import]\ninbox = "../shared"\n')
    project = Project.open(folder)
    project.approve_all()
    wanted = project.status().missing[0]
    app = AltuiApp(project, interval=0.02)
    async with app.run_test() as pilot:
        source = folder / "masks" / f"{wanted.sample}.tif"  # a whole stack: one slice is asked for
        (shared / source.name).write_bytes(source.read_bytes())
        await until(pilot, lambda: bool(app._notifications))
        assert next(iter(app._notifications)).message == "inbox: 1 accepted"
        assert wanted not in project.status().missing
        await until(pilot, lambda: app.snapshot is not None and app.snapshot.status.labelled == 1)


def test_the_watcher_tells_a_fault_once_and_takes_over(
    project: Project, shared: Path, asked: Asked, drop: Drop
) -> None:
    heard: list[Taken | Note] = []
    failed: list[Exception] = []
    watcher = Watcher(project, shared, heard.extend, failed.append, interval=0.02)
    with Inbox(project, shared).held():
        watcher.start()
        wait_for(lambda: bool(heard))
        path = drop(asked[0])
    wait_for(lambda: len(heard) == 2)
    watcher.stop()
    assert isinstance(heard[0], Note)
    assert "watched already" in heard[0].text
    assert isinstance(heard[1], Taken)
    assert heard[1].name == path.name
    assert not failed
    assert names(shared) == [f"imported/{path.name}", f"imported/{path.name}.txt"]


def wait_for(condition: Callable[[], bool], seconds: float = 20.0) -> None:
    import time

    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.02)
