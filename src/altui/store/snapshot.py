"""A copy of `state.db` as it stood at one moment, while others go on writing to it."""

import sqlite3
from contextlib import closing
from pathlib import Path

from sqlite_utils import Database

from altui.errors import AltuiError
from altui.store.connection import Store, explain
from altui.store.history import History
from altui.store.migrations import migrations
from altui.store.reading import read_history
from altui.text import plain


def snapshot(store: Store, target: Path) -> History:
    """Copy the database into the new file `target`, sound and whole, and return its rows.

    Raises AltuiError where the database is damaged or the copy cannot be written.
    """
    with store.read() as db:
        db.execute("SELECT id FROM events LIMIT 1").fetchall()  # waits for a writer to end
        try:
            with closing(sqlite3.connect(target)) as copy:
                db.conn.backup(copy)
                check_sound(copy, store.path)
                return read_history(Database(copy, execute_plugins=False))
        except sqlite3.Error as error:
            raise explain(error, target) from error


def check_sound(connection: sqlite3.Connection, path: Path) -> None:
    """Raises AltuiError for a database with a damaged page or a row that points nowhere."""
    faults = [str(row[0]) for row in connection.execute("PRAGMA integrity_check(3)")]
    if faults != ["ok"]:
        raise AltuiError(
            f"{plain(path)} is damaged: {plain(faults[0])}",
            "bring it back from an earlier backup, or save what can be read with: "
            "sqlite3 state.db .recover",
        )
    if connection.execute("PRAGMA foreign_key_check").fetchone():
        raise AltuiError(
            f"{plain(path)} holds rows that altui did not write", "bring back an earlier backup"
        )


def check_schema(connection: sqlite3.Connection, path: Path) -> None:
    """Raises AltuiError unless a database holds altui's tables and triggers and no others:
    one from elsewhere could bring rules of its own.
    """
    with closing(sqlite3.connect(":memory:")) as fresh:
        migrations.apply(Database(fresh, execute_plugins=False))
        if _schema(connection) != _schema(fresh):
            raise AltuiError(
                f"{plain(path)} has other tables or triggers than altui makes",
                "take another backup; this one was changed by something else",
            )


def _schema(connection: sqlite3.Connection) -> set[tuple[str, ...]]:
    rows = connection.execute("SELECT type, name, tbl_name, coalesce(sql, '') FROM sqlite_master")
    return {tuple(row) for row in rows if not str(row[1]).startswith("sqlite_stat")}
