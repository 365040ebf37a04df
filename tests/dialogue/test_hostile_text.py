"""Any text at all: nothing raises, nothing is echoed unescaped, and what is too long is cut with a word about it."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.dialogue.conversation import Conversation
from bot.dialogue.engine import Engine
from bot.handlers import phrases
from bot.language.mask import mask
from bot.language.reading import LONGEST_TEXT
from bot.markup import escape, render

NOW = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
MARK = "zxqjwv"
"""Letters that stand nowhere in the content: seeing them in a reply means that the message was echoed."""
ZALGO = "".join(chr(code) for code in range(0x0300, 0x0370))
INVISIBLE = "\u200b\u200c\u200d\u2060\ufeff\u00ad\u180e"
TURNING = "\u202a\u202b\u202d\u202e\u202c\u2066\u2067\u2068\u2069\u200f\u061c"
STRANGE = "\x00\x07\x1b\x85\u2028\u2029\ud800\udfff\ufffe\U000e0001\U0010ffff"

anything = st.text(st.characters(), max_size=60)
"""Every code point, half surrogates among them."""
pieces = st.one_of(
    anything,
    st.text(ZALGO + INVISIBLE + TURNING + STRANGE, max_size=40),
    st.sampled_from(["sim", "SKCK", "biaya", "batal", "menu", "1", "tilang pasal 362", "110", "\n", "? ", " terus "]),
    st.sampled_from(
        ["<script>", "<b>", "[x](y)", "`", "*", "{golongan.usia}", "{local.x}", "%s", "\\", "@room", "&#60;"]
    ),
)
long_texts = st.tuples(pieces, st.integers(1, 100_000)).map(lambda pair: (pair[0] * pair[1])[:100_000])
texts = st.one_of(st.lists(pieces, max_size=12).map("".join), long_texts)


def zalgo(text: str) -> str:
    return "".join(letter + ZALGO[index % 100 : index % 100 + 9] for index, letter in enumerate(text))


def check(engine: Engine, state: Conversation | None, text: str) -> Conversation:
    """One message; the state after it, as stored."""
    decision = engine.step(state, text, NOW)
    assert decision.reply.strip()
    assert MARK not in decision.reply
    assert len(decision.text) <= LONGEST_TEXT
    assert 0 <= decision.score <= 1
    html = json.dumps(render(decision.reply).content())
    assert "<script" not in html
    json.dumps(decision.to_json("v", 1))
    json.dumps(decision.explanation)
    stored = json.loads(json.dumps(decision.state.to_json()))
    kept = Conversation.from_json(stored)
    assert kept == decision.state
    return kept


@settings(max_examples=250, deadline=timedelta(seconds=20), suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(texts, min_size=1, max_size=4))
def test_no_text_raises_or_is_echoed_in_a_talk_of_any_texts(engine: Engine, said: list[str]) -> None:
    state: Conversation | None = None
    for text in said:
        state = check(engine, state, f"{MARK} {text}")


@pytest.mark.parametrize("said", ["syarat bikin sim c", "biaya skck", "gaji kapolres berapa"])
@pytest.mark.parametrize("between", INVISIBLE + TURNING)
def test_invisible_characters_hide_no_question(engine: Engine, said: str, between: str) -> None:
    plain = engine.step(None, said, NOW)
    hidden = engine.step(None, between.join(said), NOW)
    assert (hidden.outcome, hidden.intent, hidden.reply) == (plain.outcome, plain.intent, plain.reply)


@pytest.mark.parametrize("said", ["syarat bikin sim c", "biaya skck", "gaji kapolres berapa"])
def test_zalgo_and_full_width_letters_hide_no_question(engine: Engine, said: str) -> None:
    plain = engine.step(None, said, NOW)
    wide = "".join(chr(ord(letter) + 0xFEE0) if "!" <= letter <= "~" else letter for letter in said)
    for other in (zalgo(said), wide):
        decision = engine.step(None, other, NOW)
        assert (decision.outcome, decision.intent) == (plain.outcome, plain.intent), other


@pytest.mark.parametrize("length", [LONGEST_TEXT, LONGEST_TEXT + 1, 100_000])
def test_only_what_is_longer_than_what_is_read_is_cut_and_said_to_be(engine: Engine, length: int) -> None:
    decision = engine.step(None, "biaya skck berapa ".ljust(length, "x"), NOW)
    assert len(decision.text) == min(length, LONGEST_TEXT)
    assert ("2.000 huruf" in decision.reply) == (length > LONGEST_TEXT)


def test_what_lies_beyond_the_cut_decides_nothing(engine: Engine) -> None:
    text = "halo pak " * 300
    assert len(text) > LONGEST_TEXT
    without, beyond = engine.step(None, text, NOW), engine.step(None, text + "gaji kapolres berapa", NOW)
    assert (beyond.outcome, beyond.reason) == (without.outcome, without.reason)


class Tags(HTMLParser):
    """Names of the tags in a text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: set[str] = set()
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.found.add(tag)


@settings(max_examples=200, deadline=timedelta(seconds=20))
@given(texts)
def test_what_was_heard_is_repeated_as_literal_text(heard: str) -> None:
    """The one place where a citizen's own words come back: a spoken question."""
    content = render("> " + phrases.HEARD_QUESTION.format(text=escape(heard[:LONGEST_TEXT]))).content()
    assert Tags(content["formatted_body"]).found <= {"blockquote", "p"}
    assert not set(content["formatted_body"]) & set(TURNING[:4])


@settings(max_examples=200, deadline=timedelta(seconds=20))
@given(texts)
def test_any_text_can_be_masked_and_masking_again_changes_nothing(text: str) -> None:
    text = text[:LONGEST_TEXT]
    assert mask(mask(text)) == mask(text)
