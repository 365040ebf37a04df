from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest

from bot.matrix import gaps
from bot.matrix.api import ApiError, Unreachable
from bot.matrix.login import SignedOut
from bot.store.stream import Gap

ME = "@bot:b"
NOW = 10_000_000


def event(number: int, **more: Any) -> dict[str, Any]:
    return {"event_id": f"${number}", "type": "m.room.message", "origin_server_ts": NOW + number, **more}


def join(number: int, before: str | None = None) -> dict[str, Any]:
    unsigned = {"prev_content": {"membership": before}} if before else {}
    content = {"membership": "join"}
    return event(number, type="m.room.member", state_key=ME, content=content, unsigned=unsigned)


class History:
    """A room whose events are paged back, three a page; answers stand for what the homeserver gives instead."""

    def __init__(self, events: list[dict[str, Any]], *answers: Exception) -> None:
        self._events, self.answers, self.asked = events, list(answers), 0

    async def request(self, method: str, path: str, *, query: dict[str, str], wait: bool) -> dict[str, Any]:
        self.asked += 1
        if self.answers:
            raise self.answers.pop(0)
        end = int(query["from"])
        page = self._events[max(0, end - 3) : end][::-1]
        return {"chunk": page, **({"end": str(end - 3)} if end > 3 else {})}


async def fill(history: History, last: str | None, known: Iterable[str] = (), **more: Any) -> gaps.Filled:
    async def stored(ids: Iterable[str]) -> set[str]:
        return set(known) & set(ids)

    gap = Gap("!r", str(len(history._events)), last)
    return await gaps.fill(history, gap, me=ME, known=stored, committed_at=NOW, **more)  # type: ignore[arg-type]


def ids(filled: gaps.Filled) -> list[str]:
    return [item["event_id"] for item in filled.events]


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gaps, "PAUSE", 0)


async def test_a_gap_is_filled_back_to_the_last_event_seen_oldest_first() -> None:
    filled = await fill(History([event(n) for n in range(12)]), "$3")
    assert ids(filled) == [f"${n}" for n in range(4, 12)]
    assert filled.lost is None


async def test_an_event_already_stored_ends_the_gap_too() -> None:
    filled = await fill(History([event(n) for n in range(12)]), "$gone", known={"$7"})
    assert (ids(filled), filled.lost) == (["$8", "$9", "$10", "$11"], None)


async def test_what_was_said_before_we_joined_was_not_said_to_us() -> None:
    history = [event(0), event(1), join(2, "invite"), event(3), join(4, "join"), event(5)]
    assert ids(await fill(History(history), None)) == ["$3", "$4", "$5"]


def invite(number: int) -> dict[str, Any]:
    return event(number, type="m.room.member", state_key=ME, content={"membership": "invite"})


async def test_in_a_room_of_two_the_invite_is_where_we_come_in() -> None:
    history = [event(0), invite(1), event(2), event(3), join(4, "invite"), event(5)]
    assert ids(await fill(History(history), None, direct=True)) == ["$2", "$3", "$4", "$5"]
    assert ids(await fill(History(history), None)) == ["$5"]
    uninvited = [event(0), join(1), event(2)]
    assert ids(await fill(History(uninvited), None, direct=True)) == ["$2"]


def test_the_part_of_a_timeline_that_was_said_to_us() -> None:
    def part(timeline: list[dict[str, Any]], *, direct: bool) -> list[str]:
        return [item["event_id"] for item in gaps.said_to_us(timeline, ME, direct=direct)]

    timeline = [event(0), invite(1), event(2), join(3, "invite"), event(4), join(5, "join")]
    assert part(timeline, direct=True) == ["$1", "$2", "$3", "$4", "$5"]
    assert part(timeline, direct=False) == ["$3", "$4", "$5"]
    assert part([event(0), join(1), event(2)], direct=True) == ["$1", "$2"]
    assert part([event(0), event(1)], direct=False) == ["$0", "$1"]
    assert gaps.reaches_further([event(2), join(3, "invite")], ME, direct=True)
    assert not gaps.reaches_further([event(2), join(3, "invite")], ME, direct=False)
    assert not gaps.reaches_further(timeline, ME, direct=True)


