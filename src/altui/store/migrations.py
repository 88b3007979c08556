"""The schema, as named steps that are only ever appended to.

Rows are facts (who did what, when) and are never changed or deleted: triggers see to
it. What state a slice, a round or a job is in is derived from them by `rounds/`.
"""

from sqlite_utils import Database, Migrations

migrations = Migrations("altui")

APPEND_ONLY = (
    *("events", "decisions", "labels", "jobs", "job_labels", "job_ends", "confusions"),
    *("stability", "job_settings"),
    *("claims", "repeats", "readings"),
    *("quarantine", "quarantine_decisions", "label_checks"),
    *("exports", "label_classes"),
)


@migrations()
def m001_rounds(db: Database) -> None:
    for statement in (
        """
        CREATE TABLE events (
            id INTEGER PRIMARY KEY,
            at TEXT NOT NULL,                 -- ISO 8601, UTC
            who TEXT NOT NULL,
            host TEXT NOT NULL,
            what TEXT NOT NULL,               -- propose, approve, reject, undo, import, …
            round INTEGER,
            note TEXT NOT NULL DEFAULT '',
            undoes INTEGER REFERENCES events(id)
        )""",
        """
        CREATE TABLE decisions (              -- the latest row of a slice in a round holds
            id INTEGER PRIMARY KEY,
            event INTEGER NOT NULL REFERENCES events(id),
            round INTEGER NOT NULL,
            sample TEXT NOT NULL,
            slice_index INTEGER NOT NULL,
            state TEXT NOT NULL CHECK (state IN ('proposed', 'approved', 'rejected', 'withdrawn')),
            strategy TEXT NOT NULL,
            rank INTEGER NOT NULL,
            score REAL,
            reasons TEXT NOT NULL             -- JSON list of sentences
        )""",
        "CREATE INDEX decisions_round ON decisions(round)",
        """
        CREATE TABLE labels (                 -- id is the revision; a slice's latest counts
            id INTEGER PRIMARY KEY,
            event INTEGER NOT NULL REFERENCES events(id),
            sample TEXT NOT NULL,
            slice_index INTEGER NOT NULL,
            sha256 TEXT NOT NULL,             -- of the file at path
            path TEXT NOT NULL,               -- relative to the project
            source TEXT NOT NULL,             -- the file as it came
            source_sha256 TEXT NOT NULL
        )""",
        "CREATE INDEX labels_slice ON labels(sample, slice_index)",
        """
        CREATE TABLE jobs (
            id TEXT PRIMARY KEY,
            event INTEGER NOT NULL REFERENCES events(id),
            kind TEXT NOT NULL,
            round INTEGER NOT NULL
        )""",
        """
        CREATE TABLE job_labels (             -- which revisions a job's network saw
            job TEXT NOT NULL REFERENCES jobs(id),
            label INTEGER NOT NULL REFERENCES labels(id),
            PRIMARY KEY (job, label)
        )""",
        """
        CREATE TABLE job_ends (
            job TEXT PRIMARY KEY REFERENCES jobs(id),
            event INTEGER NOT NULL REFERENCES events(id),
            state TEXT NOT NULL CHECK (state IN ('finished', 'failed', 'cancelled')),
            started_at TEXT,                  -- by the job's own clock, not the collector's
            ended_at TEXT,
            message TEXT NOT NULL DEFAULT '',
            hint TEXT NOT NULL DEFAULT ''
        )""",
        """
        CREATE TABLE confusions (
            job TEXT NOT NULL REFERENCES jobs(id),
            split TEXT NOT NULL,
            sample TEXT NOT NULL,
            matrix TEXT NOT NULL,             -- JSON; rows: labels, columns: predictions; pixels
            PRIMARY KEY (job, split, sample)
        )""",
        """
        CREATE TABLE stacks (                 -- a cache of headers; may be emptied at any time
            sample TEXT PRIMARY KEY,
            signature TEXT NOT NULL,
            slices INTEGER NOT NULL,
            height INTEGER NOT NULL,
            width INTEGER NOT NULL,
            dtype TEXT NOT NULL
        )""",
    ):
        db.execute(statement)
    for table in APPEND_ONLY[:7]:
        _make_append_only(db, table)


@migrations()
def m002_stability(db: Database) -> None:
    db.execute(
        """
        CREATE TABLE stability (              -- predictions against the previous round's
            job TEXT PRIMARY KEY REFERENCES jobs(id),
            matrix TEXT NOT NULL              -- JSON; rows: before, columns: now; pixels
        )"""
    )
    _make_append_only(db, "stability")


@migrations()
def m003_job_settings(db: Database) -> None:
    db.execute(
        """
        CREATE TABLE job_settings (           -- what a finished job's figures depend on
            job TEXT PRIMARY KEY REFERENCES jobs(id),
            settings TEXT NOT NULL            -- JSON: tables of its altui.toml, by name
        )"""
    )
    _make_append_only(db, "job_settings")


