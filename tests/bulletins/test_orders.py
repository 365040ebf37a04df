"""Reading what follows `!buletin`: orders as officers and people write them, and nothing guessed."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.bulletins.dates import read_day
from bot.bulletins.fields import NOTE_CHARACTERS
from bot.bulletins.orders import Fault, Order, Unsure, Verb, asked, read

SLOTS = {"pagi": "Buletin Pagi", "sore": "Buletin Sore", "malam": "Buletin Malam"}
ROOMS = {"ojol": "Ojol Kamtibmas", "desa-siaga": "Desa Siaga", "nelayan": "Nelayan Batang"}
TODAY = dt.date(2026, 12, 1)
"""A Tuesday."""


def order(text: str, today: dt.date = TODAY):
    line = asked(text)
    assert line is not None
    return read(line, today, slots=SLOTS, rooms=ROOMS)


@pytest.mark.parametrize("text", ["!buletin", "!Buletin ", "  !BULETIN\n"])
def test_the_command_alone_is_nothing_to_read(text):
    assert order(text) is None


@pytest.mark.parametrize("text", ["buletin pagi", "!buletinku", "kapan !buletin pagi", "!cari buletin"])
def test_only_a_message_that_begins_with_it_is_a_command(text):
    assert asked(text) is None


@pytest.mark.parametrize(
    ("text", "slots", "words", "since", "until", "room"),
    [
        ("malam tambah Hujan lebat, hati-hati", ("malam",), "Hujan lebat, hati-hati", None, None, None),
        ("Malam TAMBAHKAN: Hujan lebat", ("malam",), "Hujan lebat", None, None, None),
        ("tambah Pasar ramai, sampai 5/12 di ojol", (), "Pasar ramai", None, (12, 5), "ojol"),
        ("tambah Pasar ramai. Di kanal Nelayan Batang. sampai Jumat", (), "Pasar ramai.", None, (12, 4), "nelayan"),
        ("besok pagi di desa siaga tambah Posyandu buka", ("pagi",), "Posyandu buka", (12, 2), None, "desa-siaga"),
        ("mulai besok sampai jumat depan tambah Pasar malam", (), "Pasar malam", (12, 2), (12, 11), None),
        ("5 des catat Upacara di alun-alun", (), "Upacara di alun-alun", (12, 5), None, None),
        ("malam tambah Razia mulai besok pagi", ("malam",), "Razia mulai besok pagi", None, None, None),
        ("tambah Kami ada di Subah", (), "Kami ada di Subah", None, None, None),
        ("sore tambah\nJalan A ditutup\nlewat B", ("sore",), "Jalan A ditutup lewat B", None, None, None),
    ],
)
def test_a_note_is_read_with_its_slot_days_and_room(text, slots, words, since, until, room):
    day = lambda pair: pair and dt.date(2026, *pair)  # noqa: E731
    assert order(f"!buletin {text}") == Order(Verb.ADD, slots, words, day(since), day(until), room)


def test_an_end_that_readers_need_stays_in_the_words_as_a_day_that_means_the_same_tomorrow():
    found = order("!buletin tambah Jalan Pemuda ditutup sampai Jumat di ojol")
    assert found == Order(Verb.ADD, (), "Jalan Pemuda ditutup sampai 4 Desember", None, dt.date(2026, 12, 4), "ojol")


@pytest.mark.parametrize(
    ("text", "verb", "slots"),
    [
        ("pagi ikut", Verb.JOIN, ("pagi",)),
        ("ikut pagi dan malam", Verb.JOIN, ("pagi", "malam")),
        ("saya mau ikut buletin pagi dong", Verb.JOIN, ("pagi",)),
        ("ikut", Verb.JOIN, ()),
        ("semua ikut", Verb.JOIN, ()),
        ("pagi stop", Verb.LEAVE, ("pagi",)),
        ("berhenti malam.", Verb.LEAVE, ("malam",)),
        ("jadwal?", Verb.SCHEDULE, ()),
        ("catatan", Verb.LIST, ()),
        ("bantuan", Verb.HELP, ()),
        ("pagi", Verb.HELP, ("pagi",)[:0]),
    ],
)
def test_other_orders(text, verb, slots):
    assert order(f"!buletin {text}") == Order(verb, slots)


@pytest.mark.parametrize("text", ["hapus 3", "hapus #3.", "hapus nomor 3"])
def test_a_note_is_removed_by_its_number(text):
    assert order(f"!buletin {text}") == Order(Verb.REMOVE, number=3)


@pytest.mark.parametrize(
    ("text", "fault", "meant"),
    [
        ("mlam tambah hujan", Fault.WORD, "malam"),
        ("tamba Jalan ditutup", Fault.WORD, "tambah"),
        ("pgi ikut", Fault.WORD, "pagi"),
        ("siang ikut", Fault.WORD, ""),
        ("hapus tiga", Fault.NUMBER, ""),
        ("hapus", Fault.NUMBER, ""),
        ("tambah", Fault.EMPTY, ""),
        ("tambah sampai 5/12", Fault.EMPTY, ""),
        ("tambah ...", Fault.EMPTY, ""),
        ("tambah Jalan ditutup sampai 31/2", Fault.DAY, ""),
        ("tambah Jalan ditutup sampai 5/11", Fault.DAY, ""),
        ("tambah Jalan ditutup sampai 5/12/2031", Fault.DAY, ""),
        ("pagi sore tambah hati-hati", Fault.SLOTS, ""),
        ("mulai jumat sampai besok tambah hati-hati", Fault.ORDER, ""),
        ("mulai jumat tambah hati-hati, sampai besok", Fault.ORDER, ""),
        ("tambah " + "a" * (NOTE_CHARACTERS + 1), Fault.LONG, ""),
        ("x" * 5000, Fault.LONG, ""),
    ],
)
def test_a_slip_is_named_and_nothing_is_guessed(text, fault, meant):
    found = order(f"!buletin {text}")
    assert isinstance(found, Unsure)
    assert (found.fault, found.meant) == (fault, meant)


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("hari ini", (2026, 12, 1)), ("besok", (2026, 12, 2)), ("Lusa", (2026, 12, 3)), ("selasa", (2026, 12, 1)),
        ("hari Senin", (2026, 12, 7)), ("Jum'at", (2026, 12, 4)), ("selasa depan", (2026, 12, 8)),
        ("5/12", (2026, 12, 5)),
        ("05-12-2026", (2026, 12, 5)), ("5.12.26", (2026, 12, 5)), ("tgl 5/12", (2026, 12, 5)), ("3/1", (2027, 1, 3)),
        ("3 Januari", (2027, 1, 3)), ("2026-12-31", (2026, 12, 31)),
    ],
)  # fmt: skip
def test_days_as_they_are_written(text, day):
    assert read_day(text, TODAY) == dt.date(*day)


@pytest.mark.parametrize(
    "text", ["30/11", "31/6", "0/5", "5/13", "kemarin", "2026-02-30", "minggu lalu", "5", "", "5/12x"]
)
def test_what_is_past_or_no_day_is_none(text):
    assert read_day(text, TODAY) is None


def test_29_february_is_found_only_in_its_year():
    assert read_day("29/2", dt.date(2027, 12, 1)) == dt.date(2028, 2, 29)
    assert read_day("29/2", TODAY) is None


@given(st.text(), st.dates(dt.date(2020, 1, 1), dt.date(2100, 12, 31)))
@settings(deadline=None)
def test_nothing_that_is_written_breaks_the_reading(text, today):
    found = read(text, today, slots=SLOTS, rooms=ROOMS)
    if isinstance(found, Order) and found.verb is Verb.ADD:
        assert found.words.strip()
        assert len(found.words) <= NOTE_CHARACTERS
        assert "\n" not in found.words
        assert found.room is None or found.room in ROOMS
        assert all(slot in SLOTS for slot in found.slots)
        assert found.until is None or found.until >= (found.since or today)


WORDS = st.lists(
    st.sampled_from(
        ["malam", "pagi", "tambah", "besok", "sampai", "5/12", "di", "ojol", "kanal", "Jumat", "hujan", ",", "@room",
         "<b>", "hapus", "3", "ikut", "stop", "mulai", "**x**", "31/2", "Nelayan Batang"]
    ),
    max_size=12,
)  # fmt: skip


@given(WORDS)
@settings(deadline=None)
def test_orders_made_of_the_commands_own_words_are_read_the_same_whatever_their_case_and_spaces(words):
    line = " ".join(words)
    found = read(line, TODAY, slots=SLOTS, rooms=ROOMS)
    again = read("  " + "   ".join(words) + " ", TODAY, slots=SLOTS, rooms=ROOMS)
    assert type(found) is type(again)
    if isinstance(found, Order) and isinstance(again, Order):
        assert found == again
