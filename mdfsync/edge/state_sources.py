"""What the state remembers of the sources: every row as last seen, where each pull ended, what was held and
released.

The mirror never forgets: a row that a source no longer gives is marked gone, not removed, and comes back when
the source gives it again. A row whose body did not change keeps the provenance of the pull that first brought
that body, so that an unchanged world stays an unchanged world. It judges nothing (no guard, no staleness).
Part of `state.State`; the pipeline calls it between pulling and observing.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row

from mdfsync.edge.state_schema import pulls, releases, source_rows, sources
from mdfsync.edge.state_store import Store, to_json
from mdfsync.model import CutOff, RawRow, SourcePull, SourceRef
from mdfsync.values import digest, instant_text, to_instant


class SourceState(Store):
    """Mirror, cursors, holds and releases, by source id."""

    def rows(self, source_id: str) -> tuple[RawRow, ...]:
        """Every row of the source that is not gone, as last seen, by external id."""
        return self._mirror(source_id, source_rows.c.gone_at.is_(None))

    def gone(self, source_id: str) -> tuple[RawRow, ...]:
        """Rows that the source stopped giving, with their last bodies."""
        return self._mirror(source_id, source_rows.c.gone_at.is_not(None))

    def _mirror(self, source_id: str, condition: sa.ColumnElement[bool]) -> tuple[RawRow, ...]:
        table = source_rows
        wanted = (table.c.external_id, table.c.body, table.c.observed_at, table.c.fetched_at, table.c.blob, table.c.row)
        query = sa.select(*wanted).where(table.c.source_id == source_id, condition)
        same, rows = _Same(), []
        with self._read() as connection:
            for lines in connection.execute(query, execution_options={"yield_per": _AT_ONCE}).partitions():
                bodies = same.bodies([line.body for line in lines])
                rows += [_raw_row(source_id, line, body, same) for line, body in zip(lines, bodies, strict=True)]
        rows.sort(key=lambda row: row.ref.external_id)  # here: a database's own order depends on its collation
        return tuple(rows)

    def known(self, source_id: str) -> dict[str, str]:
        """Hash of the body (`values.digest`) of every row that is not gone, by external id."""
        query = sa.select(source_rows.c.external_id, source_rows.c.sha).where(
            source_rows.c.source_id == source_id, source_rows.c.gone_at.is_(None)
        )
        with self._read() as connection:
            return {line.external_id: line.sha for line in connection.execute(query)}

    def cursor(self, source_id: str) -> Mapping[str, Any] | None:
        """Where the last accepted pull ended; `None` before the first."""
        query = sa.select(sources.c.cursor).where(sources.c.source_id == source_id)
        with self._read() as connection:
            text = connection.execute(query).scalar()
        return None if text is None else dict(json.loads(text))

    def accept(self, pull: SourcePull, now: datetime) -> None:
        """Take a delivery in: rows in, `pull.gone` marked gone (also when the same pull still carries the
        row), returned rows un-gone, cursor, scope and counts saved, hold and absence cleared."""
        at = instant_text(now)
        with self._write() as connection:
            changed = self._take_rows(connection, pull, at)
            changed |= _mark_gone(connection, pull, at)
            entry = self._entry(connection, pull.source_id)
            if pull.cursor is not None:
                entry["cursor"] = to_json(dict(pull.cursor))
            if pull.scope:
                entry["scope"] = to_json({**json.loads(entry["scope"]), **pull.scope})
            entry |= {"last_pull_at": at, "last_accepted_at": at}
            entry |= {"held_reason": "", "held_sha": "", "absent_reason": ""}
            entry["cut_off"] = to_json([asdict(file) for file in pull.cut_off])
            if changed or not entry["last_sha"]:
                entry["rows"], entry["last_sha"] = _snapshot(connection, pull.source_id)
            self._upsert(connection, sources, [entry])
            counted = int(pull.complete or bool(pull.rows))
            log = {"source_id": pull.source_id, "at": at, "rows": entry["rows"], "counted": counted}
            connection.execute(pulls.insert(), log)

    def _take_rows(self, connection: Connection, pull: SourcePull, at: str) -> bool:
        if not pull.rows:
            return False
        query = sa.select(source_rows.c.external_id, source_rows.c.sha, source_rows.c.gone_at)
        query = query.where(source_rows.c.source_id == pull.source_id)
        held = {line.external_id: (line.sha, line.gone_at) for line in connection.execute(query)}
        fresh: dict[str, dict[str, Any]] = {}
        returned: list[str] = []
        for row in pull.rows:
            key, sha = row.ref.external_id, body_sha(row.body)
            before, gone_at = held.get(key, ("", None))
            if before != sha:
                fresh[key] = _mirror_row(row, sha, at)
            elif gone_at is not None:
                returned.append(key)
        new = [line for key, line in fresh.items() if key not in held]
        connection.execute(source_rows.insert(), new) if new else None
        _update(connection, [line for key, line in fresh.items() if key in held])
        if returned:
            _set_gone(connection, pull.source_id, returned, None)
        return bool(fresh or returned)

    def _entry(self, connection: Connection, source_id: str) -> dict[str, Any]:
        found = connection.execute(sa.select(sources).where(sources.c.source_id == source_id)).mappings().first()
        return dict(found) if found else dict(_UNKNOWN, source_id=source_id)

    def accepted_counts(self, source_id: str, limit: int = 5) -> tuple[int, ...]:
        """Rows of the source after each of its last accepted deliveries that were complete or brought rows,
        newest first: what the mass-drop guard compares with."""
        query = (
            sa.select(pulls.c.rows)
            .where(pulls.c.source_id == source_id, pulls.c.counted == 1)
            .order_by(pulls.c.seq.desc())
            .limit(limit)
        )
        with self._read() as connection:
            return tuple(connection.execute(query).scalars())

    def source_status(self, source_id: str) -> Mapping[str, Any]:
        """`last_pull_at`, `last_accepted_at` (datetime or None), `last_sha` (moves only with content),
        `rows`, `held_reason`, `held_sha`, `absent_reason`, `scope`, `cut_off` (of the last accepted delivery)."""
        with self._read() as connection:
            entry = self._entry(connection, source_id)
        del entry["source_id"], entry["cursor"]
        entry["scope"] = json.loads(entry["scope"])
        entry["cut_off"] = tuple(CutOff(**file) for file in json.loads(entry["cut_off"]))
        for name in ("last_pull_at", "last_accepted_at"):
            entry[name] = to_instant(entry[name]) if entry[name] else None
        return entry

    def note_pull(self, source_id: str, now: datetime, held: str = "", absent: str = "", sha: str = "") -> None:
        """A pull that was not accepted: when, and why it is held (`sha` then names the held snapshot) or
        absent."""
        with self._write() as connection:
            entry = self._entry(connection, source_id)
            entry |= {"last_pull_at": instant_text(now), "held_reason": held, "absent_reason": absent}
            entry["held_sha"] = sha if held else ""
            if sha and not held:
                entry["last_sha"] = sha
            self._upsert(connection, sources, [entry])

    def release(self, source_id: str, sha: str, who: str, at: datetime) -> None:
        """A person lets one held snapshot through; another snapshot of the source stays held."""
        line = {"source_id": source_id, "sha": sha, "who": who, "at": instant_text(at)}
        with self._write() as connection:
            self._add_missing(connection, releases, [line])

    def released(self, source_id: str, sha: str) -> bool:
        """Whether a person released exactly this snapshot."""
        query = sa.select(releases.c.who).where(releases.c.source_id == source_id, releases.c.sha == sha)
        with self._read() as connection:
            return connection.execute(query).first() is not None

    def first_seen(self, source_id: str, external_id: str) -> datetime:
        """When a pull first brought the row; `KeyError` for a row never seen."""
        query = sa.select(source_rows.c.first_seen_at).where(
            source_rows.c.source_id == source_id, source_rows.c.external_id == external_id
        )
        with self._read() as connection:
            text = connection.execute(query).scalar()
        if text is None:
            raise KeyError(f"{source_id}/{external_id}")
        return to_instant(text)

    def first_seen_all(self, source_id: str) -> dict[str, datetime]:
        """`first_seen` of every row of the source, gone ones included, in one read."""
        query = sa.select(source_rows.c.external_id, source_rows.c.first_seen_at)
        query = query.where(source_rows.c.source_id == source_id)
        with self._read() as connection:
            found = connection.execute(query).all()
        times = {text: to_instant(text) for text in {line.first_seen_at for line in found}}
        return {line.external_id: times[line.first_seen_at] for line in found}

    def previous_pull(self, source_id: str, before: datetime | None = None) -> datetime | None:
        """The last pull accepted before the one at `before` (default: the last one), in the order of acceptance: after
        a clock was set back, a later pull can bear an earlier time. With `first_seen` it bounds the time at which a
        row appeared; `None` = no lower bound is known."""
        query = sa.select(pulls.c.at).where(pulls.c.source_id == source_id)
        with self._read() as connection:
            if before is not None:
                then = sa.select(sa.func.min(pulls.c.seq)).where(
                    pulls.c.source_id == source_id, pulls.c.at >= instant_text(before)
                )
                at = connection.execute(then).scalar()
                query = query if at is None else query.where(pulls.c.seq < at)
            text = connection.execute(query.order_by(pulls.c.seq.desc()).limit(1)).scalar()
        return None if text is None else to_instant(text)


_UNKNOWN: dict[str, Any] = {
    "cursor": None, "scope": "{}", "last_pull_at": None, "last_accepted_at": None, "last_sha": "", "rows": 0,
    "held_reason": "", "held_sha": "", "absent_reason": "", "cut_off": "[]",
}  # fmt: skip


def body_sha(body: Mapping[str, Any]) -> str:
    """`values.digest` of a body; a body that canonical JSON refuses (an integer past 2^53) is hashed as plain
    JSON."""
    try:
        return digest(body)
    except ValueError:
        return hashlib.sha256(to_json(body).encode()).hexdigest()


_AT_ONCE = 2_000
"""Rows that are read and parsed together."""


class _Same:
    """What many rows have in common, kept once: times, texts (ids, names of blobs, places in them, values of bodies),
    and bodies that are alike letter by letter. In a large mirror most of the memory would be copies of these."""

    def __init__(self) -> None:
        self._times: dict[str, datetime] = {}
        self._texts: dict[str, str] = {}
        self._bodies: dict[str, Any] = {}

    def time(self, text: str) -> datetime:
        found = self._times.get(text)
        return found or self._times.setdefault(text, to_instant(text))

    def text(self, text: str) -> str:
        return self._texts.setdefault(text, text)

    def bodies(self, texts: Sequence[str]) -> list[Any]:
        """The bodies of these texts. They are parsed as one list, because the parser keeps the names of an object's
        members once per text that it is given."""
        new = [text for text in dict.fromkeys(texts) if text not in self._bodies]
        parsed = json.loads(f"[{','.join(new)}]", object_pairs_hook=self._object)
        self._bodies |= zip(new, parsed, strict=True)
        return [self._bodies[text] for text in texts]

    def _object(self, members: list[tuple[str, Any]]) -> dict[str, Any]:
        kept = self._texts.setdefault
        return {name: kept(value, value) if type(value) is str else value for name, value in members}


def _raw_row(source_id: str, line: Row[Any, Any, Any, Any, Any, Any], body: Mapping[str, Any], same: _Same) -> RawRow:
    ref = SourceRef(
        source_id=source_id,
        external_id=same.text(line.external_id),
        observed_at=same.time(line.observed_at) if line.observed_at else None,
        fetched_at=same.time(line.fetched_at),
        blob=same.text(line.blob),
        row=same.text(line.row),
    )
    return RawRow(ref=ref, body=body)


def _mirror_row(row: RawRow, sha: str, at: str) -> dict[str, Any]:
    ref = row.ref
    return {
        "source_id": ref.source_id,
        "external_id": ref.external_id,
        "sha": sha,
        "body": to_json(row.body),
        "observed_at": instant_text(ref.observed_at) if ref.observed_at else None,
        "fetched_at": instant_text(ref.fetched_at),
        "blob": ref.blob,
        "row": ref.row,
        "first_seen_at": at,
        "gone_at": None,
    }


def _update(connection: Connection, lines: Sequence[Mapping[str, Any]]) -> None:
    """New bodies under known ids; `first_seen_at` stays."""
    if not lines:
        return
    moved = ("sha", "body", "observed_at", "fetched_at", "blob", "row", "gone_at")
    statement = (
        source_rows.update()
        .where(source_rows.c.source_id == sa.bindparam("of"), source_rows.c.external_id == sa.bindparam("key"))
        .values({name: sa.bindparam(f"new_{name}") for name in moved})
    )
    parameters = [
        {"of": line["source_id"], "key": line["external_id"], **{f"new_{n}": line[n] for n in moved}} for line in lines
    ]
    connection.execute(statement, parameters)


def _mark_gone(connection: Connection, pull: SourcePull, at: str) -> bool:
    return bool(pull.gone) and _set_gone(connection, pull.source_id, pull.gone, at)


def _set_gone(connection: Connection, source_id: str, keys: Sequence[str], at: str | None) -> bool:
    """Set or clear the mark; a mark that already stands keeps its time."""
    statement = source_rows.update().where(
        source_rows.c.source_id == source_id, source_rows.c.external_id == sa.bindparam("key")
    )
    statement = statement.where(source_rows.c.gone_at.is_(None)) if at else statement
    result = connection.execute(statement.values(gone_at=at), [{"key": key} for key in keys])
    return result.rowcount != 0


def _snapshot(connection: Connection, source_id: str) -> tuple[int, str]:
    """Number of live rows and one hash over all of them."""
    query = sa.select(source_rows.c.external_id, source_rows.c.sha).where(
        source_rows.c.source_id == source_id, source_rows.c.gone_at.is_(None)
    )
    lines = sorted(f"{line.external_id}\x00{line.sha}\n" for line in connection.execute(query))
    return len(lines), hashlib.sha256("".join(lines).encode("utf-8", "backslashreplace")).hexdigest()
