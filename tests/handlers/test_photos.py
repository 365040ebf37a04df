"""Photos and places in a channel: taken up with what they belong to, by a link; the file stays there."""

from __future__ import annotations

import pytest
from casework_world import CRASH, REPORTER, deliver, incident, shown
from handlers_world import OJOL, OPERATIONS, Event, Take, audited, sent
from sqlalchemy import Engine, delete, select

from bot.event import IncomingEvent, Kind, Media
from bot.store.tables import inbox, rooms, transmissions


@pytest.fixture
def photo(event: Event) -> Event:
    def make(caption: str = "", kind: Kind = Kind.IMAGE, **values: object) -> IncomingEvent:
        media = Media("mxc://batang.test/photo", "image/jpeg", filename="IMG_1.jpg", file={"key": {"k": "secret"}})
        made = {"room": OJOL, "sender": REPORTER, "kind": kind, "media": media, "type": "m.room.message"}
        return event(caption or "IMG_1.jpg", **{**made, **values})

    return make


@pytest.fixture
async def reported(take: Take, event: Event, engine: Engine) -> IncomingEvent:
    report = event(CRASH, room=OJOL, sender=REPORTER)
    await take(report)
    deliver(engine)
    return report


async def test_a_photo_whose_caption_reports_something_is_a_report_and_the_card_leads_to_it(
    take: Take, photo: Event, engine: Engine
) -> None:
    one = photo("kebakaran di pasar Subah")
    await take(one)
    assert incident(engine).category == "kebakaran"
    assert one.event_id in str(sent(engine, OPERATIONS)[0]["content"]).replace("%24", "$")
    assert "kebakaran di pasar Subah" in shown(engine, OPERATIONS)
    assert f"reply:{one.event_id}" in [row["key"] for row in sent(engine, OJOL)]


@pytest.mark.parametrize("threaded", [True, False])
@pytest.mark.parametrize("caption", ["", "ini fotonya pak"])
@pytest.mark.parametrize("kind", [Kind.IMAGE, Kind.FILE])
async def test_a_photo_in_the_thread_of_a_report_or_right_after_it_is_linked_under_its_card(
    take: Take, photo: Event, reported: IncomingEvent, engine: Engine, threaded: bool, caption: str, kind: Kind
) -> None:
    one = photo(caption, kind, thread_root=reported.event_id if threaded else None)
    await take(one, one)
    [row] = [row for row in sent(engine, OPERATIONS) if row["key"] == f"card:1:in:{one.event_id}"]
    assert one.event_id in row["content"]["formatted_body"].replace("%24", "$")
    assert caption in row["content"]["body"]
    assert "IMG_1" not in row["content"]["body"]
    assert f"mark:{one.event_id}" in [row["key"] for row in sent(engine, OJOL)]
    assert incident(engine).reports == 1


async def test_neither_the_photo_nor_its_key_is_kept(
    take: Take, photo: Event, reported: IncomingEvent, engine: Engine
) -> None:
    await take(
        photo(thread_root=reported.event_id), photo("kebakaran di pasar Subah"), photo(sender="@lain:batang.test")
    )
    with engine.connect() as connection:
        kept = [*connection.scalars(select(inbox.c.payload)), *connection.scalars(select(transmissions.c.media))]
    assert "secret" not in str(kept)
    assert "mxc://batang.test/photo" not in str(kept)


async def test_a_photo_of_something_else_right_after_a_report_is_a_report_of_its_own(
    take: Take, photo: Event, reported: IncomingEvent, engine: Engine
) -> None:
    await take(photo("kebakaran di pasar Subah"))
    assert incident(engine, 2).category == "kebakaran"


async def test_a_photo_that_belongs_to_nothing_is_named_in_the_audit_and_nothing_is_said(
    take: Take, photo: Event, event: Event, engine: Engine
) -> None:
    place = event("Location", room=OJOL, kind=Kind.LOCATION, content={"geo_uri": "geo:-6.95,109.92"})
    await take(photo(), place)
    assert audited(engine) == ["attachment.unreported"] * 2
    assert sent(engine) == []


async def test_a_place_shared_with_words_that_report_something_stands_on_the_card(
    take: Take, event: Event, engine: Engine
) -> None:
    place = {"content": {"geo_uri": "geo:-6.95,109.92"}, "kind": Kind.LOCATION}
    await take(event("kecelakaan di sini, dua orang luka", room=OJOL, **place))
    assert incident(engine).location == "-6.950000,109.920000"
    assert "Lokasi yang dibagikan" in shown(engine, OPERATIONS)


async def test_a_place_shared_before_the_officers_have_a_room_stays_in_the_log(
    take: Take, event: Event, engine: Engine
) -> None:
    with engine.begin() as connection:
        connection.execute(delete(rooms).where(rooms.c.room_id == OPERATIONS))
    place = {"content": {"geo_uri": "geo:-6.95,109.92"}, "kind": Kind.LOCATION}
    await take(event("kecelakaan di sini, dua orang luka", room=OJOL, **place))
    assert incident(engine).location == "-6.950000,109.920000"
    assert sent(engine, OPERATIONS) == []


async def test_a_photo_that_is_taken_back_takes_its_link_along(
    take: Take, photo: Event, reported: IncomingEvent, withdraw: Event, engine: Engine
) -> None:
    one = photo(thread_root=reported.event_id)
    await take(one)
    await take(withdraw(one, sender=REPORTER, room=OJOL))
    gone = [row["content"]["event_id"] for row in sent(engine, OPERATIONS) if row["action"] == "redaction"]
    assert gone == [f"outbox:card:1:in:{one.event_id}"]
