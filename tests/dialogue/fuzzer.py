"""A mutation fuzzer over whole talks: splices of what people, tests and attackers write, state stored between turns.

In the tests it plays a fixed range of seeds; from the command line it goes on until told to stop:

    .venv/bin/python tests/dialogue/fuzzer.py --minutes 10
    .venv/bin/python tests/dialogue/fuzzer.py --seed 4711 --talks 1     # one talk again, turn by turn

A talk depends on its seed and on the content alone, so that every find can be played again.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path

import yaml

from bot.dialogue.conversation import Conversation
from bot.dialogue.decision import Decision
from bot.dialogue.engine import Engine
from bot.dialogue.loader import load_flows
from bot.dialogue.trial import TalkFile
from bot.language.reading import LONGEST_TEXT
from bot.markup import render
from bot.yamlfile import read, validate

ROOT = Path(__file__).parents[2]
START = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
CANARY = "zxqjwv"
"""Stands nowhere in the content: seeing it in a reply means that the message was echoed."""
PERSONAL = ("3325011234567890", "081234567890", "+62 812-3456-7890", "G 4321 ZZ", "budi@contoh.id")
"""Must stand in no state and no reply."""
LONGEST_REPLY = 12_000
LONGEST_STATE = 60_000
TAGS = frozenset({
    "a", "b", "blockquote", "br", "code", "del", "em", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "i", "li", "ol", "p",
    "pre", "s", "strong", "table", "tbody", "td", "th", "thead", "tr", "u", "ul",
})  # fmt: skip
VOID = frozenset({"br", "hr"})
ZALGO = "".join(chr(code) for code in range(0x0300, 0x0370))
NASTY = (
    "\u200b", "\u200d", "\u2060", "\ufeff", "\u00ad", "\u202e", "\u202b", "\u2066", "\u2069", "\u061c", "\x00",
    "\x1b[31m", "\x85", "\u2028", "\ud800", "\udfff", "\ufffe", "\U000e0001", "\U0010ffff", "\ufdfa", "ｓｉｍ", "𝓼𝓲𝓶",
    "ѕіm", "①", "Ⅳ", "½", "²", "٣", "३", "ß", "İ", "ŉ", "ﬁ", "👨\u200d👩\u200d👧", "❤\ufe0f", "1\ufe0f\u20e3", "👍🏽",
    "\u064e\u064f\u0650", "שלום", "مساعدة", "救命", "ไฟไหม้", "aa" * 3000, "a " * 1500, "? " * 500, "\n" * 200, ZALGO,
)  # fmt: skip
MARKUP = (
    "<script>alert(1)</script>", "<b>", "</p>", "<img src=x onerror=y>", "<mx-reply><blockquote>", "&lt;", "&#60;",
    "`", "```\n", "**", "*", "_", "~~", "[x](javascript:y)", "![x](http://x)", "| a | b |\n|---|---|\n| c | d |",
    "> ", "# ", "1. ", "- ", "\\", "{golongan.usia}", "{local.satpas_jam}", "{options}", "{}", "%s", "{0}", "$x",
    "@room", "@warga:batang.test", "https://matrix.to/#/!x", "[nomor]", "[plat]", "'; drop table x;--",
)  # fmt: skip
COMMANDS = (
    "batal", "kembali", "menu", "ya", "tidak", "ga usah", "bukan", "1", "2", "4", "9", "12", "0", "-1", "1.000",
    "999999999", "nomor dua", "yang terakhir", "dua-duanya", "eh maksud saya skck", "bukan sim tapi stnk", "halo",
    "minta petugas", "makasih", "tolong", "110", "?", "", " ", ".", "terus", "kalau biayanya?", "kalau online?",
    "kalau sim a?", "kalau 363?", "motor 300 cc", "150", "sim a, b1 dan c", "pasal 362, 363 dan 378",
)  # fmt: skip


@dataclass(frozen=True)
class Find:
    """Something that may not happen."""

    seed: int
    turn: int
    text: str
    what: str

    def __str__(self) -> str:
        return f"seed {self.seed}, turn {self.turn}: {self.what}\n    {self.text[:300]!r}"


class Fuzzer:
    """Plays talks against an engine."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._corpus = _corpus(engine)
        self.slowest = (0.0, 0)
        """Seconds of the slowest turn, and the seed of its talk."""

    def play(self, seed: int, *, told: bool = False) -> Find | None:
        """One talk; the first thing that may not happen. `told`: print it turn by turn."""
        chance = random.Random(seed)
        state: Conversation | None = None
        now, private = START, chance.random() < 0.9
        for turn in range(chance.randint(1, 8)):
            now += timedelta(minutes=chance.choice((0, 0, 0, 1, 5, 29, 31, 600)), seconds=1)
            located = chance.random() < 0.05
            text = "(a shared location)" if located else self._text(chance)
            started = time.perf_counter()
            try:
                if located:
                    decision = self._engine.located(state, "-6.900000,109.700000", now)
                else:
                    decision = self._engine.step(state, text, now, private=private)
                self.slowest = max(self.slowest, (time.perf_counter() - started, seed))
                if told:
                    print(
                        f"> {text[:500]!r}\n[{decision.outcome} {decision.intent} {decision.reason}] {decision.reply}\n"
                    )
                state = self._kept(decision, chance)
                problem = next(_problems(decision, state), None)
            except Exception as error:
                problem = f"{type(error).__name__}: {error}"
            if problem is not None:
                return Find(seed, turn, text, problem)
        return None

    def _kept(self, decision: Decision, chance: random.Random) -> Conversation | None:
        """The state as the database gives it back; now and then under content that has changed meanwhile."""
        kept = Conversation.from_json(json.loads(json.dumps(decision.state.to_json())))
        if kept is not None and chance.random() < 0.03:
            kept = replace(kept, content="changed")
        return kept

    def _text(self, chance: random.Random) -> str:
        parts = [self._piece(chance) for _ in range(chance.choice((1, 1, 1, 2, 2, 3, 6)))]
        text = chance.choice((" ", " ", "\n", "? ", ". ", " terus ", "")).join(parts)
        for _ in range(chance.choice((0, 0, 1, 2, 5))):
            text = _mutated(text, chance)
        if chance.random() < 0.3:
            text = f"{text} {CANARY}"
        return text

    def _piece(self, chance: random.Random) -> str:
        kind = chance.random()
        if kind < 0.5:
            return chance.choice(self._corpus)
        if kind < 0.75:
            return chance.choice(COMMANDS)
        if kind < 0.85:
            return chance.choice(MARKUP)
        if kind < 0.95:
            return chance.choice(NASTY)
        return chance.choice(PERSONAL)


