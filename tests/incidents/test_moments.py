from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.incidents.analyser import Analyser
from bot.incidents.moments import WIB, Moment, find_moments
from bot.incidents.rules import Rules
from bot.incidents.words import scan

NOON = datetime(2026, 11, 22, 14, 5, tzinfo=WIB)  # a Sunday
NIGHT = datetime(2026, 11, 22, 23, 10, tzinfo=WIB)
SMALL_HOURS = datetime(2026, 11, 23, 1, 20, tzinfo=WIB)


def moments(rules: Rules, text: str, when: datetime) -> tuple[Moment, ...]:
    return find_moments(scan(text, rules.spelling), when, rules.times)


def shown(found: tuple[Moment, ...]) -> list[str]:
    form = "%d.%H:%M"
    return [one.start.strftime(form) + ("" if one.start == one.end else "-" + one.end.strftime(form)) for one in found]


@pytest.mark.parametrize(
    ("text", "when", "expected"),
    [
        ("barusan ada laka", NOON, "22.13:50-22.14:05"),
        ("sekarang masih macet", NOON, "22.14:05"),
        ("tadi pagi ada laka", NOON, "22.05:00-22.10:00"),
        ("tadi malam dibobol", NOON, "21.18:00-22.04:00"),
        ("mau bengi dibobol", NOON, "21.18:00-22.04:00"),
        ("semalam dibobol", NOON, "21.18:00-22.04:00"),
        ("semalam dibobol", NIGHT, "21.18:00-22.04:00"),
        ("tadi malam ada ribut", NIGHT, "22.18:00-22.23:10"),
        ("tadi malam ada ribut", SMALL_HOURS, "22.18:00-23.01:20"),
        ("tadi sore", SMALL_HOURS, "22.15:00-22.18:30"),
        ("kemarin sore hilang", NOON, "21.15:00-21.18:30"),
        ("wingi hilang", NOON, "21.00:00-21.23:59"),
        ("jam setengah tiga", NOON, "22.02:30"),
        ("tadi jam setengah tiga pagi", NOON, "22.02:30"),
        ("pukul 13.45 tadi", NOON, "22.13:45"),
        ("jam sembilan malam", NOON, "21.21:00"),
        ("jam tiga kurang seperempat", NOON, "22.02:45"),
        ("jam dua lebih sepuluh", NOON, "22.02:10"),
        ("jam dua belas malam", NOON, "22.00:00"),
        ("jam tiga dua orang luka", NOON, "22.03:00"),
        ("jam satu dua puluh", NOON, "22.13:20"),
        ("kemarin jam delapan malam", NOON, "21.20:00"),
        ("2 jam yang lalu", NOON, "22.12:05"),
        ("setengah jam lalu", NOON, "22.13:35"),
        ("sejam yang lalu", NOON, "22.13:05"),
        ("dua hari yang lalu", NOON, "20.00:00-20.23:59"),
        ("dua hari lalu jam tiga sore", NOON, "20.15:00"),
        ("nanti malam balapan", NOON, "22.18:00-23.04:00"),
        ("nanti malam jam sebelas", NOON, "22.23:00"),
        ("besok pagi", NOON, "23.05:00-23.10:00"),
        ("malam ini", SMALL_HOURS, "22.18:00-23.04:00"),
        ("malam minggu kemarin", NOON, "21.18:00-22.04:00"),
        ("hari jumat kemarin", NOON, "20.00:00-20.23:59"),
    ],
)
def test_times_are_resolved_against_the_moment_of_sending(
    rules: Rules, text: str, when: datetime, expected: str
) -> None:
    assert shown(moments(rules, text, when)) == [expected]


@pytest.mark.parametrize("text", ["selamat malam ndan", "jam berapa buka", "dua jam antre", "jalan raya pagi", "tadi"])
def test_words_that_fix_no_time_are_none(rules: Rules, text: str) -> None:
    assert moments(rules, text, NOON) == ()


def test_a_sender_elsewhere_means_the_time_of_the_district(rules: Rules) -> None:
    sent = datetime(2026, 11, 22, 19, 30, tzinfo=timezone(timedelta(0)))  # 02:30 WIB on the 23rd
    assert shown(moments(rules, "tadi malam", sent)) == ["22.18:00-23.02:30"]


def test_an_analysis_without_a_time_of_sending_resolves_none(analyser: Analyser) -> None:
    assert analyser.analyse("tadi malam ada begal").particulars.moments == ()
    assert analyser.analyse("tadi malam ada begal", when=NOON).particulars.moments != ()


PIECES = [
    "tadi",
    "malam",
    "kemarin",
    "jam",
    "pukul",
    "setengah",
    "tiga",
    "kurang",
    "seperempat",
    "lebih",
    "dua",
    "puluh",
    "13.45",
    "99",
    "lalu",
    "hari",
    "minggu",
    "sejam",
    "nanti",
    "besok",
    "semalam",
    "barusan",
    "pagi",
    "ini",
    "yang",
    "senin",
    "seratus",
    "ribu",
    "juta",
    ".",
    "?",
]


@settings(max_examples=400, deadline=None)
@given(
    st.lists(st.sampled_from(PIECES), max_size=12).map(" ".join),
    st.datetimes(datetime(2020, 1, 1), datetime(2040, 1, 1)).map(lambda one: one.replace(tzinfo=WIB)),
)
def test_no_words_of_time_break_the_reading(rules: Rules, text: str, when: datetime) -> None:
    for one in moments(rules, text, when):
        assert one.start <= one.end
        assert text[one.span[0] : one.span[1]] == one.words
