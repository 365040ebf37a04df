"""The card's upper part, and words of officers in a bulletin, whatever is in them."""

from __future__ import annotations

import datetime as dt
import json
import re

import pytest
from bulletins_world import SHIPPED, ZONE, at
from hypothesis import given, settings
from hypothesis import strategies as st
from outside_world import CONTENT as WORLD
from outside_world import LIST, MORNING, alert, bulletin, good, quakes

from bot.bulletins import asked, deskwords
from bot.bulletins.compose import Composed, compose
from bot.bulletins.due import Reason
from bot.bulletins.facts import Facts, Reading
from bot.bulletins.loader import load_bulletins
from bot.bulletins.orders import Fault
from bot.bulletins.origins import CapSource
from bot.bulletins.outside import Used
from bot.bulletins.preview import NAMED, SHOWN, Draft, card
from bot.bulletins.verdict import LONGEST, Doubt
from bot.markup import render

CONTENT = load_bulletins(SHIPPED)
DATE = dt.date(2026, 3, 2)
SEVEN = dt.time(7)


def draft(title: str, markdown: str = "Selamat pagi", **values) -> Draft:
    return Draft(title, values.pop("time", SEVEN), Composed(markdown, **values))


def shown(*drafts: Draft, copies: int = 0) -> str:
    return render(card("Buletin Pagi", DATE, drafts, copies)).body


def said(words: str) -> str:
    composed = compose(
        CONTENT, "pagi", DATE, Facts(at("2026-03-02 07:00")), room="ojol", room_title="Ojol", zone=ZONE, instead=words
    )
    return composed.markdown


def test_two_hundred_rooms_with_one_text_are_one_card_that_names_some_and_counts_the_others():
    body = shown(*(draft(f"Kanal {number:03}") for number in range(200)))
    assert body.count("Selamat pagi") == 1
    assert "Untuk 200 kanal: Kanal 000, Kanal 001" in body
    assert f"dan {200 - NAMED} kanal lain" in body


def test_of_two_hundred_different_texts_the_card_still_fits_into_an_event():
    drafts = [draft(f"Kanal {number}", f"Selamat pagi {number} " + "kata " * 1500) for number in range(200)]
    content = render(card("Buletin Pagi", DATE, drafts, 3)).content()
    encrypted_edit = len(json.dumps(content)) * 2 * 4 / 3
    assert encrypted_edit < 60_000
    assert "Berbeda juga di 199 kanal" in content["body"]


def test_a_few_different_texts_are_shown_each_with_what_is_different_only():
    drafts = [draft(f"Kanal {number}", f"Sama semua\n\nKabar {number}") for number in range(SHOWN + 2)]
    body = shown(*drafts)
    assert body.count("Sama semua") == 1
    assert all(f"Kabar {number}" in body for number in range(SHOWN))
    assert "Berbeda juga di 2 kanal" in body


def test_ages_and_gaps_of_the_sources_are_named():
    used = (Used("statistik laporan", dt.timedelta(seconds=3)), Used("prakiraan", dt.timedelta(minutes=95)))
    body = shown(draft("Ojol", used=used, missing=("peringatan: sumber tidak menjawab",)))
    assert "Dipakai: statistik laporan · prakiraan (95 menit lalu)" in body
    assert "Tidak ada: peringatan: sumber tidak menjawab" in body


def test_a_broken_template_is_said_and_hides_nothing_else():
    body = shown(draft("Ojol"), Draft("Nelayan", SEVEN, None))
    assert "Selamat pagi" in body
    assert "Berbeda di Nelayan" in body
    assert "Templatnya rusak" in body


def test_who_has_subscribed_is_counted():
    assert "12 pelanggan" in shown(draft("Ojol"), copies=12)


def test_every_reason_fault_and_doubt_has_its_words():
    assert set(deskwords.WHY) == {str(reason) for reason in Reason}
    assert set(deskwords.FAULT) == set(Fault)
    assert set(deskwords.DOUBT) == set(Doubt)


