from __future__ import annotations

from dataclasses import dataclass

import pytest

from bot.incidents import cards
from bot.incidents.analysis import Analyser, Analysis
from bot.incidents.lifecycle import Status
from bot.incidents.placeline import place_line
from bot.markup import render

LINK = "https://matrix.to/#/!r%3Aex.org/%24e?via=ex.org"


@dataclass(frozen=True)
class Entry:
    analysis: Analysis
    id: int = 7
    opened_at: int = 1_795_300_000_000
    urgency: str = "darurat"
    district: str | None = "Subah"
    status: Status = Status.BARU
    claimed_by: str | None = None
    reports: int = 1


def card(analyser: Analyser, text: str, **changes: object) -> str:
    analysis = analyser.analyse(text)
    entry = Entry(analysis, urgency=str(analysis.urgency), district=analysis.district, **changes)  # type: ignore[arg-type]
    return cards.card(entry, text, link=LINK)


def test_a_card_says_what_where_when_and_why(analyser: Analyser) -> None:
    body = render(card(analyser, "Laka di Cilubah, korban tergeletak")).body
    for part in (
        "🔴 DARURAT · Kecelakaan lalu lintas · #7",
        "📍 Cilubah, Kec. Subah",
        "WIB",
        "Status: baru",
        "“tergeletak”",
    ):
        assert part in body
    assert "bukan Laporan Polisi" in body
    assert LINK in body


def test_a_card_reads_on_a_phone(analyser: Analyser) -> None:
    body = render(card(analyser, "Laka di Cilubah, korban tergeletak")).body
    assert all(len(line) <= 90 for line in body.splitlines())


def test_a_link_is_one_and_works(analyser: Analyser) -> None:
    html = render(card(analyser, "Laka di Cilubah")).formatted_body
    assert html.count("<a ") == 1
    assert f'href="{LINK}"' in html


def test_what_people_say_is_never_markup(analyser: Analyser) -> None:
    text = "laka <b>di</b> Subah [klik](https://jahat.example) **tebal** @room # judul"
    html = render(card(analyser, text)).formatted_body
    assert html.count("<a ") == 1
    assert "<b>" not in html
    assert "<h1>" not in html
    assert "<strong>tebal" not in html


def test_personal_numbers_are_hidden(analyser: Analyser) -> None:
    text = "laka di Subah, hubungi 081234567890, plat G 1234 AB, NIK 3325010101900001"
    for shown in (card(analyser, text), cards.heard(text, analyser.analyse(text), 7)):
        for secret in ("081234567890", "1234 AB", "3325010101900001"):
            assert secret not in shown


def test_violence_at_home_is_not_repeated_in_the_channel(analyser: Analyser) -> None:
    text = "tetangga saya dipukuli suaminya di Kecepak"
    reply = cards.heard(text, analyser.analyse(text), 7)
    assert "suami" not in reply
    assert "Kecepak" not in reply
    assert "110" in reply
    assert "Pribadi" in card(analyser, text)


def test_a_report_without_a_place_is_asked_for_it(analyser: Analyser) -> None:
    assert "Di mana" in cards.heard("motor saya hilang", analyser.analyse("motor saya hilang"), 7)
    text = "motor saya hilang di Pasar Limpung"
    assert "Di mana" not in cards.heard(text, analyser.analyse(text), 7)


def test_an_undecided_name_shows_its_choices(analyser: Analyser) -> None:
    assert "Limpung atau Kandeman" in place_line(analyser.analyse("laka di Wonokerso"))


def test_late_and_doubtful_words_are_marked(analyser: Analyser) -> None:
    reply = cards.heard("laka di Subah", analyser.analyse("laka di Subah"), 7, late=True, flags=("low_confidence",))
    assert "mohon maaf" in reply
    assert "kurang jelas" in reply


def test_silence_is_said_to_be_silence(analyser: Analyser) -> None:
    assert "Tidak terdengar ucapan" in cards.heard("  ", analyser.analyse("  "), 7, flags=("no_speech",))


@pytest.mark.parametrize("reason", ["too_large", "empty", "no_audio", "crash", "something_new"])
def test_an_unreadable_note_gets_a_polite_word(reason: str) -> None:
    text = cards.unreadable(reason)
    assert "Maaf" in text
    assert "110" in text


def test_a_card_counts_reports_and_names_the_officer(analyser: Analyser) -> None:
    body = card(analyser, "laka di Subah", reports=3, claimed_by="@petugas:ex.org", status=Status.DITINJAU)
    assert "3 laporan" in body
    assert "petugas" in body