@migrations()
def m004_label_origins(db: Database) -> None:
    for column in (
        "annotator TEXT NOT NULL DEFAULT ''",  # who drew it; empty: whoever imported it
        "tool TEXT NOT NULL DEFAULT ''",  # that wrote the file, where the file tells
        "minutes REAL",  # of work, where the slice had been claimed
        "original TEXT NOT NULL DEFAULT ''",  # the file as it came, relative to the project
        "restores INTEGER REFERENCES labels(id)",  # the revision made current again
    ):
        db.execute(f"ALTER TABLE labels ADD COLUMN {column}")


@migrations()
def m005_claims(db: Database) -> None:
    for statement in (
        """
        CREATE TABLE claims (                 -- the latest row of a slice holds
            id INTEGER PRIMARY KEY,
            event INTEGER NOT NULL REFERENCES events(id),
            round INTEGER NOT NULL,
            sample TEXT NOT NULL,
            slice_index INTEGER NOT NULL,
            annotator TEXT NOT NULL,          -- empty: released
            bundle TEXT NOT NULL              -- in whose bundle it went out; empty: none
        )""",
        """
        CREATE TABLE repeats (                -- labelled slices that went out once more, blind
            id INTEGER PRIMARY KEY,
            event INTEGER NOT NULL REFERENCES events(id),
            label INTEGER NOT NULL REFERENCES labels(id),
            annotator TEXT NOT NULL,          -- empty: whoever had the bundle
            bundle TEXT NOT NULL
        )""",
        """
        CREATE TABLE readings (               -- masks of repeats: never labels; the latest counts
            id INTEGER PRIMARY KEY,
            event INTEGER NOT NULL REFERENCES events(id),
            repeat INTEGER NOT NULL REFERENCES repeats(id),
            sample TEXT NOT NULL,
            slice_index INTEGER NOT NULL,
            sha256 TEXT NOT NULL,             -- of the file at path
            path TEXT NOT NULL,               -- relative to the project
            source TEXT NOT NULL,             -- the file as it came
            source_sha256 TEXT NOT NULL,
            annotator TEXT NOT NULL,
            tool TEXT NOT NULL,
            minutes REAL,
            original TEXT NOT NULL,           -- the file as it came, relative to the project
            matrix TEXT NOT NULL              -- JSON; rows: the label, columns: this; pixels
        )""",
    ):
        db.execute(statement)
    # "tool": by the tool's own clock; "claim": from the claim to the return
    db.execute("ALTER TABLE labels ADD COLUMN minutes_by TEXT NOT NULL DEFAULT ''")
    for table in ("claims", "repeats", "readings"):
        _make_append_only(db, table)


@migrations()
def m006_quarantine(db: Database) -> None:
    for statement in (
        """
        CREATE TABLE quarantine (             -- masks in doubt; no labels until a person says so
            id INTEGER PRIMARY KEY,
            event INTEGER NOT NULL REFERENCES events(id),
            sample TEXT NOT NULL,
            slice_index INTEGER NOT NULL,
            sha256 TEXT NOT NULL,             -- of the file at path
            path TEXT NOT NULL,               -- relative to the project
            source TEXT NOT NULL,             -- the file as it came
            source_sha256 TEXT NOT NULL,
            annotator TEXT NOT NULL,
            tool TEXT NOT NULL,
            minutes REAL,
            minutes_by TEXT NOT NULL,
            original TEXT NOT NULL,           -- the file as it came, relative to the project
            remarks TEXT NOT NULL,            -- JSON: what the checks said
            figures TEXT NOT NULL             -- JSON: what they measured
        )""",
        """
        CREATE TABLE quarantine_decisions (
            id INTEGER PRIMARY KEY,
            quarantined INTEGER NOT NULL UNIQUE REFERENCES quarantine(id),
            event INTEGER NOT NULL REFERENCES events(id),
            state TEXT NOT NULL CHECK (state IN ('accepted', 'refused')),
            label INTEGER REFERENCES labels(id),  -- that an accepted one became
            reason TEXT NOT NULL DEFAULT ''
        )""",
        """
        CREATE TABLE label_checks (           -- what the checks said of an accepted mask
            label INTEGER PRIMARY KEY REFERENCES labels(id),
            remarks TEXT NOT NULL,            -- JSON
            figures TEXT NOT NULL             -- JSON
        )""",
    ):
        db.execute(statement)
    for table in ("quarantine", "quarantine_decisions", "label_checks"):
        _make_append_only(db, table)


@migrations()
def m007_exports(db: Database) -> None:
    db.execute(
        """
        CREATE TABLE exports (                -- slices that went out, to whomever
            id INTEGER PRIMARY KEY,
            event INTEGER NOT NULL REFERENCES events(id),
            round INTEGER NOT NULL,
            sample TEXT NOT NULL,
            slice_index INTEGER NOT NULL,
            bundle TEXT NOT NULL
        )"""
    )
    _make_append_only(db, "exports")


@migrations()
def m008_label_classes(db: Database) -> None:
    db.execute(
        """
        CREATE TABLE label_classes (          -- what class ids mean in masks from this event on
            id INTEGER PRIMARY KEY,
            event INTEGER NOT NULL REFERENCES events(id),
            names TEXT NOT NULL               -- JSON: the classes' names by id
        )"""
    )
    _make_append_only(db, "label_classes")


def _make_append_only(db: Database, table: str) -> None:
    for verb in ("UPDATE", "DELETE"):
        db.execute(
            f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table} "
            f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
        )
