"""How altui opens `state.db`: who may write, how long to wait, what a fault means."""

import getpass
import os
import socket
import sqlite3
import tempfile
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlite_utils import Database

from altui.errors import AltuiError
from altui.files import current_umask, make_folder, share
from altui.store.history import History
from altui.store.migrations import migrations
from altui.store.reading import read_history
from altui.text import plain

STATE = ".altui"
DATABASE = "state.db"
BUSY_SECONDS = 30.0


class Transaction:
    """One write transaction: all of its rows are committed together, or none."""

    def __init__(self, db: Database, who: str, known: History | None = None) -> None:
        """`known`: what has been read of the database before."""
        self.db = db
        self.who = who
        self._known = known

    def history(self) -> History:
        """All rows, with those of this transaction."""
        self._known = read_history(self.db, self._known)
        return self._known

    def event(
        self,
        what: str,
        round_number: int | None = None,
        note: str = "",
        undoes: int | None = None,
    ) -> int:
        """Append who did what, now, and return the event's id."""
        return self.insert(
            "events",
            at=datetime.now(UTC).isoformat(timespec="seconds"),
            who=self.who,
            host=socket.gethostname(),
            what=what,
            round=round_number,
            note=plain(note),
            undoes=undoes,
        )

    def insert(self, table: str, **row: Any) -> int:
        columns, marks = ", ".join(row), ", ".join("?" * len(row))
        cursor = self.db.execute(
            f"INSERT INTO {table} ({columns}) VALUES ({marks})", list(row.values())
        )
        assert cursor.lastrowid is not None
        return cursor.lastrowid


class Store:
    """The database of one project. A connection lives for one transaction only, so a
    Store may be shared by threads and no lock outlives a call.

    The journal is SQLite's default (not WAL, which network file systems break).
    """

    def __init__(self, root: Path, who: str = "") -> None:
        self.root = root
        self.folder = root / STATE
        self.path = self.folder / DATABASE
        self.who = plain(who) or login()
        self._thread = threading.local()
        self._is_older = False
        self.writable = self._prepare()
        self._known: History | None = None

    @contextmanager
    def read(self) -> Iterator[Database]:
        """A consistent view. Raises AltuiError."""
        with self._connection() as db:
            db.execute("BEGIN")
            yield db

    def history(self) -> History:
        """All rows; the same object as before where nothing was written since.

        Raises AltuiError.
        """
        with self.read() as db:
            # Kept of committed rows only: those of a transaction may still be taken back.
            self._known = read_history(db, self._known)
            return self._known

    @contextmanager
    def write(self) -> Iterator[Transaction]:
        """The one writer at a time: committed at the end, rolled back on an exception.

        Begins IMMEDIATE, since a transaction that reads first and then writes can be
        refused the lock at once, however long the timeout. Raises AltuiError.
        """
        if not self.writable:
            raise read_only(self.folder)
        with self._connection() as db:
            db.execute("BEGIN IMMEDIATE")
            self._thread.writes = True
            try:
                yield Transaction(db, self.who, self._known)
                db.conn.commit()
            finally:
                self._thread.writes = False

    @property
    def writes(self) -> bool:
        """Whether this thread is within a transaction: another one would wait for it in vain."""
        return getattr(self._thread, "writes", False)

    @contextmanager
    def _connection(self) -> Iterator[Database]:
        try:
            connection = self._connect()
            try:
                connection.execute("PRAGMA foreign_keys = ON")
                yield Database(connection, execute_plugins=False)
            finally:
                connection.close()  # rolls back what was not committed
        except UnicodeDecodeError:
            raise AltuiError(
                f"{plain(self.path)} is damaged: it holds text that is not UTF-8",
                "bring it back from a backup",
            ) from None
        except sqlite3.Error as error:
            raise explain(error, self.path) from error

    def _connect(self) -> sqlite3.Connection:
        if self.writable or (self.path.exists() and not self._is_older):
            return self._on_disk()
        # Of a read-only project without state, an empty one to look at; of one that an older altui
        # wrote, a copy that is brought up to date.
        connection = sqlite3.connect(":memory:")
        if self._is_older:
            with closing(self._on_disk()) as older:
                older.backup(connection)
        migrations.apply(Database(connection, execute_plugins=False))
        connection.commit()
        return connection

    def _on_disk(self) -> sqlite3.Connection:
        # Never "rwc": one that is gone would come back empty.
        mode = "rw" if self.writable else "ro"
        return sqlite3.connect(
            f"{self.path.resolve().as_uri()}?mode={mode}", uri=True, timeout=BUSY_SECONDS
        )

    def _prepare(self) -> bool:
        """Create or migrate the database; False where the project is read-only."""
        try:
            self._refuse_loss()
            make_folder(self.folder)
        except FileExistsError:
            raise AltuiError(
                f"{plain(self.folder)} is a file; altui keeps its state in a folder of that name",
                "move it aside",
            ) from None
        except PermissionError as error:
            if self.folder.exists():
                raise unreadable(self.folder, error) from None
            return False
        except OSError:
            return False
        self.writable = os.access(self.folder, os.W_OK) and (
            not self.path.exists() or os.access(self.path, os.W_OK)
        )
        if not self.path.exists():
            if not self.writable:
                return False
            self._create()
        with self._connection() as db:
            is_current = self._is_current(db)
            if is_current or not self.writable:
                self._is_older = not is_current
                return self.writable
            db.execute("BEGIN IMMEDIATE")  # two altuis may arrive here at once
            if not self._is_current(db):
                migrations.apply(db)
            db.conn.commit()
        return True

    def _refuse_loss(self) -> None:
        """A database that was there once is never started afresh. Raises AltuiError."""
        if self.path.is_file():
            lost = self.path.stat().st_size == 0  # altui makes it whole, so it was emptied
        else:
            lost = not self.path.exists() and _holds_work(self.folder)
        if lost:
            raise AltuiError(
                f"{plain(self.path)} is missing or empty, though altui has worked here",
                f"bring {DATABASE} back from a backup, or move {STATE} aside to start afresh",
            )

    def _create(self) -> None:
        """Make the database beside its place and put it there whole: an empty file is never
        seen. Whoever is second finds the first one's. Raises AltuiError.
        """
        handle, name = tempfile.mkstemp(dir=self.folder, prefix=f".{DATABASE}.", suffix=".tmp")
        os.close(handle)
        try:
            with closing(sqlite3.connect(name)) as connection:
                migrations.apply(Database(connection, execute_plugins=False))
                connection.commit()
            os.chmod(name, 0o666 & ~current_umask())
            share(Path(name))
            with suppress(FileExistsError):
                os.link(name, self.path)
        except sqlite3.Error as error:
            raise explain(error, self.path) from error
        except OSError:
            if not self.path.exists():  # a file system without hard links
                os.replace(name, self.path)
        finally:
            Path(name).unlink(missing_ok=True)

    def _is_current(self, db: Database) -> bool:
        """Raises AltuiError where a newer altui, or another program, wrote the file."""
        known = [migration.name for migration in migrations._migrations]
        applied = [migration.name for migration in migrations.applied(db)]
        newer = [name for name in applied if name not in known]
        if newer:
            raise AltuiError(
                f"{plain(self.path)} was written by a newer altui (it has {plain(newer[-1])})",
                "upgrade altui on this machine: pip install --upgrade altui",
            )
        if not applied and db.table_names():
            raise AltuiError(
                f"{plain(self.path)} is not a database of altui's", "move it aside and try again"
            )
        return applied == known


