"""The database: migrations, locks, damage, and rows that stay as they are."""

import hashlib
import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from altui.errors import AltuiError
from altui.store.connection import Store
from altui.store.migrations import APPEND_ONLY, migrations


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path, "anna")


def test_a_new_store_has_every_migration(store: Store) -> None:
    with store.read() as db:
        applied = [one.name for one in migrations.applied(db)]
        assert db.execute("PRAGMA foreign_keys").fetchone() == (1,)
    # only ever append to this list
    assert applied == [
        "m001_rounds",
        "m002_stability",
        "m003_job_settings",
        "m004_label_origins",
        "m005_claims",
        "m006_quarantine",
        "m007_exports",
        "m008_label_classes",
    ]


def test_the_schema_of_released_migrations_never_changes(store: Store) -> None:
    with store.read() as db:
        rows = db.execute("SELECT sql FROM sqlite_master WHERE sql NOTNULL ORDER BY name")
        schema = "\n".join(row[0] for row in rows if "_sqlite_migrations" not in row[0])
    digest = hashlib.sha256(schema.encode()).hexdigest()
    assert digest.startswith(SCHEMA), "write a new migration instead of changing an old one"


SCHEMA = "6e8fd5e1abef3968"  # of m008


def test_opening_again_changes_nothing(store: Store) -> None:
    before = store.path.read_bytes()
    Store(store.root)
    assert store.path.read_bytes() == before


def test_events_are_kept_with_who_and_when(store: Store) -> None:
    with store.write() as transaction:
        transaction.event("propose", 1, note="random")
    (event,) = store.history().events
    assert (event.who, event.what, event.round, event.note) == ("anna", "propose", 1, "random")
    assert event.at.endswith("+00:00")


def test_an_exception_rolls_back(store: Store) -> None:
    def half_done() -> None:
        with store.write() as transaction:
            transaction.event("propose", 1)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        half_done()
    assert store.history().events == ()


def test_rows_cannot_be_changed_or_deleted(store: Store) -> None:
    with store.write() as transaction:
        event = transaction.event("run", 1)
        transaction.insert("jobs", id="train-001", event=event, kind="train", round=1)
        transaction.insert("job_ends", job="train-001", event=event, state="failed")
        transaction.insert("confusions", job="train-001", split="test", sample="a", matrix="[[1]]")
        transaction.insert("stability", job="train-001", matrix="[[1]]")
        transaction.insert("job_settings", job="train-001", settings="{}")
        label = transaction.insert(
            "labels",
            event=event,
            sample="a",
            slice_index=1,
            sha256="",
            path="",
            source="",
            source_sha256="",
        )
        transaction.insert("job_labels", job="train-001", label=label)
        place = {"event": event, "sample": "a", "slice_index": 1}
        transaction.insert("claims", **place, round=1, annotator="anna", bundle="")
        transaction.insert("exports", **place, round=1, bundle="b")
        transaction.insert("label_classes", event=event, names="[]")
        repeat = transaction.insert(
            "repeats", event=event, label=label, annotator="anna", bundle="b"
        )
        transaction.insert(
            "readings",
            **place,
            repeat=repeat,
            sha256="",
            path="",
            source="",
            source_sha256="",
            annotator="anna",
            tool="",
            original="",
            matrix="[[1]]",
        )
        quarantined = transaction.insert(
            "quarantine",
            **place,
            sha256="",
            path="",
            source="",
            source_sha256="",
            annotator="anna",
            tool="",
            minutes_by="",
            original="",
            remarks="[]",
            figures="{}",
        )
        transaction.insert(
            "quarantine_decisions", quarantined=quarantined, event=event, state="refused"
        )
        transaction.insert("label_checks", label=label, remarks="[]", figures="{}")
        transaction.insert(
            "decisions",
            event=event,
            round=1,
            sample="a",
            slice_index=1,
            state="proposed",
            strategy="random",
            rank=1,
            reasons="[]",
        )
    connection = sqlite3.connect(store.path)
    for table in APPEND_ONLY:
        for statement in (f"DELETE FROM {table}", f"UPDATE {table} SET rowid = rowid + 1"):
            with pytest.raises(sqlite3.IntegrityError, match="append-only"):
                connection.execute(statement)


def test_foreign_keys_hold(store: Store) -> None:
    with pytest.raises(AltuiError, match="FOREIGN KEY"), store.write() as transaction:
        transaction.insert("job_ends", job="none", event=1, state="failed")