def _corpus(engine: Engine) -> list[str]:
    """What people ask, in the content and in its tests."""
    found = [text for service in engine.flows.services.values() for text in service.intent.examples]
    found += [text for rule in engine.flows.policy.rules for text in rule.examples]
    found += [example.text for example in engine.flows.examples]
    for path in sorted(Path(__file__).parent.glob("dev*.yaml")):
        for texts in yaml.safe_load(path.read_text(encoding="utf-8")).values():
            found += texts
    for path in sorted((ROOT / "flows" / "tests").glob("*.yaml")):
        found += [turn.say for talk in validate(read(path), TalkFile).talks for turn in talk.turns]
    return found


def _mutated(text: str, chance: random.Random) -> str:
    """One small change."""
    here, there = sorted(chance.randrange(len(text) + 1) for _ in range(2))
    words = text.split()
    match chance.randrange(12):
        case 0:
            return text[:here] + text[there:]
        case 1:
            return text[:there] + text[here:]
        case 2:
            return text[:here] + chance.choice(NASTY) + text[here:]
        case 3:
            return text[:here] + chance.choice(MARKUP) + text[here:]
        case 4:
            return text[:here] + chr(chance.randrange(0x110000)) + text[here:]
        case 5:
            return text.upper() if chance.random() < 0.5 else text.title()
        case 6:
            chance.shuffle(words)
            return " ".join(words)
        case 7:
            return " ".join(word for word in words if chance.random() < 0.7)
        case 8:
            return text[:here] + text[here:there][::-1] + text[there:]
        case 9:
            return "".join(letter * chance.choice((1, 1, 1, 4)) for letter in text[:3000])
        case 10:
            return text[:there] + chance.choice(ZALGO) * 20 + text[there:]
        case _:
            return (text + " ") * chance.choice((2, 40))


