"""Whatever a source says comes out as the characters it said, short, and rings no phone."""

from __future__ import annotations

import datetime as dt
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from outside_world import DAY, MORNING, PLACES, alert, bulletin, forecast, good, quakes

from bot.bulletins import asked
from bot.bulletins.facts import Reading
from bot.markup import render

HOSTILE = [
    "**tebal** _miring_ `kode` ~~coret~~",
    "<script>alert(1)</script><b>x</b>",
    "[klik](https://jahat.example) ![g](mxc://a/b) <https://jahat.example>",
    "# Judul",
    "- satu\n- dua\n\n> kutipan\n\n---",
    "| a | b |\n|---|---|\n| 1 | 2 |",
    "{{ emergency }}{% for i in [1] %}x{% endfor %}",
    "&lt;b&gt; &#64;room",
    "@room @everyone @budi:batang.test",
    "https://matrix.to/#/@budi:batang.test",
    "\u202emoor@ \u200b@\u200broom",
    "1. satu\n2. dua",
    "    menjorok",
]


def tags(html: str) -> list[str]:
    seen: list[str] = []

    class Seen(HTMLParser):
        def handle_starttag(self, tag, attrs):
            seen.append(tag)

    Seen().feed(html)
    return seen


def everywhere(text: str) -> dict[str, Reading]:
    """These words wherever a source may put words of its own."""
    from bot.feeds.cap import parse_alert

    clean = "".join(char for char in text if char in "\n\t" or " " <= char < "\ud800" or "\ue000" <= char < "\ufffe")
    raw = alert(event=f"x{clean}", instruction=f"y{clean}", headline=clean)
    assert parse_alert(raw)
    found = good(dt.timedelta(), raw)
    sky = (DAY[1][0], f"z{text}", 26.0, 0.0, 5.0)
    found |= {asked.forecast(place.adm4): Reading(forecast((sky, *DAY[3:])), MORNING) for place in PLACES}
    felt = quakes(("2026-12-01 04:12", "III Batang"), Wilayah=f"w{text}", Potensi=f"p{text}")
    return found | {asked.QUAKES: Reading(felt, MORNING)}


PLAIN = render(bulletin(everywhere("biasa")).markdown)


@pytest.mark.parametrize("text", HOSTILE)
def test_the_words_of_a_source_are_no_markup_and_no_mention(text: str) -> None:
    content = render(bulletin(everywhere(text)).markdown).content()
    assert tags(content["formatted_body"]) == tags(PLAIN.formatted_body)
    assert content["m.mentions"] == {}
    assert "@room" not in content["body"]
    assert "@budi" not in content["body"]
    assert "href" not in content["formatted_body"]
    assert not set("\u202e\u200b") & set(content["body"])
    assert "110" in content["body"].splitlines()[-1]


def test_an_endless_text_is_cut_and_the_bulletin_stays_short() -> None:
    body = render(bulletin(everywhere("panjang " * 20_000)).markdown).body
    assert len(body) < 3000
    assert "110" in body.splitlines()[-1]


@pytest.mark.parametrize("text", ["", " ", "\n", "\u200b"])
def test_empty_words_make_no_holes(text: str) -> None:
    readings = good(dt.timedelta(), alert(event=text or " ", instruction=text, headline=text))
    body = render(bulletin(readings).markdown).body
    assert "\n\n\n" not in body
    assert "⚠️ Peringatan di Blado" in body or text.strip() == "\u200b"


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=200))
def test_no_words_of_a_source_break_out_of_their_place(text: str) -> None:
    message = render(bulletin(everywhere(f"{text}.")).markdown)
    assert tags(message.formatted_body) == tags(PLAIN.formatted_body)
    assert "@room" not in message.body
    assert "110" in message.body.splitlines()[-1]


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(st.sampled_from(sorted(good(dt.timedelta(), alert()))), st.binary(max_size=200)))
def test_no_bytes_of_a_source_keep_a_bulletin_from_coming(raw: dict[str, bytes]) -> None:
    readings = good(dt.timedelta(), alert()) | {name: Reading(one, MORNING) for name, one in raw.items()}
    composed = bulletin(readings)
    assert "110" in composed.markdown.splitlines()[-1]
