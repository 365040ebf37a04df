"""Policy: emergencies first, then what is not answered; each decision names the rule and the words that made it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from bot.dialogue.model import Condition, PolicyFile, Rule, RuleOutcome
from bot.dialogue.phrases import PhraseIndex
from bot.language.reading import Reading

Found = Mapping[str, list[tuple[int, int]]]


@dataclass(frozen=True)
class Hit:
    """A rule that applies, and the words that made it apply."""

    rule: Rule
    words: tuple[str, ...]


class Rules:
    """The conditions of policy.yaml over the words of a message."""

    def __init__(self, policy: PolicyFile, index: PhraseIndex) -> None:
        self._rules = policy.rules
        for name, phrases in policy.words.items():
            index.add(f"@{name}", phrases, exact=True)
        for rule in policy.rules:
            for condition in rule.when:
                for phrase in [*(phrase for group in condition.all for phrase in group), *condition.unless]:
                    if not phrase.startswith("@"):
                        index.add(f"={phrase}", [phrase], exact=True)

    def apply(self, reading: Reading, found: Found) -> Hit | None:
        """The first emergency that applies, else the first other rule; None when no condition holds."""
        for emergency in (True, False):
            for rule in self._rules:
                if (rule.outcome is RuleOutcome.EMERGENCY) != emergency:
                    continue
                for condition in rule.when:
                    spans = _holds(condition, found)
                    if spans is not None:
                        words = dict.fromkeys(
                            " ".join(word.text for word in reading.words[start:end]) for start, end in sorted(spans)
                        )
                        return Hit(rule, tuple(words))
        return None


def _holds(condition: Condition, found: Found) -> list[tuple[int, int]] | None:
    if any(found.get(_key(phrase)) for phrase in condition.unless):
        return None
    spans: list[tuple[int, int]] = []
    for group in condition.all:
        span = next((found[_key(phrase)][0] for phrase in group if found.get(_key(phrase))), None)
        if span is None:
            return None
        spans.append(span)
    return spans


def _key(phrase: str) -> str:
    return phrase if phrase.startswith("@") else f"={phrase}"


def rule_texts(policy: PolicyFile) -> Iterator[str]:
    """Everything in the policy that people may say: part of the vocabulary."""
    for phrases in policy.words.values():
        yield from phrases
    for rule in policy.rules:
        yield from rule.examples
        for condition in rule.when:
            for group in condition.all:
                yield from (phrase for phrase in group if not phrase.startswith("@"))
            yield from (phrase for phrase in condition.unless if not phrase.startswith("@"))
