from __future__ import annotations

from dataclasses import replace
from datetime import UTC

from hypothesis import given
from hypothesis import strategies as st

from bot.incidents.inquiry import Inquiry
from bot.incidents.lifecycle import Status
from bot.incidents.results import HOW_TO, PRIVATE, WITHDRAWN, Line, answer, bold, excerpt
from bot.markup import render

LINE = Line(
    12, 1_795_320_000_000, "Banjir", "segera", Status.DITANGANI, "Kalimanggis", "banjir di *sini*", ((0, 6),),
    links=(("kartu", "https://matrix.to/#/a/b"),),
)  # fmt: skip


ASKED = Inquiry(words="banjir")


def said(*lines: Line, inquiry: Inquiry = ASKED, limit: int = 8) -> str:
    return answer(inquiry, lines, limit=limit, zone=UTC)


def test_a_hit_shows_number_place_time_status_words_and_link() -> None:
    text = said(LINE)
    assert "#12 Banjir" in text
    assert "Kalimanggis" in text
    assert "22.11.2026" in text
    assert "ditangani" in text
    assert "**banjir** di" in text
    assert "[kartu](https://matrix.to/#/a/b)" in text
    assert "<strong>banjir</strong> di *sini*" in render(text).formatted_body


def test_what_is_private_shows_nothing_of_what_was_said() -> None:
    text = said(replace(LINE, private=True))
    assert PRIVATE in text
    assert "sini" not in text


def test_what_was_withdrawn_says_so() -> None:
    assert WITHDRAWN in said(replace(LINE, text=""))


def test_nothing_found_and_nothing_asked_are_told() -> None:
    assert "Tidak ada catatan" in said()
    assert said(inquiry=Inquiry()) == HOW_TO
    assert "Tidak ada kategori" in said(inquiry=Inquiry(faults=("Tidak ada kategori “x”.",)))


def test_a_full_page_says_that_there_may_be_more() -> None:
    assert "terbaru" in said(LINE, limit=1)
    assert "2 catatan" in said(LINE, LINE)


def test_a_long_report_is_cut_around_the_words() -> None:
    text = "a " * 500 + "banjir " + "b " * 500
    shown, spans = excerpt(text, [(1000, 1006)])
    assert len(shown) < 300
    assert [shown[start:end] for start, end in spans] == ["banjir"]


@given(st.text(max_size=300), st.lists(st.tuples(st.integers(0, 300), st.integers(0, 300)), max_size=4))
def test_whatever_was_said_stays_literal_text(text: str, raw: list[tuple[int, int]]) -> None:
    spans = [(min(pair), min(max(pair), len(text))) for pair in raw if min(pair) < min(max(pair), len(text))]
    html = render(bold(*excerpt(text, sorted(spans)))).formatted_body
    assert "<a" not in html
    assert "<img" not in html