def test_two_processes_write_at_once_and_none_is_refused(tmp_path: Path) -> None:
    Store(tmp_path)
    program = (
        "import sys; from pathlib import Path; from altui.store.connection import Store\n"
        "store = Store(Path(sys.argv[1]))\n"
        "for number in range(60):\n"
        "    with store.write() as transaction:\n"
        "        before = len(transaction.history().events)\n"
        "        transaction.event('propose', before)\n"
    )
    writers = [subprocess.Popen([sys.executable, "-c", program, str(tmp_path)]) for _ in range(3)]
    assert [writer.wait(timeout=120) for writer in writers] == [0, 0, 0]
    # Each saw what the ones before it had written: no update was lost.
    assert [event.round for event in Store(tmp_path).history().events] == list(range(180))


def test_many_processes_may_create_the_store_at_once(tmp_path: Path) -> None:
    program = "import sys; from pathlib import Path; from altui.store.connection import Store; "
    program += "Store(Path(sys.argv[1]))"
    made = [subprocess.Popen([sys.executable, "-c", program, str(tmp_path)]) for _ in range(4)]
    assert [one.wait(timeout=60) for one in made] == [0] * 4


def test_a_locked_database_is_waited_for_and_then_explained(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("altui.store.connection.BUSY_SECONDS", 0.2)
    holder = sqlite3.connect(store.path)
    holder.execute("BEGIN EXCLUSIVE")
    with pytest.raises(AltuiError, match="locked by another process"):
        store.history()


def test_a_newer_altui_wrote_it(store: Store) -> None:
    connection = sqlite3.connect(store.path)
    connection.execute(
        "INSERT INTO _sqlite_migrations (migration_set, name, applied_at) "
        "VALUES ('altui', 'm999_future', 'then')"
    )
    connection.commit()
    with pytest.raises(AltuiError, match="newer altui") as caught:
        Store(store.root)
    assert "upgrade" in caught.value.hint


def test_damage_is_told_and_the_file_left_alone(store: Store) -> None:
    store.path.write_bytes(b"this is no database" * 100)
    with pytest.raises(AltuiError, match="damaged"):
        Store(store.root)
    assert store.path.read_bytes().startswith(b"this is no database")


def test_another_programs_database(tmp_path: Path) -> None:
    (tmp_path / ".altui").mkdir()
    sqlite3.connect(tmp_path / ".altui" / "state.db").execute("CREATE TABLE cats (name)")
    with pytest.raises(AltuiError, match="not a database of altui's"):
        Store(tmp_path)


def test_a_database_that_is_taken_away_does_not_come_back_empty(store: Store) -> None:
    store.path.unlink()
    with pytest.raises(AltuiError, match="is gone"):
        store.history()
    with pytest.raises(AltuiError, match="is gone"), store.write():
        pass
    assert not store.path.exists()


def test_labels_without_a_database_are_not_started_afresh(tmp_path: Path) -> None:
    (tmp_path / ".altui" / "labels" / "ab").mkdir(parents=True)
    with pytest.raises(AltuiError, match="missing or empty"):
        Store(tmp_path)
    (tmp_path / ".altui" / "state.db").touch()
    with pytest.raises(AltuiError, match="missing or empty"):
        Store(tmp_path)


def test_a_table_that_is_gone(store: Store) -> None:
    connection = sqlite3.connect(store.path)
    connection.execute("DROP TABLE confusions")
    connection.commit()
    with pytest.raises(AltuiError, match="incomplete"):
        store.history()


def test_a_file_where_the_folder_should_be(tmp_path: Path) -> None:
    (tmp_path / ".altui").write_text("")
    with pytest.raises(AltuiError, match="is a file"):
        Store(tmp_path)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_read_only_project_can_be_looked_at(store: Store) -> None:
    with store.write() as transaction:
        transaction.event("propose", 1)
    store.path.chmod(0o444)
    store.folder.chmod(0o555)
    looked_at = Store(store.root)
    assert len(looked_at.history().events) == 1
    with pytest.raises(AltuiError, match="read-only"), looked_at.write():
        pass
    store.folder.chmod(0o755)


def test_a_folder_that_may_not_be_written_to_shows_an_empty_project(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError

    monkeypatch.setattr(Path, "mkdir", refuse)
    store = Store(tmp_path)
    assert store.history().events == ()
    assert not store.writable
    with pytest.raises(AltuiError, match="read-only"), store.write():
        pass
