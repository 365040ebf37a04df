from __future__ import annotations

from dataclasses import dataclass

import pytest

from bot.incidents import answers, cards
from bot.incidents.analyser import Analyser
from bot.incidents.analysis import Analysis
from bot.incidents.lifecycle import TITLES, Status
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
    for shown in (card(analyser, text), answers.heard(text, analyser.analyse(text), 7)):
        for secret in ("081234567890", "1234 AB", "3325010101900001"):
            assert secret not in shown


def test_violence_at_home_is_not_repeated_in_the_channel(analyser: Analyser) -> None:
    text = "tetangga saya dipukuli suaminya di Kecepak"
    reply = answers.heard(text, analyser.analyse(text), 7)
    assert "suami" not in reply
    assert "Kecepak" not in reply
    assert "110" in reply
    assert "Pribadi" in card(analyser, text)


def test_an_undecided_name_shows_its_choices(analyser: Analyser) -> None:
    assert "Limpung atau Kandeman" in place_line(analyser.analyse("laka di Wonokerso"))


def test_a_card_counts_reports_and_names_the_officer(analyser: Analyser) -> None:
    body = card(analyser, "laka di Subah", reports=3, claimed_by="@petugas:ex.org", status=Status.DITINJAU)
    assert "3 laporan" in body
    assert "petugas" in body


@pytest.mark.parametrize("status", sorted(Status))
def test_every_state_shows_itself_and_who_has_it(analyser: Analyser, status: Status) -> None:
    body = render(card(analyser, "laka di Subah", status=status, claimed_by="@petugas:ex.org")).body
    [line] = [line for line in body.splitlines() if "Status: " in line]
    assert TITLES[status] in line
    assert line.endswith("@petugas")
    assert ("👀 ambil" in body) == (status is Status.BARU), "how to act stands on new cards alone"


def test_reasons_neighbours_and_marks_stand_on_the_card_as_literal_text(analyser: Analyser) -> None:
    analysis = analyser.analyse("laka di Subah")
    beside = cards.Beside(
        duty=("@ani:ex.org",),
        maybe=(cards.Near(3, "Kecelakaan", "Subah", 1_795_300_000_000),),
        related=(4, 5),
        reason="<b>#9</b> 081234567890",
        doubts_about_sender="2 laporan palsu",
    )
    shown = render(cards.card(Entry(analysis, status=Status.DUPLIKAT), "laka", link=LINK, beside=beside))
    for part in ("@ani", "gabung #3", "tautkan #3", "Terkait: #4, #5", "<b>#9</b>", "2 laporan palsu"):
        assert part in shown.body
    assert "081234567890" not in shown.body
    assert "<b>" not in shown.formatted_body


def test_what_was_withdrawn_is_not_quoted(analyser: Analyser) -> None:
    entry = Entry(analyser.analyse("laka di Subah, Pak Wiryawan luka"))
    shown = cards.card(entry, "Pak Wiryawan luka", link=LINK, beside=cards.Beside(withdrawn=True))
    assert "Wiryawan" not in shown
    assert LINK not in shown
    assert "ditarik" in shown


def test_an_agency_is_told_what_and_where_and_neither_by_whom_nor_in_which_channel(analyser: Analyser) -> None:
    entry = Entry(analyser.analyse("laka di Cilubah, hubungi 081234567890"))
    shown = cards.relayed(entry, "laka di Cilubah, hubungi 081234567890", place="-6.9,109.7")
    assert "Cilubah" in shown
    assert "081234567890" not in shown
    assert "matrix.to" not in shown
