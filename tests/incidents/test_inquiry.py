from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.incidents.inquiry import MAX_LINE, Inquiry, asked, read_inquiry
from bot.incidents.lifecycle import Status

WIB = ZoneInfo("Asia/Jakarta")
NOW = datetime(2026, 11, 25, 14, 30, tzinfo=WIB)
CATEGORIES = {"banjir": "Banjir", "laka_lantas": "Kecelakaan lalu lintas", "tidak_jelas": "Belum jelas"}
ROOMS = {"ojol": "Ojol Kamtibmas", "desa-siaga": "Desa Siaga"}


def read(line: str) -> Inquiry:
    return read_inquiry(line, NOW, categories=CATEGORIES, rooms=ROOMS)


def day(number: int, month: int = 11) -> datetime:
    return datetime(2026, month, number, tzinfo=WIB)


def test_words_and_a_period_are_told_apart() -> None:
    assert read("banjir subah 7 hari") == Inquiry(words="banjir subah", since=NOW - timedelta(days=7))


@pytest.mark.parametrize(
    ("line", "since", "until"),
    [
        ("3 jam terakhir", NOW - timedelta(hours=3), None),
        ("dua minggu", NOW - timedelta(days=14), None),
        ("seminggu", NOW - timedelta(days=7), None),
        ("2 bulan", NOW - timedelta(days=60), None),
        ("hari ini", day(25), None),
        ("kemarin", day(24), day(25)),
        ("minggu ini", day(23), None),
        ("bulan ini", day(1), None),
        ("tahun ini", day(1, 1), None),
        ("22.11.2026", day(22), day(23)),
        ("2026-11-22", day(22), day(23)),
        ("sejak:01.11.2026 sampai:22/11/2026", day(1), day(23)),
    ],
)
def test_times_are_read_as_officers_write_them(line: str, since: datetime, until: datetime | None) -> None:
    assert read(f"maling {line}") == Inquiry(words="maling", since=since, until=until)


@pytest.mark.parametrize("line", ["rt 03/02", "km 371", "31/12", "jl.raya", "rt/rw 03/02", "bunga hari", "99.99.2026"])
def test_what_is_no_filter_stays_a_word(line: str) -> None:
    assert read(line) == Inquiry(words=line)


def test_filters_take_codes_and_titles() -> None:
    found = read("kategori:Kecelakaan_lalu_lintas status:TERVERIFIKASI kanal:desa-siaga tempat:alas_roban truk")
    assert found == Inquiry(
        words="truk", category="laka_lantas", status=Status.TERVERIFIKASI, room="desa-siaga", place="alas roban"
    )
    assert read("kategori:tidak_jelas").category == "tidak_jelas"
    assert read("status:tidak_dapat_diverifikasi").status is Status.TIDAK_TERVERIFIKASI


def test_a_filter_that_names_nothing_is_told_with_what_there_is() -> None:
    [fault] = read("kategori:alien").faults
    assert "alien" in fault
    assert "laka_lantas" in fault
    assert len(read("kanal:x status:y sejak:besok").faults) == 3


def test_what_is_quoted_is_never_a_filter() -> None:
    assert read('"hilang 3 hari" “kategori:banjir”') == Inquiry(words="hilang 3 hari kategori:banjir")


def test_a_number_asks_for_that_entry() -> None:
    assert read("#123").number == 123
    assert read("#123abc") == Inquiry(words="#123abc")


def test_nothing_asked_is_empty() -> None:
    assert read("  \n").empty
    assert not read("kategori:banjir").empty


@pytest.mark.parametrize(
    ("body", "line"),
    [
        ("!cari banjir", "banjir"),
        (" !CARI\nbanjir", "banjir"),
        ("!cari", ""),
        ("!carikan banjir", None),
        ("tolong !cari banjir", None),
        ("", None),
    ],
)
def test_a_search_begins_with_its_command(body: str, line: str | None) -> None:
    assert asked(body) == line


def test_a_very_long_line_is_cut() -> None:
    assert len(read("a " * 100_000).words) <= MAX_LINE


@given(st.text(max_size=200))
def test_no_line_breaks_the_reading(line: str) -> None:
    read(line)


@given(
    st.lists(
        st.sampled_from(
            [
                "#",
                "9999",
                "tahun",
                "hari",
                "ini",
                "kategori:",
                "sejak:31.02.2026",
                '"',
                "sampai:",
                ":",
                "0001-01-01",
                "9998-12-31",
            ]
        ),
        max_size=12,
    ).map(" ".join)
)  # fmt: skip
def test_no_heap_of_filters_breaks_it_either(line: str) -> None:
    found = read(line)
    assert found.since is None or found.since.tzinfo is not None
