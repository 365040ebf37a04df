"""What leaves the log: reading it for an export, and the record of who took what (UU 27/2022, accountability)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from itertools import islice
from typing import Any

from sqlalchemy import Connection, Select, exists, func, select

from bot.incidents.lifecycle import Status
from bot.store.audit import Auditor
from bot.store.incidents import Incident, incident_of
from bot.store.tables import cap_messages, exports, incident_history, incident_links, incidents

KIND = "incidents.exported"
"""Of the audit row."""
_BATCH = 1000
_SETTLED = (Status.DITERUSKAN, Status.DITANGANI, Status.SELESAI)


@dataclass(frozen=True)
class Selection:
    """Which incidents. Times in milliseconds: from `since` on, before `until`."""

    since: int | None = None
    until: int | None = None
    category: str | None = None
    status: str | None = None
    number: int | None = None

    def to_json(self) -> dict[str, Any]:
        """As the record keeps it: what was asked for, nothing else."""
        return {name: value for name, value in asdict(self).items() if value is not None}


@dataclass(frozen=True)
class Exported:
    """One export that was made. `at` in milliseconds."""

    id: int
    at: int
    who: str
    format: str
    filters: dict[str, Any]
    rows: int
    sha256: str


def count(connection: Connection, selection: Selection) -> int:
    """How many incidents that are."""
    return int(connection.scalar(_selected(select(func.count()).select_from(incidents), selection)) or 0)


def entries(connection: Connection, selection: Selection) -> Iterator[tuple[Incident, bool]]:
    """The incidents in order, each with whether an officer verified it. Read in pieces: a log is long."""
    reports = (
        select(func.count())
        .where(incident_links.c.incident_id == incidents.c.id, incident_links.c.role != "reply")
        .scalar_subquery()
    )
    verified = exists().where(
        incident_history.c.incident_id == incidents.c.id,
        incident_history.c.action == "status",
        incident_history.c.after == str(Status.TERVERIFIKASI),
    )
    statement = _selected(select(incidents, reports.label("linked"), verified.label("verified")), selection)
    for row in connection.execute(statement.order_by(incidents.c.id).execution_options(yield_per=_BATCH)):
        status = Status(row.status)
        yield (
            incident_of(row, row.linked),
            status is Status.TERVERIFIKASI or (bool(row.verified) and status in _SETTLED),
        )


def record(
    connection: Connection,
    auditor: Auditor,
    *,
    who: str,
    form: str,
    selection: Selection,
    rows: int,
    sha256: str,
    version: str,
    now: int,
    messages: Iterable[tuple[int, str, str]] = (),
) -> int:
    """Note an export before it is handed out; its number. `messages`: (incident, CAP identifier, sent)."""
    values = {"at": now, "who": who, "format": form, "filters": selection.to_json(), "rows": rows, "sha256": sha256}
    result = connection.execute(exports.insert().values(**values))
    assert result.inserted_primary_key is not None  # noqa: S101
    number = int(result.inserted_primary_key[0])
    made = (
        {"identifier": identifier, "incident_id": incident, "sent": sent, "export_id": number}
        for incident, identifier, sent in messages
    )
    while batch := list(islice(made, _BATCH)):
        connection.execute(cap_messages.insert(), batch)
    auditor.append(connection, KIND, f"export:{number}", {**values, "export": number}, version=version, now=now)
    return number


def made(connection: Connection, limit: int = 100) -> list[Exported]:
    """The latest exports, newest first."""
    rows = connection.execute(select(exports).order_by(exports.c.id.desc()).limit(limit))
    return [Exported(row.id, row.at, row.who, row.format, dict(row.filters), row.rows, row.sha256) for row in rows]


def earlier_messages(connection: Connection, numbers: Iterable[int]) -> Mapping[int, tuple[str, str]]:
    """Incident → (identifier, sent) of the last CAP message about it."""
    found: dict[int, tuple[str, str]] = {}
    wanted = list(numbers)
    for start in range(0, len(wanted), 500):
        rows = connection.execute(
            select(cap_messages)
            .where(cap_messages.c.incident_id.in_(wanted[start : start + 500]))
            .order_by(cap_messages.c.export_id)
        )
        found |= {row.incident_id: (row.identifier, row.sent) for row in rows}
    return found


def _selected(statement: Select[Any], selection: Selection) -> Select[Any]:
    if selection.since is not None:
        statement = statement.where(incidents.c.opened_at >= selection.since)
    if selection.until is not None:
        statement = statement.where(incidents.c.opened_at < selection.until)
    if selection.category is not None:
        statement = statement.where(incidents.c.category == selection.category)
    if selection.status is not None:
        statement = statement.where(incidents.c.status == selection.status)
    if selection.number is not None:
        statement = statement.where(incidents.c.id == selection.number)
    return statement
