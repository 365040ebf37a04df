"""What stands in a bulletin, and what nobody can make stand in it."""

from __future__ import annotations

import datetime as dt
import re
from html.parser import HTMLParser

import pytest
from bulletins_world import SHIPPED, SLOTS, ZONE, at
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.bulletins.compose import MAX_NOTES, compose
from bot.bulletins.facts import Count, Facts, Note, Statistics
from bot.bulletins.loader import load_bulletins
from bot.markup import render

CONTENT = load_bulletins(SHIPPED)
DATE = dt.date(2026, 3, 2)
NOW = at("2026-03-02 07:00")


def bulletin(
    *counts: Count,
    notes: tuple[str, ...] = (),
    slot="pagi",
    statistics=True,
    unconfirmed=None,
    content=CONTENT,
    **options,
):
    found = Statistics(at("2026-03-01 20:00"), NOW, counts, unconfirmed or {}) if statistics else None
    facts = Facts(NOW, found, tuple(Note(text, NOW - dt.timedelta(hours=1)) for text in notes))
    defaults = {"room": "ojol", "room_title": "Ojol Kamtibmas", "zone": ZONE}
    return compose(content, slot, options.pop("date", DATE), facts, **(defaults | options))


class Tags(HTMLParser):
    def __init__(self, html: str) -> None:
        super().__init__()
        self.seen: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.seen.append(tag)


@pytest.mark.parametrize("slot", SLOTS)
def test_every_bulletin_ends_with_the_emergency_number(slot):
    assert "110" in render(bulletin(slot=slot).markdown).body.splitlines()[-1]


def test_counts_are_told_by_category_and_district():
    composed = bulletin(
        Count("laka_lantas", "Subah", 2),
        Count("laka_lantas", "Batang", 1),
        Count("banjir", "Batang", 3),
        Count("banjir", None, 1),
        title={"laka_lantas": "Kecelakaan lalu lintas", "banjir": "Banjir"}.get,
    )
    body = render(composed.markdown).body
    assert "7 kejadian sudah dipastikan petugas" in body
    assert body.index("banjir 4,") < body.index("kecelakaan lalu lintas 3 (")
    assert "(Batang 4, Subah 2)" in body


def test_withheld_categories_leave_no_trace_not_even_in_a_total():
    composed = bulletin(Count("kdrt", "Bawang", 1), Count("banjir", "Subah", 1))
    assert ": 1 kejadian sudah dipastikan" in composed.markdown
    assert "Bawang" not in composed.markdown
    assert "kdrt" not in composed.markdown


def test_unconfirmed_reports_are_counted_for_officers_and_told_to_nobody():
    composed = bulletin(Count("banjir", "Subah", 1), unconfirmed={"tawuran": 2, "banjir": 3})
    assert composed.unconfirmed == 5
    assert "1 kejadian sudah dipastikan petugas: banjir 1 (Subah 1)." in render(composed.markdown).body
    assert "tawuran" not in composed.markdown
    assert not {"5", "2", "3"} & set(re.findall(r"\d+", composed.markdown.split("Situasi")[1].split("(Subah")[0]))


def test_a_source_that_is_absent_is_left_out_and_named():
    composed = bulletin(statistics=False)
    assert "statistik laporan: tidak ada basis data" in composed.missing
    assert "Situasi" not in composed.markdown
    assert "laporan warga" not in composed.markdown


def test_the_sources_used_carry_their_age():
    sources = bulletin(notes=("Jalan licin",)).sources()
    assert {"name": "catatan petugas", "age_seconds": 3600} in sources["used"]
    assert not any(one.startswith(("catatan", "statistik")) for one in sources["missing"])


@pytest.mark.parametrize(
    "note",
    [
        "**tebal** _miring_ ~~coret~~ `kode`",
        "<script>alert(1)</script><b>x</b>",
        "[klik](https://jahat.example) ![g](mxc://a/b) <https://jahat.example>",
        "# Judul besar",
        "    kode menjorok",
        "- daftar\n- lain\n\n> kutipan\n\n---",
        "| a | b |\n|---|---|\n| 1 | 2 |",
        "{{ emergency }} {% for i in [1] %}x{% endfor %}",
        "&lt;b&gt; &#64;room \\*",
        "1. satu",
    ],
)
def test_a_note_comes_out_as_the_characters_that_were_typed(note):
    message = render(bulletin(notes=(note,)).markdown)
    plain = render(bulletin(notes=("biasa",)).markdown)
    assert Tags(message.formatted_body).seen == Tags(plain.formatted_body).seen
    assert " ".join(note.split()) in message.body.replace("\u2060", "")


@pytest.mark.parametrize("note", ["@room kumpul", "halo @budi:batang.test", "\u202e@room", "@\u200broom"])
def test_a_note_rings_no_phone(note):
    content = render(bulletin(notes=(note,)).markdown).content()
    assert content["m.mentions"] == {}
    assert "@room" not in content["body"]
    assert "@budi" not in content["body"]
    assert "\u202e" not in content["body"]
    assert "matrix.to" not in content["formatted_body"]


def test_more_notes_than_fit_are_counted_as_missing():
    composed = bulletin(notes=tuple(f"catatan {number}" for number in range(MAX_NOTES + 3)))
    assert f"catatan petugas: 3 dari {MAX_NOTES + 3} tidak muat" in composed.missing


def test_a_huge_note_is_cut_and_the_bulletin_still_ends_with_the_number():
    body = render(bulletin(notes=("a" * 100_000,)).markdown).body
    assert len(body) < 4000
    assert "110" in body.splitlines()[-1]


def test_empty_notes_are_no_notes():
    assert "Catatan petugas" not in bulletin(notes=("", "  \n", "\u200b")).markdown


def test_a_dated_note_is_said_on_its_days_alone():
    from bot.bulletins.model import DatedNote

    note = DatedNote(text="Jalan ditutup", since=dt.date(2026, 3, 2), until=dt.date(2026, 3, 3), slots=("pagi",))
    content = CONTENT.model_copy(update={"notes": (note,)})
    said = [
        "Jalan ditutup" in bulletin(content=content, slot=slot, date=dt.date(2026, 3, day)).markdown
        for day in (1, 2, 3, 4)
        for slot in ("pagi", "sore")
    ]
    assert said == [False, False, True, False, True, False, False, False]


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=300), st.text(min_size=1, max_size=80))
def test_no_text_breaks_out_of_its_place(note, title):
    message = render(bulletin(notes=(f"x{note}x",), room_title=title).markdown)
    plain = render(bulletin(notes=("biasa",), room_title="Kanal").markdown)
    assert Tags(message.formatted_body).seen == Tags(plain.formatted_body).seen
    assert "110" in message.body.splitlines()[-1]
    assert "@room" not in message.body
