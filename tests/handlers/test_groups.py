"""Groups: an invite is no consent to listen and speak; an officer's word is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from casework_world import ANI, deliver, staffed
from handlers_world import DIRECT, ME, NOW, OJOL, OPERATIONS, Event, Take, audited, sent
from sqlalchemy import Engine, select

from bot.event import IncomingEvent, Kind, Trust
from bot.handlers import duties, groups
from bot.handlers.desk import Desk
from bot.handlers.groups import MOST_OF_ONE
from bot.outgoing import Action
from bot.store import groups as store
from bot.store import inbox as events
from bot.store import rooms, roomstate
from bot.store.roomstate import StateEvent
from bot.store.tables import inbox, transmissions

GROUP = "!arisan:batang.test"
INVITER = "@bu-rt:batang.test"
DAY = 24 * 3_600_000


@pytest.fixture
def desk(desk: Desk) -> Desk:
    return staffed(desk)


@pytest.fixture
def here(engine: Engine) -> Callable[..., None]:
    """Who is in a room, as a sync told it."""

    def people(room: str, *ids: str) -> None:
        events = [StateEvent(room, "m.room.member", one, one, {"membership": "join"}) for one in ids]
        with engine.begin() as connection:
            roomstate.replace(connection, room, events, NOW)

    return people


@pytest.fixture
def invite(event: Event) -> Event:
    def make(room: str = GROUP, sender: str = INVITER, **values: object) -> IncomingEvent:
        base = {"direct": False, "content": {"membership": "invite", "name": "Arisan *RT 5*"}}
        return event(
            kind=Kind.INVITE, room=room, sender=sender, type="m.room.member", state_key=ME, **{**base, **values}
        )

    return make


@pytest.fixture
async def asked(take: Take, invite: Event, engine: Engine, here: Callable[..., None]) -> IncomingEvent:
    """The bot was invited to a group, is in it, and the card stands."""
    event = invite()
    await take(event)
    deliver(engine)
    here(GROUP, ME, INVITER, "@warga:batang.test")
    return event


def said(engine: Engine, room: str = GROUP) -> list[str]:
    return [row["content"]["body"] for row in sent(engine, room) if row["action"] == Action.EVENT]


def acts(engine: Engine, room: str = GROUP) -> list[str]:
    return [row["action"] for row in sent(engine, room)]


def state(engine: Engine, room: str = GROUP) -> str | None:
    with engine.connect() as connection:
        group = store.find(connection, room)
        return group.state if group else None


@pytest.fixture
def decide(event: Event) -> Event:
    """An officer's reaction to the card, or words under it."""

    def make(sign: str, sender: str = ANI, room: str = GROUP, at: int = NOW, **values: object) -> IncomingEvent:
        target = f"$group:{room}:{at}"
        if sign.isascii():
            return event(sign, room=OPERATIONS, sender=sender, thread_root=target, **{"trust": Trust.DEVICE, **values})
        return event(
            sign, room=OPERATIONS, kind=Kind.REACTION, type="m.reaction", sender=sender, target=target, **values
        )

    return make


async def test_an_invited_bot_joins_says_once_who_it_is_and_asks_the_officers(
    asked: IncomingEvent, engine: Engine, take: Take, invite: Event
) -> None:
    assert acts(engine) == [Action.JOIN, Action.EVENT]
    [hello] = said(engine)
    assert "belum mendengarkan" in hello
    [card] = said(engine, OPERATIONS)
    assert "Arisan *RT 5*" in card  # literally: a name is no markup
    assert INVITER in card
    assert "https://matrix.to/#/%21arisan%3Abatang.test" in card
    await take(invite())
    assert len(said(engine)) == len(said(engine, OPERATIONS)) == 1
    assert state(engine) == "asked"


