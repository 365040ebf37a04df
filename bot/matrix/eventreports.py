"""What members have reported with their client's "report" (`/report`): the homeserver keeps it for its administrators.

Synapse alone lets it be read (Admin API, "Show reported events"), with an administrator's token that is not the bot's.
Without one this is off. What was read is noted in the same transaction that takes it up.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import structlog
from sqlalchemy import Connection

from bot.clock import now_ms
from bot.matrix.api import ApiError, HomeserverApi, Unreachable
from bot.matrix.events import text, whole
from bot.store import heartbeats
from bot.store.complaints import Reported
from bot.store.database import Database

log = structlog.get_logger()

EVERY_SECONDS = 60
PAGE, MOST = 100, 1000
"""So many are asked for at once, and so many, the oldest, taken up in one round; the rest waits for the next."""
FIRST_MS = 24 * 3_600_000
"""On the first reading ever, reports no older than this are taken up."""
_PATH = "/_synapse/admin/v1/event_reports"
_CURSOR, _REFUSED = "event_reports", "event_reports_refused"

Take = Callable[[Connection, Sequence[Reported]], object]
Refused = Callable[[Connection, str], object]


class EventReports:
    """Reads them every minute, oldest first, each once."""

    def __init__(self, api: HomeserverApi, database: Database, take: Take, refused: Refused) -> None:
        """`take` and `refused` run in a transaction; `refused` is told why, once for each time it begins."""
        self._api = api
        self._database = database
        self._take = take
        self._refused = refused

    async def run(self) -> None:
        """Until cancelled; nothing that goes wrong here ends the bot."""
        while True:
            try:
                await self.poll()
            except Exception:
                log.exception("event_reports.failed")
            await asyncio.sleep(EVERY_SECONDS)

    async def close(self) -> None:
        """Close the connections."""
        await self._api.close()

    async def poll(self) -> int:
        """Take up what is new; returns how many reports that were."""
        cursor = await self._database.run(lambda connection: heartbeats.last(connection, _CURSOR))
        try:
            reports, newest = await self._since(int(cursor) if cursor else None)
        except Unreachable:
            return 0  # the sync says so, too
        except ApiError as error:
            why = f"{error.status} {error.errcode}"
            if error.status in (401, 403, 404):
                await self._database.run(lambda connection: self._refuse(connection, why))
            log.warning("event_reports.refused", status=error.status, errcode=error.errcode)
            return 0
        await self._database.run(lambda connection: self._store(connection, reports, newest))
        return len(reports)

    async def _since(self, cursor: int | None) -> tuple[list[Reported], int]:
        """(reports after `cursor`, the oldest first; the newest number that is read with them).

        The newest come first, whatever was deleted between; so it takes paging back to `cursor` to know the oldest.
        """
        found: deque[Reported] = deque(maxlen=MOST)
        start: str | None = "0"
        oldest = now_ms() - FIRST_MS
        while start is not None:
            query = {"limit": str(PAGE), "dir": "b", "from": start}
            answer = await self._api.request("GET", _PATH, query=query, wait=False)
            rows = answer.get("event_reports")
            page = [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []
            following = whole(answer.get("next_token"))
            start = str(following) if following is not None and page else None
            for row in page:
                number = whole(row.get("id"))
                if number is None:
                    continue
                if number <= (cursor or 0) or (cursor is None and (whole(row.get("received_ts")) or 0) < oldest):
                    start = None
                    break
                found.append(_report(number, row))
        return list(found)[::-1], max((one.id for one in found), default=cursor or 0)

    def _store(self, connection: Connection, reports: Sequence[Reported], newest: int) -> None:
        heartbeats.due(connection, _REFUSED, "", now_ms())
        if heartbeats.due(connection, _CURSOR, str(newest), now_ms()) and reports:
            self._take(connection, reports)

    def _refuse(self, connection: Connection, why: str) -> None:
        if heartbeats.due(connection, _REFUSED, why, now_ms()):
            self._refused(connection, why)


def _report(number: int, row: Mapping[str, Any]) -> Reported:
    return Reported(
        number, text(row.get("event_id")), text(row.get("room_id")), text(row.get("user_id")),
        text(row.get("reason")) or None, text(row.get("sender")) or None,
    )  # fmt: skip