def test_an_officers_words_keep_their_markdown_and_the_frame_stays():
    message = render(said("**Awas** banjir di:\n\n- Klidang\n- Depok"))
    assert "<strong>Awas</strong>" in message.formatted_body
    assert "<li>Klidang</li>" in message.formatted_body
    assert message.body.startswith("Buletin Pagi · Senin, 2 Maret 2026")
    assert "110" in message.body.splitlines()[-1]
    assert "Situasi" not in message.body


def lines_of(readings: dict[str, Reading]) -> list[str]:
    return render(bulletin(readings, instead="Hujan lebat nanti sore.").markdown).body.splitlines()


def test_whose_data_officers_were_shown_is_credited_in_their_own_words_as_well():
    lines = lines_of(good())
    assert "Hujan lebat nanti sore." in lines
    assert "Sumber data: BMKG" in lines
    assert "110" in lines[-1]


@pytest.mark.parametrize(
    ("name", "said"),
    [
        (asked.QUAKES, {asked.QUAKES: Reading(quakes(("2026-12-01 04:12", "III Batang")), MORNING)}),
        (
            asked.NOWCAST,
            {asked.NOWCAST: Reading(LIST, MORNING), asked.entry(asked.NOWCAST, "g0"): Reading(alert(), MORNING)},
        ),
    ],
)
def test_each_source_alone_is_credited(name, said):
    assert name in said
    assert "Sumber data: BMKG" in lines_of(said)


def test_a_source_that_had_nothing_to_say_is_not_credited():
    silent = good()
    assert "Sumber data" not in "\n".join(lines_of({name: silent[name] for name in (asked.QUAKES, asked.NOWCAST)}))


def test_an_agency_whose_alert_was_shown_is_credited_by_its_name():
    agency = CapSource(name="bpbd", url="https://bpbd.test/cap", who="BPBD Batang", ours=True)
    content = WORLD.model_copy(update={"sources": WORLD.sources.model_copy(update={"cap": (agency,)})})
    readings = {asked.cap("bpbd"): Reading(alert(), MORNING)}
    message = render(bulletin(readings, content=content, instead="Waspada.").markdown)
    assert "Sumber data: BPBD Batang" in message.body


TAGS = frozenset(
    (
        "a", "blockquote", "br", "code", "del", "em", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "li", "ol", "p", "pre",
        "s", "strong", "table", "tbody", "td", "th", "thead", "tr", "ul",
    )
)  # fmt: skip
HOSTILE = (
    "@room", "@**room**", "\\&#64;room", "&#64;room", "&commat;room", "@\\room", "`@room`", "<b>@room</b>", "```\n",
    "~~~\n@room",
    "> ", "- ", "    kode", "[u](https://matrix.to/#/@ani:batang.test)", "[u](https://matrix.to/#/%40ani:batang.test)",
    "<!--", "|a|b|\n|-|-|", "\u202e", "\u2066", "---", "===", "![x](mxc://a/b)", "[a]: http://x", "\\", "[", "](", "*",
    "\n\n", "1.", "<details>", "`",
)  # fmt: skip


@given(st.lists(st.one_of(st.sampled_from(HOSTILE), st.text(max_size=20)), min_size=1, max_size=10))
@settings(max_examples=300, deadline=None)
def test_whatever_an_officer_writes_pings_nobody_and_leaves_the_last_line(parts):
    words = "".join(parts)[:LONGEST]
    message = render(said(words))
    content = message.content()
    assert content["m.mentions"] == {}
    assert "@room" not in message.body
    assert "@room" not in message.formatted_body
    assert not re.search(r"matrix\.to/#/(@|%40)\w", message.formatted_body)
    assert "110" in message.body.splitlines()[-1]
    assert message.formatted_body.endswith("Darurat, telepon <strong>110</strong>.</p>")
    assert re.search(r"<p>[^<]*<strong>110</strong>\.</p>$", message.formatted_body)
    tags = {found.casefold() for found in re.findall(r"</?([^\s>/]+)", message.formatted_body)}
    assert tags <= TAGS


@pytest.mark.parametrize("text", HOSTILE)
def test_each_hostile_piece_alone(text):
    message = render(said(text))
    assert "@room" not in message.body + message.formatted_body
    assert "110" in message.body.splitlines()[-1]
