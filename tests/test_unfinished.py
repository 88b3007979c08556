"""What a killed command had begun to write is gone after the next one, or with it."""

import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from threading import Barrier

import pytest

from altui import AltuiError, Project
from altui.labels import restore as restoring
from altui.labels.archive import Manifest
from altui.labels.backup import back_up
from altui.labels.restore import restore
from altui.setup.init import write_config
from altui.store.history import History
from altui.unfinished import LONG, PREFIX, unfinished
from tests.labels.test_import_killed import Mount, needs_root
from tests.labels.test_import_killed import mount as mount

PROCESSES = get_context("fork")


def work_until_killed(parent: Path) -> None:
    with unfinished(parent) as folder:
        (folder / "half").write_text("half")
        time.sleep(60)


def left_in(parent: Path) -> list[Path]:
    return list(parent.glob(f"{PREFIX}*"))


def until_begun(parent: Path) -> None:
    deadline = time.monotonic() + 20
    while not list(parent.glob(f"{PREFIX}*/half")):
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_only_what_nobody_works_in_is_cleared(tmp_path: Path) -> None:
    process = PROCESSES.Process(target=work_until_killed, args=(tmp_path,))
    process.start()
    until_begun(tmp_path)
    with unfinished(tmp_path):
        assert len(left_in(tmp_path)) == 2
    assert len(left_in(tmp_path)) == 1
    process.kill()
    process.join()
    with unfinished(tmp_path) as mine:
        assert left_in(tmp_path) == [mine]
    assert not left_in(tmp_path)


def test_one_without_a_lock_is_cleared_a_day_later(tmp_path: Path) -> None:
    young, old = (tmp_path / f"{PREFIX}{name}" for name in ("young", "old"))
    for folder in (young, old):
        folder.mkdir()
    long_ago = time.time() - LONG - 60
    os.utime(old, (long_ago, long_ago))
    with unfinished(tmp_path):
        assert young.exists()
        assert not old.exists()


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGHUP])
@pytest.mark.parametrize("command", ["export", "backup", "restore"])
def test_commands(project: Project, tmp_path: Path, command: str, number: signal.Signals) -> None:
    project.approve_all()
    place = tmp_path / "place"
    place.mkdir()
    archive = back_up(project.root, tmp_path / "b.tar").file
    arguments = {
        "export": ["export", project.root, "--to", place / "bundle"],
        "backup": ["backup", project.root, place / "new.tar"],
        "restore": ["restore", archive, place],
    }[command]
    # It stops half-way, as a slow disk would have it.
    code = (
        "import sys, time\n"
        "from altui.cli import main\n"
        "def slow(event, given):\n"
        "    if event == 'open' and str(given[0]).endswith(sys.argv[1]) and given[1][0] in 'wx':\n"
        "        print('half-way', flush=True)\n"
        "        time.sleep(60)\n"
        "sys.addaudithook(slow)\n"
        "main(sys.argv[2:])"
    )
    at = {"export": "classes.csv", "backup": ".tmp", "restore": "state.db"}[command]
    with subprocess.Popen(
        [sys.executable, "-c", code, at, *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_DFL),  # nohup's would stay
    ) as process:
        assert process.stdout
        assert process.stderr
        assert process.stdout.readline() == b"half-way\n"
        assert left_in(place)
        process.send_signal(number)
        assert process.wait(20) not in (0, None)
        assert b"Traceback" not in process.stderr.read()
    assert bool(left_in(place)) == (number == signal.SIGKILL)
    match command:
        case "export":
            project.export(place / "bundle")
        case "backup":
            back_up(project.root, place / "new.tar")
        case _:
            restore(archive, place)
    assert not left_in(place)


def test_two_restores_at_once(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive, place = back_up(project.root, tmp_path / "b.tar").file, tmp_path / "place"
    both, verify = Barrier(2), restoring._verify

    def verify_together(stage: Path, manifest: Manifest) -> History:
        both.wait(20)
        return verify(stage, manifest)

    monkeypatch.setattr(restoring, "_verify", verify_together)
    with ThreadPoolExecutor(2) as pool:
        ends = [pool.submit(restore, archive, place) for _ in range(2)]
    (error,) = filter(None, (one.exception() for one in ends))
    assert isinstance(error, AltuiError)
    assert "is there already" in error.message
    assert {path.name for path in place.iterdir()} == {".altui", "altui.toml"}


@needs_root
def test_a_config_on_a_full_disk(tmp_path: Path, mount: Mount) -> None:
    mount(tmp_path, "-t", "tmpfs", "-o", "size=4k", "tmpfs")
    (tmp_path / "filler").write_bytes(bytes(4096))
    with pytest.raises(AltuiError, match="No space") as caught:
        write_config(tmp_path / "new")
    assert "space" in caught.value.hint
    assert not (tmp_path / "new").exists()
