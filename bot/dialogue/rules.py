"""Policy: emergencies first, then what is not answered; each decision names the rule and the words that made it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from copy import copy
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
        emergencies_first = sorted(policy.rules, key=lambda rule: rule.outcome is not RuleOutcome.EMERGENCY)
        self._rules = [(rule, [_Keys.of(condition) for condition in rule.when]) for rule in emergencies_first]
        for name, phrases in policy.words.items():
            index.add(f"@{name}", phrases, exact=True)
        for rule in policy.rules:
            for condition in rule.when:
                for phrase in [*(phrase for group in condition.all for phrase in group), *condition.unless]:
                    if not phrase.startswith("@"):
                        index.add(f"={phrase}", [phrase], exact=True)

    def saying(self, policy: PolicyFile) -> Rules:
        """The same conditions, with the rules of the same policy in another language."""
        said = {rule.reason: rule for rule in policy.rules}
        other = copy(self)
        other._rules = [(said[rule.reason], conditions) for rule, conditions in self._rules]
        return other

    def apply(self, reading: Reading, found: Found) -> Hit | None:
        """The first emergency that applies, else the first other rule; None when no condition holds."""
        for rule, conditions in self._rules:
            for condition in conditions:
                if condition.hold(found):
                    spans = sorted(condition.spans(found))
                    words = dict.fromkeys(
                        " ".join(word.text for word in reading.words[start:end]) for start, end in spans
                    )
                    return Hit(rule, tuple(words))
        return None


@dataclass(frozen=True)
class _Keys:
    """A condition as names of lists, made once: every message is held against every condition."""

    groups: tuple[tuple[str, ...], ...]
    unless: frozenset[str]

    @classmethod
    def of(cls, condition: Condition) -> _Keys:
        groups = tuple(tuple(_key(phrase) for phrase in group) for group in condition.all)
        return cls(groups, frozenset(_key(phrase) for phrase in condition.unless))

    def hold(self, found: Found) -> bool:
        names = found.keys()
        return not any(names.isdisjoint(group) for group in self.groups) and names.isdisjoint(self.unless)

    def spans(self, found: Found) -> Iterator[tuple[int, int]]:
        """Where the words stand that made it hold: of each group the first that was found."""
        for group in self.groups:
            yield next(found[name][0] for name in group if name in found)


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
