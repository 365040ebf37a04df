"""The homeserver's own reports: each is taken up once, whatever is deleted between; a refusal is told once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from bot.matrix import eventreports
from bot.matrix.api import ApiError, HomeserverApi, Unreachable
from bot.matrix.eventreports import FIRST_MS, MOST, EventReports
from bot.store.database import Database

NOW = 1_795_000_000_000


class Admin(HomeserverApi):
    """A homeserver with these reports, newest first, as Synapse pages them."""

    def __init__(self) -> None:
        super().__init__("http://127.0.0.1:1")
        self.rows: list[dict[str, Any]] = []
        self.error: Exception | None = None

    def add(self, number: int, at: int = NOW) -> None:
        row = {"id": number, "event_id": f"$e{number}", "room_id": "!r", "user_id": "@a:b.test", "reason": "x"}
        self.rows.append({**row, "received_ts": at})

    async def request(self, method: str, path: str, body: Any = None, **arguments: Any) -> dict[str, Any]:
        if self.error is not None:
            raise self.error
        assert (method, path) == ("GET", "/_synapse/admin/v1/event_reports")
        query = arguments["query"]
        assert query["dir"] == "b"
        start, limit = int(query["from"]), int(query["limit"])
        page = self.rows[::-1][start : start + limit]
        more = {"next_token": start + limit} if start + limit < len(self.rows) else {}
        return {"event_reports": page, "total": len(self.rows), **more}


@pytest.fixture
def admin(monkeypatch: pytest.MonkeyPatch) -> Admin:
    monkeypatch.setattr(eventreports, "now_ms", lambda: NOW)
    return Admin()


@pytest.fixture
def taken() -> list[int]:
    return []


@pytest.fixture
def refusals() -> list[str]:
    return []


@pytest.fixture
def poller(
    admin: Admin, taken: list[int], refusals: list[str], tmp_path: Path, empty_database: Callable[[Path], Engine]
) -> Iterator[EventReports]:
    database = Database(empty_database(tmp_path / "k.db"))
    yield EventReports(
        admin,
        database,
        lambda _, reports: taken.extend(one.id for one in reports),
        lambda _, why: refusals.append(why),
    )
    database.close()


async def test_each_report_is_taken_up_once_the_oldest_first(
    poller: EventReports, admin: Admin, taken: list[int]
) -> None:
    for number in range(1, 251):
        admin.add(number)
    await poller.poll()
    await poller.poll()
    assert taken == list(range(1, 251))
    del admin.rows[:100]
    admin.add(251)
    await poller.poll()
    assert taken == list(range(1, 252))


async def test_more_than_one_round_takes_are_taken_up_in_the_next_and_none_is_passed_over(
    poller: EventReports, admin: Admin, taken: list[int]
) -> None:
    admin.add(1)
    await poller.poll()
    for number in range(2, 2 * MOST + 52):
        admin.add(number)
    await poller.poll()
    assert taken == list(range(1, MOST + 2))
    await poller.poll()
    await poller.poll()
    await poller.poll()
    assert taken == list(range(1, 2 * MOST + 52))


async def test_the_first_reading_leaves_old_reports_alone(poller: EventReports, admin: Admin, taken: list[int]) -> None:
    admin.add(1, NOW - FIRST_MS - 1)
    admin.add(2)
    await poller.poll()
    assert taken == [2]


async def test_a_refusal_is_told_once_and_again_after_it_had_worked(
    poller: EventReports, admin: Admin, refusals: list[str]
) -> None:
    admin.error = ApiError(403, "M_FORBIDDEN", "no", {})
    await poller.poll()
    await poller.poll()
    assert refusals == ["403 M_FORBIDDEN"]
    admin.error = None
    await poller.poll()
    admin.error = ApiError(403, "M_FORBIDDEN", "no", {})
    await poller.poll()
    assert len(refusals) == 2


async def test_a_homeserver_that_is_away_or_busy_is_no_refusal(
    poller: EventReports, admin: Admin, refusals: list[str]
) -> None:
    for error in (Unreachable("x"), ApiError(429, "M_LIMIT_EXCEEDED", "x", {}), ApiError(502, "M_UNKNOWN", "x", {})):
        admin.error = error
        await poller.poll()
    assert refusals == []


async def test_nonsense_in_the_list_is_passed_over(poller: EventReports, admin: Admin, taken: list[int]) -> None:
    admin.rows = [{"id": 3, "event_id": 5, "reason": [], "received_ts": NOW}, "x"]  # type: ignore[list-item]
    await poller.poll()
    assert taken == [3]
