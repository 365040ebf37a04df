"""Policy: emergencies first, then what is not answered; each decision names the rule and the words that made it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from copy import copy
from dataclasses import dataclass

from bot.dialogue.model import Condition, Frame, PolicyFile, Rule, RuleOutcome
from bot.dialogue.phrases import PhraseIndex
from bot.language.reading import Reading

Found = Mapping[str, list[tuple[int, int]]]


@dataclass(frozen=True)
class Hit:
    """A rule that applies, and the words that made it apply."""

    rule: Rule
    words: tuple[str, ...]
    spans: tuple[tuple[int, int], ...] = ()
    """Where they stand, in order."""


class Rules:
    """The conditions of policy.yaml over the words of a message."""

    def __init__(self, policy: PolicyFile, index: PhraseIndex) -> None:
        emergencies_first = sorted(policy.rules, key=lambda rule: rule.outcome is not RuleOutcome.EMERGENCY)
        self._rules = [(rule, [_Keys.of(condition) for condition in rule.when]) for rule in emergencies_first]
        for name, phrases in policy.words.items():
            index.add(f"@{name}", phrases, exact=True)
        self._frames = [_Framing.of(frame) for frame in policy.asked]
        for _, condition in placed_conditions(policy):
            for phrase in condition.phrases():
                if not phrase.startswith("@"):
                    index.add(f"={phrase}", [phrase], exact=True)

    def saying(self, policy: PolicyFile) -> Rules:
        """The same conditions, with the rules of the same policy in another language."""
        said = {rule.reason: rule for rule in policy.rules}
        other = copy(self)
        other._rules = [(said[rule.reason], when) for rule, when in self._rules]
        return other

    def apply(self, reading: Reading, found: Found, *, asked: bool = False) -> Hit | None:
        """The first emergency that applies, else the first other rule; None when no condition holds.

        `asked`: emergencies are only spoken of, so that just those apply that are meant even then.
        """
        for rule, when in self._rules:
            if asked and rule.outcome is RuleOutcome.EMERGENCY and not rule.asked_too:
                continue
            for condition in when:
                if condition.hold(found):
                    spans = tuple(sorted(condition.spans(found)))
                    words = dict.fromkeys(
                        " ".join(word.text for word in reading.words[start:end]) for start, end in spans
                    )
                    return Hit(rule, tuple(words), spans)
        return None

    def asks(self, reading: Reading, found: Found, hit: Hit | None) -> bool:
        """Whether the emergency in the message is only spoken of. `hit`: the rule whose words it holds, if any."""
        begins = hit.spans[0][0] if hit is not None else len(reading.words)
        return any(frame.holds(found, begins, len(reading.words)) for frame in self._frames)


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


@dataclass(frozen=True)
class _Framing:
    """A frame as names of lists."""

    keys: _Keys
    before: tuple[str, ...]
    ends: tuple[str, ...]

    @classmethod
    def of(cls, frame: Frame) -> _Framing:
        return cls(_Keys.of(frame), tuple(map(_key, frame.before)), tuple(map(_key, frame.ends)))

    def holds(self, found: Found, begins: int, length: int) -> bool:
        """`begins`: the first word of the emergency; `length`: words of the message."""
        if not self.keys.hold(found):
            return False
        before = not self.before or any(start < begins for name in self.before for start, _ in found.get(name, ()))
        ends = not self.ends or any(end == length for name in self.ends for _, end in found.get(name, ()))
        return before and ends


def placed_conditions(policy: PolicyFile) -> Iterator[tuple[tuple[str | int, ...], Condition]]:
    """Those of all rules, and the frames, each with its place in the file."""
    for index, rule in enumerate(policy.rules):
        yield from ((("rules", index, "when", number), condition) for number, condition in enumerate(rule.when))
    yield from ((("asked", number), frame) for number, frame in enumerate(policy.asked))


def _key(phrase: str) -> str:
    return phrase if phrase.startswith("@") else f"={phrase}"


def rule_texts(policy: PolicyFile) -> Iterator[str]:
    """Everything in the policy that people may say: part of the vocabulary."""
    for phrases in policy.words.values():
        yield from phrases
    for rule in policy.rules:
        yield from rule.examples
    for _, condition in placed_conditions(policy):
        yield from (phrase for phrase in condition.phrases() if not phrase.startswith("@"))
