"""Several people of one group work on one project, each with a umask of their own."""

import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from multiprocessing import get_context
from pathlib import Path
from threading import Barrier

import pytest
from sqlite_utils import Database

from altui import AltuiError, Project
from altui.files import make_folder
from altui.jobs import local
from altui.jobs.folder import HEARTBEAT, LOCK, PROCESS, RESULT, JobFolder
from altui.jobs.identity import this_process
from altui.labels.backup import back_up
from altui.labels.restore import restore
from altui.store.connection import Store
from altui.store.migrations import migrations
from altui.worker.life import take_lock
from tests.labels.test_import_killed import needs_root

NOBODY = 65534
TEAM = 3000 if os.geteuid() == 0 else os.getegid()
FORKS = get_context("fork")


def share_with_team(folder: Path) -> None:
    folder.mkdir(exist_ok=True)
    os.chown(folder, -1, TEAM)
    folder.chmod(0o775)


@pytest.fixture
def shared(folder: Path) -> Iterator[Path]:
    """A project that its group may write to, and people whose own files are nobody else's."""
    share_with_team(folder)
    before = os.umask(0o077)
    yield folder
    os.umask(before)


def closed_to_team(folder: Path) -> list[Path]:
    return [
        path
        for path in (folder, *folder.rglob("*"))
        if path.stat().st_gid != TEAM or path.stat().st_mode & 0o060 != 0o060
    ]


def test_what_one_makes_the_others_go_on_with(shared: Path, tmp_path: Path) -> None:
    project = Project.open(shared)
    project.approve_all()
    project.export(shared / "bundle")
    project.import_from_oracle()
    job = JobFolder(project.workspace.jobs / "train-001")
    make_folder(job.path)
    local.launch(job).wait(60)  # it fails for want of a spec
    assert (job.path / RESULT).exists()
    back_up(shared, tmp_path / "b.tar")
    share_with_team(tmp_path / "other")
    restore(tmp_path / "b.tar", tmp_path / "other")
    for made in (shared / ".altui", shared / "bundle", *(tmp_path / "other").iterdir()):
        assert not closed_to_team(made)


def test_folders_made_by_many_threads_are_all_shared(shared: Path) -> None:
    threads = 16
    for number in range(50):
        together = Barrier(threads)

        def make(thread: int, above: Path = shared / f"{number}", at: Barrier = together) -> None:
            at.wait()
            make_folder(above / "between" / f"{thread}")

        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(make, range(threads)))
        assert not closed_to_team(shared / f"{number}")


def test_what_is_nobody_elses_stays_so(folder: Path, tmp_path: Path) -> None:
    folder.chmod(0o755)
    before = os.umask(0o077)
    try:
        Project.open(folder).approve_all()
    finally:
        os.umask(before)
    assert not any(path.stat().st_mode & 0o077 for path in (folder / ".altui").rglob("*"))


def test_a_job_that_cannot_be_ended_from_here_is_not_cancelled(project: Project) -> None:
    project.approve_all()
    project.import_from_oracle()
    with project.workspace.store.write() as transaction:
        event = transaction.event("run", 1, note="train-001")
        transaction.insert("jobs", id="train-001", event=event, kind="train", round=1)
    job = JobFolder(project.workspace.jobs / "train-001")
    make_folder(job.path)
    job.write(PROCESS, this_process().model_copy(update={"host": "elsewhere"}))
    (job.path / HEARTBEAT).touch()
    with pytest.raises(AltuiError, match="train-001 runs on elsewhere"):
        project.cancel()
    assert project.job().state == "running"


def as_nobody(work: Callable[[], object]) -> str:
    """What `work` comes to in a process of someone else's: its result, or its refusal."""

    def call() -> None:
        os.setgid(NOBODY)
        os.setuid(NOBODY)
        try:
            told.send(str(work()))
        except AltuiError as error:
            told.send(f"{error.message} → {error.hint}")

    heard, told = FORKS.Pipe(duplex=False)
    process = FORKS.Process(target=call)
    process.start()
    assert heard.poll(20)
    process.join()
    return str(heard.recv())


def open_way(path: Path) -> None:
    """Let everyone look into the folders above."""
    for above in path.parents:
        if above.stat().st_mode & 0o005 != 0o005:
            above.chmod(above.stat().st_mode | 0o055)


@pytest.fixture
def own_job(tmp_path: Path) -> Iterator[JobFolder]:
    """A job that this process runs, in sight of everyone."""
    folder = JobFolder(tmp_path)
    folder.write(PROCESS, this_process())
    open_way(tmp_path / PROCESS)
    handle = take_lock(tmp_path / LOCK, 1)
    assert handle is not None
    yield folder
    os.close(handle)


@needs_root
def test_someone_elses_job(own_job: JobFolder) -> None:
    told = as_nobody(lambda: local.check_stoppable(own_job))
    assert "another user's process" in told
    assert "ask whoever started it" in told


HIDDEN = """
import os, sys
from pathlib import Path
from altui.jobs.folder import JobFolder
from altui.jobs.identity import is_alive
folder = JobFolder(Path(sys.argv[1]))
os.setuid(65534)
print(is_alive(folder, folder.process()))
"""


@needs_root
def test_a_job_that_the_kernel_hides_from_others_is_alive(own_job: JobFolder) -> None:
    command = [sys.executable, "-c", HIDDEN, str(own_job.path)]
    hide = 'mount -t proc -o hidepid=2 proc /proc || exit 9; exec "$@"'
    looked = ["unshare", "-m", "sh", "-c", hide, "sh", *command]
    done = subprocess.run(looked, capture_output=True, text=True, check=False)
    if done.returncode == 9:
        pytest.skip(f"no mounts here: {done.stderr}")
    assert done.stdout == "True\n", done.stderr


def killed_while_writing(path: Path) -> None:
    db = sqlite3.connect(path)
    db.execute("PRAGMA cache_size = 2")
    db.execute("CREATE TABLE junk (text)")
    for _ in range(1000):
        db.execute("INSERT INTO junk VALUES (?)", ["x" * 400])
    os.kill(os.getpid(), signal.SIGKILL)


@needs_root
def test_looking_at_what_an_older_altui_wrote(folder: Path) -> None:
    store = Store(folder)
    store.path.unlink()
    with closing(sqlite3.connect(store.path)) as connection:
        older = Database(connection, execute_plugins=False)
        migrations.apply(older, stop_before=migrations.pending(older)[-1].name)
        connection.commit()
    open_way(store.path)
    assert as_nobody(lambda: len(Store(folder).history().events)) == "0"
    assert as_nobody(lambda: Project.open(folder).status().state) == "proposed"


@needs_root
def test_looking_at_what_a_killed_writer_left(folder: Path) -> None:
    path = Store(folder).path
    process = FORKS.Process(target=killed_while_writing, args=(path,))
    process.start()
    process.join()
    assert path.with_name("state.db-journal").stat().st_size
    open_way(path)
    told = as_nobody(lambda: Store(folder).history())
    assert "was killed" in told
    assert "ask its owner" in told
    assert not Store(folder).history().jobs  # which puts it right
    assert "read-only" not in as_nobody(lambda: len(Store(folder).history().events))
