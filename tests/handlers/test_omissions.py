"""Officers hear of bulletins that did not reach their channels: once, with the reason and what can be done."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

import pytest
from bulletin_world import BULLETIN, DAY, Duty, ms
from casework_world import ANI, staffed
from handlers_world import NOW, OPERATIONS, Event, sent
from sqlalchemy import Engine, update

from bot.bulletins.model import Preview, QuietDate
from bot.handlers import announcing, omissions
from bot.handlers.desk import Desk
from bot.store import outbox, previews, rooms, tables

OTHERS = ("nelayan", "desa-siaga")


@pytest.fixture
def desk(desk: Desk) -> Desk:
    return staffed(desk)


class Bot(Duty):
    """It decides and looks; what is sent is said by the test."""

    def look(self, time: str, day: dt.date = DAY, *, announce: bool = True) -> None:
        self.now = ms(time, day)
        with self.engine.begin() as connection:
            if announce:
                announcing.announce(connection, self.desk, self.now)
            announcing.renew(connection, self.desk, self.now)
            omissions.look(connection, self.desk, self.now)

    def told(self) -> list[str]:
        """What the officers hear, withdrawn messages left out."""
        return [
            str(row["content"]["body"])
            for row in sent(self.engine, OPERATIONS)
            if row["key"].startswith("bulletin-omitted:") and row["state"] != "cancelled"
        ]

    def deliver(self, *prefixes: str) -> None:
        """The homeserver takes these."""
        with self.engine.begin() as connection:
            for row in outbox.heads(connection, self.now):
                if row.key.startswith(prefixes):
                    outbox.sent(connection, row.txn_id, f"${row.key}", self.now)


@pytest.fixture
def bot(engine: Engine, desk: Desk, event: Event, monkeypatch: pytest.MonkeyPatch) -> Bot:
    with engine.begin() as connection:
        for name in OTHERS:
            rooms.record(connection, name, f"!{name}", kind="channel", alias=None, now=NOW)
    bot = Bot(engine, desk, monkeypatch)
    bot.look("06:00")
    return bot


def changed(bot: Bot, **changes: Any) -> None:
    files = bot.desk.content.bulletins.model_copy(update=changes)
    bot.desk = replace(bot.desk, content=replace(bot.desk.content, bulletins=files))


def test_a_slot_that_was_slept_through_is_told_once_for_all_its_channels_with_the_remedy(bot: Bot) -> None:
    for _ in range(3):
        bot.look("08:00")
    [said] = bot.told()
    assert "Buletin Pagi, Selasa, 1 Desember 2026 pukul 07.00: 3 kanal" in said
    assert "waktunya terlewat, bot tidak berjalan" in said
    assert "kentongan bulletin send pagi" in said


def test_of_many_channels_the_first_are_named_and_the_others_counted(bot: Bot) -> None:
    files = bot.desk.content.rooms
    first = next(room for room in files.channels if room.name == "ojol")
    more = tuple(first.model_copy(update={"name": f"ojol-{n}", "title": f"Ojol {n}"}) for n in range(4))
    bot.desk = replace(
        bot.desk, content=replace(bot.desk.content, rooms=files.model_copy(update={"channels": files.channels + more}))
    )
    with bot.engine.begin() as connection:
        for room in more:
            rooms.record(connection, room.name, f"!{room.name}", kind="channel", alias=None, now=NOW)
    bot.look("06:10")
    bot.look("08:00")
    [said] = bot.told()
    assert "7 kanal" in said
    assert "dan 4 kanal lain" in said


def test_after_a_long_sleep_it_is_one_message_and_only_the_newest_slot_is_worth_sending(bot: Bot) -> None:
    bot.look("08:00", DAY + dt.timedelta(days=7))
    [said] = bot.told()
    assert said.count("3 kanal") == 6
    assert "Sebelum itu ada 16 lagi" in said
    assert said.count("kentongan bulletin send") == 1
    bot.look("12:00", DAY + dt.timedelta(days=7))
    assert len(bot.told()) == 1


def test_a_slot_whose_card_nobody_answered_is_their_word(bot: Bot) -> None:
    slots = dict(bot.desk.content.bulletins.slots)
    slots["pagi"] = slots["pagi"].model_copy(update={"preview": Preview(minutes=20, silence="skip")})
    changed(bot, slots=slots)
    with bot.engine.begin() as connection:
        previews.ask(connection, "pagi", str(DAY), due_at=ms("07:00"), shown="", digest="", now=1)
    bot.look("07:01")
    bot.look("07:46")
    assert bot.states()["!ojol"] == ("skipped", "unanswered")
    assert bot.told() == []


def test_what_is_over_for_today_has_no_remedy(bot: Bot) -> None:
    bot.look("16:00")  # the afternoon's is sent, late
    bot.deliver("bulletin:")
    bot.look("16:01")
    [said] = bot.told()
    assert "Buletin Pagi" in said
    assert "bulletin send" not in said


def test_what_the_homeserver_did_not_take_is_told_when_its_time_is_over(bot: Bot) -> None:
    bot.look("07:00")
    bot.look("07:30")
    assert bot.told() == []
    bot.look("07:45")
    bot.look("07:46")
    [said] = bot.told()
    assert "homeserver tidak menerimanya" in said
    assert bot.states()["!ojol"] == ("skipped", "undelivered")


def test_of_a_slot_that_still_goes_out_to_others_nothing_is_told_before_it_is_through(bot: Bot) -> None:
    bot.look("07:00")
    with bot.engine.begin() as connection:
        row = next(row for row in outbox.heads(connection, bot.now) if row.key == BULLETIN)
        outbox.failed(connection, row.id, "403 M_FORBIDDEN", bot.now)
    bot.look("07:01")
    assert bot.told() == []
    bot.deliver(f"bulletin:pagi:{DAY}:!nelayan")
    bot.look("07:45")
    [said] = bot.told()
    assert "1 kanal" in said
    assert "ditolak homeserver" in said
    assert "homeserver tidak menerimanya" in said, "the third channel"
    assert "kentongan check --online" in said


def test_a_broken_template_is_told_with_where_to_look(bot: Bot) -> None:
    changed(bot, templates=dict.fromkeys(bot.desk.content.bulletins.templates, "{{ tidak_ada }}"))
    bot.look("07:00")
    [said] = bot.told()
    assert "templatnya rusak" in said
    assert said.index("kentongan check") < said.index("kentongan bulletin send pagi")


def test_quiet_dates_and_what_officers_decided_are_no_news(bot: Bot) -> None:
    quiet = QuietDate(date=DAY + dt.timedelta(days=1), why="hari berkabung")
    changed(bot, quiet_dates={quiet.date: quiet.why})
    with bot.engine.begin() as connection:
        previews.ask(connection, "pagi", str(DAY), due_at=ms("07:00"), shown="", digest="", now=1)
        skip = {"event_id": "$a", "kind": "skip", "by": ANI, "at": 1, "words": "hari berkabung"}
        previews.answered(connection, "pagi", str(DAY), [skip])
    bot.look("07:00")
    bot.look("07:00", quiet.date)
    assert [line for line in bot.told() if str(quiet.date.day) in line and "Pagi, Rabu" in line] == []
    assert all("Buletin Pagi, Selasa" not in line for line in bot.told())


def test_a_slot_that_wants_a_word_and_whose_card_never_came_is_told(bot: Bot) -> None:
    slots = dict(bot.desk.content.bulletins.slots)
    slots["pagi"] = slots["pagi"].model_copy(update={"preview": Preview(minutes=20, silence="skip")})
    changed(bot, slots=slots)
    bot.look("07:01")
    [said] = bot.told()
    assert "kartunya tidak sempat muncul" in said


def test_slots_of_one_long_outage_come_in_one_message(bot: Bot) -> None:
    for time in ("07:00", "07:45", "15:30", "16:15", "20:00", "20:45"):
        bot.look(time)
    [said] = bot.told()
    assert [title for title in ("Pagi", "Sore", "Malam") if f"Buletin {title}" in said] == ["Pagi", "Sore", "Malam"]
    bot.deliver("bulletin-omitted:")
    bot.look("21:00")
    assert len(bot.told()) == 1


def test_what_arrived_unheard_of_is_not_told_for_ever_and_not_again(bot: Bot) -> None:
    bot.look("07:00")
    with bot.engine.begin() as connection:
        rows = [row for row in outbox.heads(connection, bot.now) if row.key.startswith("bulletin:")]
        for row in rows:
            outbox.postponed(connection, row.id, "TimeoutError", 0)
        connection.execute(update(tables.outbox).values(state="cancelled").where(tables.outbox.c.key == BULLETIN))
        outbox.sent(connection, rows[0].txn_id, "$late", bot.now)
    bot.look("07:45")
    assert len(bot.told()) == 1
    assert bot.states()[rows[0].room_id] == ("sent", None)
    bot.look("07:50")
    assert len(bot.told()) == 1


def test_what_an_operator_sends_and_fails_again_is_told_again(bot: Bot) -> None:
    bot.look("08:00")
    bot.deliver("bulletin-omitted:")
    with bot.engine.begin() as connection:
        heard_by = announcing.targets(connection, bot.desk)
        announcing.announcer_of(bot.desk, heard_by).send(connection, "pagi", DAY, ms("09:00"))
    bot.look("09:30")
    assert len(bot.told()) == 1
    bot.look("09:45")
    assert len(bot.told()) == 2


def test_private_copies_alone_are_no_news(bot: Bot) -> None:
    bot.look("07:00")
    with bot.engine.begin() as connection:
        connection.execute(update(tables.bulletins).values(room_id="!dm").where(tables.bulletins.c.room_id == "!ojol"))
    for name in OTHERS:
        bot.deliver(f"bulletin:pagi:{DAY}:!{name}")
    bot.look("07:45", announce=False)
    assert bot.told() == []
