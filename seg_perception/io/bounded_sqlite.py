"""Opens SQLite files that come from anywhere: read-only, plain tables, and queries that end."""

from __future__ import annotations

import sqlite3
from pathlib import Path

# Steps of SQLite's virtual machine that a query may take: these, and so many for each byte of the
# file. A row of a bag takes 5 to 15 steps and is 20 bytes or more.
_FREE_STEPS = 1 << 22
_STEPS_PER_BYTE = 4
_WATCHED_STEPS = 1 << 16
_TABLES = ("topics", "messages", "message_definitions")
# Of `PRAGMA table_xinfo`: a column that is computed as it is read.
_COMPUTED = (2, 3)


def connect(path: Path) -> sqlite3.Connection:
    """Open read-only; without a lock where the folder can't hold one.

    Raises:
        sqlite3.Error: no database.
    """
    uri = path.resolve().as_uri()
    for options in ("mode=ro", "mode=ro&immutable=1"):
        database = sqlite3.connect(f"{uri}?{options}", uri=True, check_same_thread=False)
        try:
            bound_steps(database, path.stat().st_size)
            database.execute("PRAGMA trusted_schema = OFF")
            database.execute("SELECT COUNT(*) FROM sqlite_master").fetchone()
        except (sqlite3.OperationalError, OSError):
            database.close()
            continue
        except BaseException:
            database.close()
            raise
        return database
    msg = "unable to open the file"
    raise sqlite3.OperationalError(msg)


def expect_tables(database: sqlite3.Connection) -> None:
    """Refuse what a recorder never makes: views, virtual tables and computed columns.

    Raises:
        sqlite3.DatabaseError: one of the tables that are read is something else.
    """
    query = "SELECT name, type, rootpage FROM sqlite_master WHERE lower(name) IN (?, ?, ?)"
    for name, kind, page in database.execute(query, _TABLES).fetchall():
        columns = database.execute("SELECT hidden FROM pragma_table_xinfo(?)", [name])
        if kind != "table" or not page or any(column[0] in _COMPUTED for column in columns):
            msg = f"{name} is no plain table, this is no recorder's file"
            raise sqlite3.DatabaseError(msg)


def expect_within(stored_bytes: int, file_bytes: int) -> None:
    """Refuse messages that are larger than their file, which share its pages.

    Raises:
        sqlite3.DatabaseError: they are.
    """
    if stored_bytes > file_bytes:
        msg = f"it claims {stored_bytes} bytes of messages in a file of {file_bytes}"
        raise sqlite3.DatabaseError(msg)


def bound_steps(database: sqlite3.Connection, file_bytes: int) -> None:
    """From now on, end what takes longer than any query on a file of this size (byte)."""
    left = (_FREE_STEPS + _STEPS_PER_BYTE * file_bytes) // _WATCHED_STEPS

    def spend() -> int:
        nonlocal left
        left -= 1
        return int(left < 0)

    database.set_progress_handler(spend, _WATCHED_STEPS)