def login() -> str:
    """Who is working: ALTUI_USER, else the login name; printable."""
    if os.environ.get("ALTUI_USER"):
        return plain(os.environ["ALTUI_USER"])
    try:
        return plain(getpass.getuser())
    except (KeyError, OSError):  # a container's uid without a name
        return f"uid{os.getuid()}"


def unreadable(path: Path, error: OSError) -> AltuiError:
    return AltuiError(
        f"{plain(path)} cannot be read: {error.strerror}", "ask its owner for access to it"
    )


def read_only(folder: Path) -> AltuiError:
    return AltuiError(
        f"{plain(folder)} cannot be written to: this project is read-only for you",
        "ask its owner for write access (a group-writable folder), or copy the project",
    )


def explain(error: sqlite3.Error, path: Path) -> AltuiError:
    """SQLite's fault in the words of the person before the screen."""
    match getattr(error, "sqlite_errorname", "").split("_")[1:2]:
        case ["BUSY"] | ["LOCKED"]:
            return AltuiError(
                f"{plain(path)} has been locked by another process for {BUSY_SECONDS:.0f} s",
                "try again; if it stays so, see who holds it with: fuser " + plain(path),
            )
        case ["FULL"]:
            return AltuiError(
                f"the disk is full: {plain(path)} could not be written; nothing was changed",
                "free some space and try again",
            )
        case ["CANTOPEN"] if not path.exists():
            return AltuiError(
                f"{plain(path)} is gone", f"bring the folder, or {DATABASE} from a backup, back"
            )
        case ["CANTOPEN"]:
            return AltuiError(
                f"{plain(path)} cannot be opened: {plain(error)}", "ask its owner for access to it"
            )
        case ["NOTADB"] | ["CORRUPT"]:
            return AltuiError(
                f"{plain(path)} is damaged: {plain(error)}",
                "bring it back from a backup, or save what can be read with: "
                f"sqlite3 {DATABASE} .recover",
            )
        case ["READONLY"] if path.with_name(f"{path.name}-journal").exists():
            return AltuiError(
                f"{plain(path)} was being written to by an altui that was killed, and only someone "
                "who may write to it can put that right",
                "ask its owner to look at the project once: altui status PROJECT",
            )
        case ["READONLY"]:
            return read_only(path)
        case _ if "no such table" in str(error) or "no such column" in str(error):
            return AltuiError(
                f"{plain(path)} is incomplete: {plain(error)}", "bring it back from a backup"
            )
        case _:
            return AltuiError(f"{plain(path)}: {plain(error)}", "see that the folder is reachable")


def _holds_work(folder: Path) -> bool:
    return any(
        (folder / name).is_dir() and any((folder / name).iterdir()) for name in ("labels", "jobs")
    )