def _problems(decision: Decision, kept: Conversation | None) -> Iterator[str]:
    """What must hold of every reply to anything."""
    reply = decision.reply
    if not reply.strip():
        yield "an empty reply"
    if len(reply) > LONGEST_REPLY:
        yield f"a reply of {len(reply)} characters"
    if CANARY in reply:
        yield "the message is echoed"
    if unfilled := re.search(r"\{[a-z_]+(?:\.[a-z_]+)?\}", reply):
        yield f"a placeholder is left: {unfilled.group()}"
    if len(decision.text) > LONGEST_TEXT:
        yield "more is read than is said"
    if not 0 <= decision.score <= 1:
        yield f"score {decision.score}"
    message = render(reply)
    tags = _Tags(message.formatted_body)
    if tags.wrong:
        yield f"HTML: {tags.wrong[0]}"
    json.dumps(decision.to_json("v", 1))
    json.dumps(decision.explanation)
    stored = json.dumps(decision.state.to_json(), ensure_ascii=False)
    if kept is None or (kept != decision.state and kept.content != "changed"):
        yield "the state does not come back as it was"
    if len(stored) > LONGEST_STATE:
        yield f"a state of {len(stored)} characters"
    said = _squeezed(stored + reply)
    for number in PERSONAL:
        if _squeezed(number) in said:
            yield f"{number} is kept or said"


def _squeezed(text: str) -> str:
    return re.sub(r"[\s+\-]", "", text.casefold())


class _Tags(HTMLParser):
    """What is wrong with the tags of a text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.wrong: list[str] = []
        self._open: list[str] = []
        self.feed(html)
        self.close()
        self.wrong += [f"<{tag}> is never closed" for tag in self._open]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in TAGS:
            self.wrong.append(f"<{tag}>")
        self.wrong += [
            f"<{tag} {name}={value}>"
            for name, value in attrs
            if (name, tag) not in {("href", "a"), ("rel", "a"), ("start", "ol"), ("class", "code"), ("align", "td")}
            or (name == "href" and not str(value).startswith(("https:", "http:", "mailto:", "tel:")))
        ]
        if tag not in VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in VOID:
            return
        if self._open and self._open[-1] == tag:
            self._open.pop()
        else:
            self.wrong.append(f"</{tag}> closes nothing")


def main(arguments: Sequence[str] | None = None) -> int:
    """Play until told to stop; 1 when something was found."""
    parser = argparse.ArgumentParser(description="Talks of any texts against the flows.")
    parser.add_argument("--seed", type=int, help="first seed; default: from the clock")
    parser.add_argument("--talks", type=int, help="how many; default: without end")
    parser.add_argument("--minutes", type=float, help="how long; default: without end")
    parser.add_argument("--flows", type=Path, default=ROOT / "flows")
    chosen = parser.parse_args(arguments)
    first = int(time.time()) if chosen.seed is None else chosen.seed
    fuzzer = Fuzzer(Engine(load_flows(chosen.flows)))
    print(f"first seed {first}", flush=True)
    end = time.monotonic() + chosen.minutes * 60 if chosen.minutes else float("inf")
    seed, finds = first, 0
    try:
        while time.monotonic() < end and (chosen.talks is None or seed < first + chosen.talks):
            found = fuzzer.play(seed, told=chosen.talks == 1)
            if found is not None:
                finds += 1
                print(f"{found}\n    again: --seed {found.seed} --talks 1", flush=True)
            seed += 1
    except KeyboardInterrupt:
        pass
    seconds, slow = fuzzer.slowest
    print(f"{seed - first} talks from seed {first}, {finds} finds; slowest turn {1000 * seconds:.0f} ms (seed {slow})")
    return 1 if finds else 0


if __name__ == "__main__":
    sys.exit(main())