async def test_a_history_that_ends_early_is_lost_and_brings_only_what_is_new() -> None:
    old = event(0) | {"origin_server_ts": NOW - gaps.SKEW_MS - 1}
    filled = await fill(History([old, event(1), event(2)]), "$purged")
    assert ids(filled) == ["$1", "$2"]
    assert filled.lost


async def test_a_gap_without_end_is_cut_and_says_so() -> None:
    filled = await fill(History([event(n) for n in range(30)]), "$0", limit=6)
    assert ids(filled) == [f"${n}" for n in range(24, 30)]
    assert "6" in str(filled.lost)


async def test_a_homeserver_that_does_not_answer_leaves_the_gap_open() -> None:
    down = History([event(0)], *[Unreachable("x")] * gaps.TRIES)
    with pytest.raises(gaps.NotNow):
        await fill(down, "$0")
    assert down.asked == gaps.TRIES
    shaky = History([event(0), event(1)], ApiError(502, "M_UNKNOWN", "", {}), ApiError(429, "M_LIMIT_EXCEEDED", "", {}))
    assert ids(await fill(shaky, "$0")) == ["$1"]


async def test_a_refusal_loses_the_gap_and_signed_out_is_not_a_refusal() -> None:
    assert (await fill(History([event(0)], ApiError(403, "M_FORBIDDEN", "", {})), "$0")).lost
    with pytest.raises(SignedOut):
        await fill(History([event(0)], ApiError(401, "M_UNKNOWN_TOKEN", "", {})), "$0")


class Stream(History):
    """As a homeserver that two servers write to: the order of pages is not the order of arrival, which `to` knows."""

    def __init__(self, events: list[dict[str, Any]], arrived: list[str]) -> None:
        super().__init__(events)
        self.arrived = arrived

    async def request(self, method: str, path: str, *, query: dict[str, str], wait: bool) -> dict[str, Any]:
        answer = await super().request(method, path, query=query, wait=wait)
        if "to" in query:
            since = int(query["to"])
            answer["chunk"] = [one for one in answer["chunk"] if self.arrived.index(one["event_id"]) >= since]
        return answer


async def test_what_a_server_that_was_away_sends_beneath_what_we_know_is_found() -> None:
    """Theirs (1 to 3) came last, and stand in the room beneath ours (4 to 8), which were said meanwhile."""
    arrival = ["$0", *(f"${n}" for n in range(4, 9)), "$1", "$2", "$3"]
    history = Stream([event(n) for n in range(9)], arrival)

    async def stored(ids: Iterable[str]) -> set[str]:
        return {"$0", "$4", "$5", "$6", "$7", "$8"} & set(ids)

    gap = Gap("!r", "9", "$8", since="6")
    filled = await gaps.fill(history, gap, me=ME, known=stored, committed_at=NOW)  # type: ignore[arg-type]
    assert (ids(filled), filled.lost) == (["$1", "$2", "$3"], None)


async def test_a_gap_in_a_room_just_joined_asks_nothing_of_the_stream() -> None:
    """What was said before our join came from elsewhere and has no place in it."""
    history = Stream([invite(0), event(1), join(2, "invite")], [])

    async def stored(_: Iterable[str]) -> set[str]:
        return set()

    gap = Gap("!r", "3", None, since="1")
    filled = await gaps.fill(
        history,
        gap,
        me=ME,
        known=stored,
        committed_at=NOW,
        direct=True,  # type: ignore[arg-type]
    )
    assert ids(filled) == ["$1", "$2"]


async def test_a_hole_deeper_than_the_stream_is_paged_back_as_ever() -> None:
    """Synapse fetches old events of another server only when somebody pages there: they never were in the stream."""
    history = Stream([event(n) for n in range(6)], ["$2", "$3", "$4", "$0", "$1", "$5"])

    async def stored(ids: Iterable[str]) -> set[str]:
        return {"$0", "$1"} & set(ids)

    gap = Gap("!r", "6", "$1", since="5")
    filled = await gaps.fill(history, gap, me=ME, known=stored, committed_at=NOW)  # type: ignore[arg-type]
    assert ids(filled) == ["$2", "$3", "$4", "$5"]
