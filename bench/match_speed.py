"""How long does a decision take, beside rapidfuzz over all examples in the same run?

    python bench/match_speed.py            # shipped flows, 150 intents × 100 examples
    python bench/match_speed.py --growth   # also 10 … 1,000 intents × 20 examples

Prints p50 and p99 in milliseconds and their ratio to `rapidfuzz.process.extractOne` (WRatio, over every example), which
answers only "which example is nearest". Synthetic intents are made of invented syllables from a fixed seed.
"""

from __future__ import annotations

import argparse
import random
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

import yaml
from rapidfuzz import process

from bot.dialogue.engine import Engine
from bot.dialogue.loader import load_flows
from bot.dialogue.match import LinearMatcher
from bot.language.lexicon import Lexicon
from bot.language.reading import Reader

ROOT = Path(__file__).parents[1]
NOW = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--growth", action="store_true")
    options = arguments.parse_args()
    shipped()
    for intents, examples in [(150, 100), *((count, 20) for count in (10, 30, 100, 300, 1000) if options.growth)]:
        synthetic(intents, examples)


def shipped() -> None:
    """Whole decisions (policy, matching, answer, explanation) over the shipped flows."""
    started = time.perf_counter()
    flows = load_flows(ROOT / "flows")
    engine = Engine(flows)
    built = time.perf_counter() - started
    labelled = yaml.safe_load((ROOT / "tests/dialogue/dev.yaml").read_text(encoding="utf-8"))
    questions = [text for texts in labelled.values() for text in texts]
    examples = [text for service in flows.services.values() for text in service.intent.examples]
    examples.extend(example.text for example in flows.examples)
    ours = timed(lambda text: engine.step(None, text, NOW), questions)
    theirs = timed(lambda text: process.extractOne(text, examples), questions)
    told(f"shipped: {len(flows.services)} intents, {len(examples)} examples", built, ours, theirs)


def synthetic(intents: int, examples: int) -> None:
    """The matcher alone on invented intents."""
    chooser = random.Random(5)
    syllables = [first + vowel for first in "bcdfghjklmnprst" for vowel in "aiueo"]
    words = ["".join(chooser.choices(syllables, k=chooser.randint(2, 4))) for _ in range(4000)]
    common = words[:300]
    rows: list[tuple[str, str]] = []
    for intent in range(intents):
        own = chooser.sample(words, 12)
        for _ in range(examples):
            picked = [*chooser.choices(own, k=3), *chooser.choices(common, k=4)]
            chooser.shuffle(picked)
            rows.append((" ".join(picked), f"intent_{intent:04}"))
    started = time.perf_counter()
    reader = Reader(Lexicon(), (text for text, _ in rows))
    matcher = LinearMatcher([(reader.read(text), intent) for text, intent in rows])
    built = time.perf_counter() - started
    questions = [" ".join(chooser.sample(text.split(), 6)) for text, _ in chooser.sample(rows, min(200, len(rows)))]
    texts = [text for text, _ in rows]
    ours = timed(lambda text: matcher.rank(reader.read(text)).candidates[0], questions)
    theirs = timed(lambda text: process.extractOne(text, texts), questions[:40])
    told(f"synthetic: {intents} intents x {examples} examples", built, ours, theirs)


def timed(call: Callable[[str], object], texts: Sequence[str]) -> list[float]:
    """Milliseconds of each call, sorted; each text once to warm up, then measured three times."""
    for text in texts:
        call(text)
    taken: list[float] = []
    for text in [*texts, *texts, *texts]:
        started = time.perf_counter_ns()
        call(text)
        taken.append((time.perf_counter_ns() - started) / 1e6)
    return sorted(taken)


def told(name: str, built: float, ours: list[float], theirs: list[float]) -> None:
    """One line a measurement."""
    p50, p99 = ours[len(ours) // 2], ours[int(len(ours) * 0.99)]
    other = theirs[len(theirs) // 2]
    print(f"{name}: built in {built:.2f} s; p50 {p50:.2f} ms, p99 {p99:.2f} ms; extractOne p50 {other:.2f} ms", end="")
    print(f"; ratio {p50 / other:.2f}")


if __name__ == "__main__":
    main()
