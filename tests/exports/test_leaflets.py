"""Posters, cards and the page: they can be made of anything the files allow, and their codes lead where they say."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pytest
import zxingcpp
from av.codec.context import CodecContext
from av.packet import Packet
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.exports import codecards, joinwords, page, poster
from bot.exports.doors import Door, House, doors, link
from bot.rooms.loader import load_rooms
from bot.rooms.model import Room, Rooms

ROOT = Path(__file__).parents[2]
BASE, SERVER = "https://matrix.to/#/", "batang.test"
HOUSE = House("Polres Batang", SERVER, "token", "https://app.element.io/#/register")


@pytest.fixture(scope="module")
def rooms() -> Rooms:
    return load_rooms(ROOT / "rooms")


@pytest.fixture(scope="module")
def door(rooms: Rooms) -> Door:
    return doors(rooms, SERVER, BASE)[0]


def codes(png: bytes) -> list[str]:
    """What a phone reads off the picture."""
    decoder = CodecContext.create("png", "r")
    [frame] = decoder.decode(Packet(png))  # type: ignore[attr-defined]
    return [found.text for found in zxingcpp.read_barcodes(np.ascontiguousarray(frame.to_ndarray(format="gray")))]


def with_join(rooms: Rooms, join: str) -> Rooms:
    """The files with the first channel entered in another way."""
    first, *rest = rooms.channels
    changed = Room.model_validate(first.model_dump() | {"join": join})
    return rooms.model_copy(update={"channels": (changed, *rest)})


def test_the_code_on_every_poster_is_the_link_to_its_channel(rooms: Rooms) -> None:
    for one in doors(rooms, SERVER, BASE):
        assert codes(poster.write_png(one, HOUSE)) == [f"https://matrix.to/#/%23{one.name}%3A{SERVER}"]


def test_a_poster_is_one_page_and_always_the_same(door: Door) -> None:
    made = poster.write_pdf(door, HOUSE)
    assert made.startswith(b"%PDF-")
    assert made == poster.write_pdf(door, HOUSE)
    assert len(re.findall(rb"/Type\s*/Page\b", made)) == 1


@pytest.mark.parametrize(
    "values",
    [
        {"title": "K" * 255, "topic": "topik " * 80},
        {"alias": "#" + "a" * 200 + ":" + "b" * 50},
        {"through": "Kamtibmas Kabupaten Batang", "title": "Kanal " * 20},
        {"title": "#panic()", "topic": '*a* $x^2$ #import "x" [', "through": "\\ ``` @ref"},
    ],
)
def test_long_and_odd_words_still_make_one_page_with_a_readable_code(door: Door, values: dict[str, str]) -> None:
    odd = replace(door, **values)
    assert len(re.findall(rb"/Type\s*/Page\b", poster.write_pdf(odd, HOUSE))) == 1
    assert codes(poster.write_png(odd, HOUSE)) == [door.link]


def test_the_steps_follow_how_the_channel_is_entered(rooms: Rooms) -> None:
    by_space, by_knock = with_join(rooms, "space"), with_join(rooms, "knock")
    one = doors(by_space, SERVER, BASE)[0]
    assert one.link == link(BASE, f"#kamtibmas:{SERVER}")  # nobody gets into the channel before the space
    assert rooms.space.title in poster.steps(one, HOUSE)[1][1]
    assert poster.steps(doors(by_knock, SERVER, BASE)[0], HOUSE)[1] == joinwords.SCAN_KNOCK
    for closed in ("invite", "agencies"):
        assert [other.name for other in doors(with_join(rooms, closed), SERVER, BASE)] == ["desa-siaga", "nelayan"]


def test_the_page_fetches_nothing_and_runs_nothing(rooms: Rooms) -> None:
    html = page.write_html(doors(rooms, SERVER, BASE), HOUSE, "Soal data: **Polres**.")
    assert "<script" not in html
    assert re.findall(r"(?:src|srcset|data|action)=\"(?!data:image/png)", html) == []
    assert "url(" not in html
    assert "@import" not in html
    assert "<link" not in html
    assert "default-src 'none'" in html
    for one in doors(rooms, SERVER, BASE):
        assert f'href="{one.link}"' in html
    assert f">{SERVER}<" in html
    assert "<strong>Polres</strong>" in html
    assert 'href="tel:110"' in html


def test_words_of_the_files_are_words_on_the_page(door: Door) -> None:
    html = page.write_html([replace(door, title="<script>alert(1)</script>", topic='"><img src=x>')], HOUSE, "<b>x</b>")
    assert "<script" not in html
    assert "<img src=x" not in html
    assert "&lt;b&gt;x" in html


def test_the_page_says_how_accounts_are_made(door: Door) -> None:
    asked = page.write_html([door], HOUSE, "")
    office = page.write_html([door], replace(HOUSE, registration="office"), "")
    assert joinwords.REGISTER["token"] in asked
    assert 'href="https://app.element.io/#/register"' in asked
    assert joinwords.REGISTER["office"] in office
    assert "app.element.io" not in office
    assert joinwords.NO_CHANNELS in page.write_html([], HOUSE, "")


def test_cards_show_each_code_and_their_qr_code_holds_none() -> None:
    some = [f"abcd-efgh-{number:04}" for number in range(9)]
    made = codecards.content(some, HOUSE, uses=1, until=date(2026, 12, 15))
    assert [card["code"] for card in made["cards"]] == some
    assert made["terms"] == "Untuk 1 akun, berlaku sampai Selasa, 15 Desember 2026."
    sheet = poster.typeset(codecards.TEMPLATE, {**made, "cards": made["cards"][:8]}, "png")
    assert codes(sheet) == ["https://app.element.io/#/register"] * 8
    printed = codecards.write_pdf(some, HOUSE, uses=1, until=None)
    assert len(re.findall(rb"/Type\s*/Page\b", printed)) == 2
    with pytest.raises(ValueError, match="401"):
        codecards.write_pdf(["x"] * 401, HOUSE, uses=None, until=None)


@settings(max_examples=15, deadline=None)
@given(st.text(min_size=1, max_size=255), st.text(max_size=300), st.text(max_size=40))
def test_whatever_the_files_say_it_can_be_printed(title: str, topic: str, controller: str) -> None:
    odd = Door("x", title, topic, "#x:y", "https://matrix.to/#/%23x%3Ay", False, None)
    assert poster.write_pdf(odd, replace(HOUSE, controller=controller)).startswith(b"%PDF-")
    assert page.write_html([odd], replace(HOUSE, controller=controller), topic)


def test_the_example_in_the_documentation_is_a_poster_of_today(rooms: Rooms) -> None:
    shown = (ROOT / "docs/poster.png").read_bytes()
    assert codes(shown) == ["https://matrix.to/#/%23ojol%3Abatang.example"]
    assert len(shown) < 150_000