async def test_until_then_nothing_in_it_is_heard_answered_or_kept(
    asked: IncomingEvent, engine: Engine, take: Take, event: Event
) -> None:
    before = len(audited(engine))
    await take(
        event("tolong ada kebakaran di pasar Subah", room=GROUP, direct=False, mentions=(ME,),
              content={"m.mentions": {"user_ids": [ME]}}),
        event(room=GROUP, kind=Kind.AUDIO, direct=False),
        event("syarat skck apa", room=GROUP, direct=False, reply_to=f"$group-hello:group:{GROUP}:{NOW}"),
        event("halo", room=GROUP, direct=True),  # only the two of us are left, or were from the start
    )  # fmt: skip
    assert len(said(engine)) == 1
    assert len(audited(engine)) == before
    with engine.connect() as connection:
        assert connection.execute(select(transmissions)).all() == []
        payloads = connection.scalars(select(inbox.c.payload).where(inbox.c.room_id == GROUP)).all()
    assert not any(payload["body"] or payload["media"] for payload in payloads)


async def test_a_request_to_be_forgotten_is_heard_all_the_same(
    asked: IncomingEvent, engine: Engine, take: Take, event: Event
) -> None:
    mention = {"mentions": (ME,), "content": {"m.mentions": {"user_ids": [ME]}}}
    await take(event("hapus data saya", room=GROUP, direct=False, **mention))
    assert "hapus data saya" in said(engine)[-1]
    assert "pesan pribadi" in said(engine)[-1]


