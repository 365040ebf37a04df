from __future__ import annotations

import time

import pytest

from bot.incidents.analyser import Analyser
from bot.incidents.patterns import Lexicon, PatternError, compile_pattern, samples
from bot.incidents.rules import Rules
from bot.incidents.words import scan


def found(pattern: str, text: str, **sets: tuple[str, ...]) -> list[str]:
    words = scan(text)
    matches = compile_pattern(pattern, Lexicon(sets)).find(words)
    return [words.quote(words.span(match.first, match.last)) for match in matches]


@pytest.mark.parametrize(
    "word",
    ["tabrak", "nabrak", "menabrak", "ditabrak", "tertabrak", "ketabrak", "tabrakan", "tabraknya", "penabraknya"],
)
def test_a_root_is_found_under_its_affixes(word: str) -> None:
    assert found("~tabrak", f"ada {word} tadi") == [word]


def test_a_root_is_not_found_inside_another_word() -> None:
    assert found("~api", "rapi sekali, Papilon") == []


def test_a_gap_never_crosses_the_end_of_a_sentence() -> None:
    assert found("rumah .. terbakar", "rumah warga terbakar") == ["rumah warga terbakar"]
    assert found("rumah .. terbakar", "Saya di rumah. Truk terbakar") == []


def test_a_gap_is_bounded() -> None:
    assert found("rumah .. terbakar", "rumah satu dua tiga empat terbakar") == []
    assert found("rumah ... terbakar", "rumah satu dua tiga empat terbakar") != []


def test_an_alternative_may_have_several_words() -> None:
    assert found("pingsan|tidak_sadar", "korban tidak sadar") == ["tidak sadar"]
    assert found("pingsan|tidak_sadar", "tidak pingsan") == ["pingsan"]


def test_a_set_stands_for_its_entries() -> None:
    assert found("@sajam", "bawa senjata tajam", sajam=("celurit", "senjata tajam")) == ["senjata tajam"]


@pytest.mark.parametrize("bad", ["", "..", "@kosong", "a(b", "*", "truk?", "[x]"])
def test_a_pattern_outside_the_language_is_refused(bad: str) -> None:
    with pytest.raises(PatternError):
        compile_pattern(bad)


def test_a_long_text_without_a_match_is_searched_in_linear_time() -> None:
    words = scan("rumah " * 5000)
    assert list(compile_pattern("rumah ... rumah ... terbakar").find(words)) == []


def test_no_pattern_of_ours_is_ruled_out_where_it_would_be_found(rules: Rules) -> None:
    """The letters that rule a pattern out quickly stand in every line that it finds."""
    patterns = [pattern for one in rules.categories for pattern in (*one.words, *one.unless, *one.hints)]
    patterns += [pattern for lists in (rules.kinds, rules.urgency) for every in lists.values() for pattern in every]
    for pattern in patterns:
        for line in samples(pattern.source, rules.lexicon):
            assert any(anchor in line for anchor in pattern.anchors) or not pattern.anchors, (pattern.source, line)
            assert pattern.regex.search(line), (pattern.source, line)


def test_a_long_paste_costs_no_more_than_a_moment(analyser: Analyser) -> None:
    """Bounded work: the longest text that is looked at, of words that many patterns begin with."""
    analyser.analyse("laka")
    started = time.process_time()
    analyser.analyse("motor jalan tidak satu " * 2000)
    assert time.process_time() - started < 10