@pytest.mark.parametrize("sign", ["✅", "izinkan", "Izinkan!"])
async def test_an_officers_word_lets_it_speak_from_then_on(
    asked: IncomingEvent, engine: Engine, take: Take, event: Event, decide: Event, sign: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    mention = {"room": GROUP, "direct": False, "mentions": (ME,), "content": {"m.mentions": {"user_ids": [ME]}}}
    missed = event("brp biaya skck", **mention)
    await take(missed, decide(sign))
    assert state(engine) == "allowed"
    assert "sudah mengizinkan" in said(engine)[-1]
    assert "group.allowed" in audited(engine)
    assert any("Diizinkan" in body for body in said(engine, OPERATIONS)), "the card says so"

    monkeypatch.setattr("bot.handlers.consumer.now_ms", lambda: NOW + 1000)
    late = replace(event("brp biaya sim c", **mention), backfilled=True, sent_at=NOW - 60_000)
    asked_now = event("brp biaya sim a", **mention)
    await take(late, asked_now)
    replies = [row["key"] for row in sent(engine, GROUP) if row["key"].startswith("reply:")]
    assert replies == [f"reply:{asked_now.event_id}"], "what came in meanwhile stays unanswered"


@pytest.mark.parametrize("sign", ["⛔", "tolak"])
async def test_refused_it_says_goodbye_leaves_and_comes_no_more_until_an_officer_wants_it(
    asked: IncomingEvent, engine: Engine, take: Take, invite: Event, decide: Event, here: Callable[..., None], sign: str
) -> None:
    await take(decide(sign))
    rows = [row for row in sent(engine, GROUP) if row["state"] == "queued"]
    assert [row["action"] for row in rows] == [Action.EVENT, Action.LEAVE]
    assert rows[0]["priority"] < rows[1]["priority"], "the word goes first"
    deliver(engine)
    here(GROUP)
    await take(invite())
    assert acts(engine)[-1] == Action.LEAVE
    await take(decide("izinkan"))
    assert "diundang lagi" in said(engine, OPERATIONS)[-2]
    await take(invite())
    assert acts(engine)[-1] == Action.JOIN
    assert state(engine) == "allowed"


async def test_an_allowed_group_can_be_left_by_a_later_word(
    asked: IncomingEvent, engine: Engine, take: Take, decide: Event
) -> None:
    await take(decide("✅"), decide("tolak"))
    assert state(engine) == "refused"
    assert acts(engine)[-1] == Action.LEAVE


async def test_only_an_officer_decides_and_in_words_only_from_a_known_device(
    asked: IncomingEvent, engine: Engine, take: Take, decide: Event
) -> None:
    await take(
        decide("✅", sender="@warga:batang.test"), decide("✅", sender="@ani:asing.example"),
        decide("izinkan", sender="@warga:batang.test"), decide("izinkan", trust=Trust.UNPROVEN),
        decide("👍"), decide("izinkan tapi besok"), decide("ya"),
    )  # fmt: skip
    assert state(engine) == "asked"
    assert len(said(engine)) == 1


async def test_without_an_answer_it_leaves_by_itself_and_may_be_asked_again(
    asked: IncomingEvent, engine: Engine, desk: Desk, take: Take, invite: Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    days = desk.config.groups.answer_days
    with engine.begin() as connection:
        assert groups.expire(connection, desk, NOW + days * DAY) == 0
        assert groups.expire(connection, desk, NOW + days * DAY + 1) == 1
        assert groups.expire(connection, desk, NOW + days * DAY + 1) == 0
    assert acts(engine)[-2:] == [Action.EVENT, Action.LEAVE]
    assert "pamit" in said(engine)[-1]
    monkeypatch.setattr("bot.handlers.consumer.now_ms", lambda: NOW + 9 * DAY)
    await take(invite())
    assert state(engine) == "asked"
    assert acts(engine)[-2:] == [Action.JOIN, Action.EVENT]


async def test_one_person_cannot_fill_the_officers_room_with_invites(engine: Engine, take: Take, invite: Event) -> None:
    await take(*(invite(room=f"!g{number}") for number in range(MOST_OF_ONE + 2)))
    assert len(said(engine, OPERATIONS)) == MOST_OF_ONE
    assert [acts(engine, f"!g{number}")[0] for number in range(MOST_OF_ONE + 2)] == ["join"] * MOST_OF_ONE + [
        "leave"
    ] * 2


async def test_calling_a_room_of_many_direct_is_no_way_round_that_limit(
    engine: Engine, take: Take, invite: Event, event: Event, here: Callable[..., None]
) -> None:
    names = [f"!d{number}" for number in range(MOST_OF_ONE + 2)]
    for room in names:
        await take(invite(room=room, direct=True))
        here(room, ME, INVITER, "@boneka:batang.test")
        await take(event("halo", room=room, sender=INVITER, direct=False))
    assert len([body for body in said(engine, OPERATIONS) if "menjadi grup" in body]) == MOST_OF_ONE
    assert [acts(engine, room) for room in names[MOST_OF_ONE:]] == [[Action.JOIN, Action.LEAVE]] * 2, "not a word"
    await take(invite(room=names[-1], direct=True))
    assert acts(engine, names[-1])[-1] == Action.LEAVE, "nor by claiming it again"


async def test_a_direct_invite_and_rooms_of_the_files_ask_nobody(
    engine: Engine, take: Take, invite: Event, event: Event
) -> None:
    await take(invite(room="!dm", direct=True), event("menu", room="!dm", direct=True, sender=INVITER))
    assert "group.asked" not in audited(engine)
    with engine.begin() as connection:
        rooms.record(connection, "nelayan", "!nelayan", kind="channel", alias=None, now=NOW)
    await take(invite(room="!nelayan"))
    assert "group.asked" not in audited(engine)
    assert acts(engine, "!nelayan") == [Action.JOIN]


async def test_a_server_that_is_not_allowed_is_declined_and_nobody_is_asked(
    engine: Engine, take: Take, invite: Event
) -> None:
    await take(invite(sender="@x:asing.example"))
    assert acts(engine) == [Action.LEAVE]
    assert state(engine) is None


async def test_a_direct_room_with_a_third_person_is_a_group_from_then_on(
    engine: Engine, take: Take, event: Event, here: Callable[..., None], desk: Desk, react: Event
) -> None:
    await take(event("mau bicara dengan petugas"))
    deliver(engine)
    here(DIRECT, ME, "@warga:batang.test", "@teman:batang.test")
    third = event(room=DIRECT, kind=Kind.MEMBER, type="m.room.member", state_key="@teman:batang.test", direct=False,
                  content={"membership": "join"}, sender="@teman:batang.test")  # fmt: skip
    await take(third, event("brp biaya skck", direct=False, mentions=(ME,)))
    assert state(engine, DIRECT) == "asked"
    assert "belum mendengarkan" in said(engine, DIRECT)[-1]
    assert any("ditutup" in body for body in said(engine, OPERATIONS)), "the talk with officers ended"
    here(DIRECT, ME, "@warga:batang.test")
    await take(event("halo pak"))
    assert "belum mendengarkan" in said(engine, DIRECT)[-1], "and it stays one when the third is gone"


async def test_a_direct_claim_of_a_room_of_many_is_found_out_by_the_first_word_there_and_that_goes_unheard(
    engine: Engine, take: Take, invite: Event, event: Event, here: Callable[..., None]
) -> None:
    await take(invite(direct=True))
    here(GROUP, ME, INVITER, "@warga:batang.test")
    assert state(engine) is None
    await take(event("brp biaya skck", room=GROUP, sender=INVITER, direct=False))
    assert state(engine) == "asked"
    assert INVITER in said(engine, OPERATIONS)[0]
    [hello] = said(engine)
    assert "belum mendengarkan" in hello


async def test_a_room_left_to_the_two_of_us_is_no_group(
    engine: Engine, take: Take, event: Event, here: Callable[..., None]
) -> None:
    here(DIRECT, ME)
    await take(event(room=DIRECT, kind=Kind.MEMBER, type="m.room.member", state_key="@warga:batang.test", direct=False,
                     content={"membership": "leave"}))  # fmt: skip
    assert state(engine, DIRECT) is None


async def test_a_message_that_cannot_be_read_is_no_reason_to_speak_there(
    asked: IncomingEvent, engine: Engine, desk: Desk, event: Event
) -> None:
    unread = event(room=GROUP, kind=Kind.UNREADABLE, type="m.room.encrypted", direct=False)
    with engine.begin() as connection:
        events.append(connection, [unread], NOW, waiting={unread.event_id: ("session", {"event_id": unread.event_id})})
        duties.tell_undecryptable(connection, desk, NOW + 10 * 60_000)
    assert len(said(engine)) == 1


async def test_such_a_room_is_nobodys_dm(take: Take, engine: Engine, invite: Event, event: Event) -> None:
    await take(invite(), event("halo", room=GROUP, direct=True, sender=INVITER))
    with engine.connect() as connection:
        assert rooms.direct_with(connection, INVITER) is None


async def test_what_a_channel_was_before_its_upgrade_is_no_group_and_reports_from_it_are_taken_up(
    engine: Engine, take: Take, arrive: Take, event: Event, here: Callable[..., None]
) -> None:
    here(OJOL, ME, INVITER, "@warga:batang.test")
    await take(event("halo semua", room=OJOL, direct=False))
    report = event("ada pohon tumbang menutup jalan di Subah", room=OJOL, direct=False)
    await arrive(report)
    with engine.begin() as connection:
        rooms.record(connection, "ojol", "!ojol-baru", kind="channel", alias=None, now=NOW)
    await take(event(room=OJOL, kind=Kind.MEMBER, type="m.room.member", state_key=INVITER, sender=INVITER, direct=False,
                     content={"membership": "leave"}))  # fmt: skip
    assert state(engine, OJOL) is None
    assert "belum mendengarkan" not in " ".join(said(engine, OJOL))
    assert f"reply:{report.event_id}" in [row["key"] for row in sent(engine, OJOL)]
    assert any("Subah" in body for body in said(engine, OPERATIONS))
