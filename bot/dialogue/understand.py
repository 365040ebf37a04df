"""What a message means by itself: words, facets, entities, policy rules, and the intents it may ask for.

A loose matcher is kept honest by two rules beside the score: an intent counts only when its topic's noun stands in
the message (or in the talk before it), and words that nothing in the content explains are charged.
"""

from __future__ import annotations

from collections.abc import Iterator
from copy import copy
from dataclasses import dataclass, field, replace
from functools import cached_property

from bot.dialogue.asked import Asking
from bot.dialogue.ellipsis import Ellipsis
from bot.dialogue.flows import Flows
from bot.dialogue.lookup import Mention, Span
from bot.dialogue.match import Candidate, LinearMatcher, Matcher, Ranking
from bot.dialogue.model import Rule, RuleOutcome
from bot.dialogue.phrases import PhraseIndex
from bot.dialogue.registry import build, saying, vocabulary
from bot.dialogue.rules import Hit, Rules, rule_texts
from bot.dialogue.values import named_values
from bot.language.reading import Reader, Reading

_LISTED = ("entity:", "law.row:")
"""Lists whose things people string together: "sim a dan c"."""
OUTSIDE = "_outside"
"""Label of the negative examples of all intents."""


@dataclass(frozen=True)
class Thresholds:
    """How sure is sure enough. Scores run from 0 to 1."""

    answer: float = 0.33
    """From here an intent is answered …"""
    margin: float = 0.06
    """… if it leads the next one by this much."""
    alarm: float = 0.25
    """An emergency is taken for one from here …"""
    alarm_margin: float = 0.06
    """… if nothing else leads it by more than this …"""
    alarm_alone: float = 0.18
    """… or already from here, if nothing but emergencies is half as likely."""
    alarm_few: float = 0.40
    """… and from here only, when hardly anything was told."""
    foreign: float = 0.60
    """A question is surely about something else from here; below, the person may only be hard to understand."""
    offer: float = 0.28
    """From here an intent may be offered in "did you mean"."""
    topic: float = 0.08
    """With nothing likelier, an intent of a flow whose topic is named among other words is offered from here."""
    spread: float = 0.15
    """Offered are those at most this far behind the best."""
    telling: float = 0.50
    """From here an intent needs no word of its topic: the examples themselves are told apart well enough."""
    overrule: float = 0.60
    """From here likeness sets aside a rule whose words stand in the message …"""
    doubt: float = 0.15
    """… when the rule and its kind are no likelier than this: "dulu rumah saya kebakaran, ijazah ikut terbakar"."""
    unexplained: float = 0.20
    """Charged when every content word is unexplained; less in proportion."""


@dataclass(frozen=True)
class Understanding:
    """One message, understood."""

    reading: Reading
    """With the words that the talk supplied."""
    ranking: Ranking
    """What the matcher found, with its evidence."""
    facets: tuple[str, ...] = ()
    entities: dict[str, str] = field(default_factory=dict)
    """Of each entity the value that is named first."""
    beside: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """Further values of the same entities, in order: "sim a dan sim c berapa?"."""
    hit: Hit | None = None
    """The policy rule whose conditions hold."""
    overruled: Hit | None = None
    """The rule whose conditions hold, though the message as a whole means something else, or only speaks of it."""
    asked: bool = False
    """What it holds of an emergency is only spoken of."""
    alias: str | None = None
    """The intent that this very message is an alias of, or that looks up what is all it names."""
    candidates: tuple[Candidate, ...] = ()
    """Labels that may be meant, best first, unexplained words charged."""
    held: tuple[Candidate, ...] = ()
    """Intents whose topic the message does not name."""
    topics: tuple[str, ...] = ()
    """Flows whose noun stands in the message."""
    unexplained: tuple[str, ...] = ()
    asks_aspect: bool = False
    """An aspect is asked in words of its own, not only by naming the topic ("polres" is a place, too)."""
    bare_topic: bool = False
    """All it holds is the topic: "sim"."""
    lacks_topic: bool = False
    """All it holds are aspects and actions: "cara perpanjang gimana?"."""
    content: int = 0
    """Words that are not grammar."""
    substance: frozenset[str] = frozenset()
    """Words that are neither grammar nor a time ("besok"): what is told."""
    told: frozenset[str] = frozenset()
    """Stems of those among them that name no aspect and no action, which may be asked of anything."""
    only_times: bool = False
    """All it holds are times: "kalau malam?"."""
    only_entities: bool = False
    """All it holds are entities, their topic and words of grammar: "kalau sim a?"."""
    only_aspects: bool = False
    """All it holds are facets, entities and words of grammar: "kalau biayanya?"."""


class Understander:
    """Built once from the content; deterministic."""

    def __init__(self, flows: Flows, thresholds: Thresholds | None = None) -> None:
        self._flows = flows
        self.thresholds = thresholds or Thresholds()
        self.reader = Reader(flows.lexicon, _texts(flows))
        self.index = PhraseIndex(self.reader)
        """Everything that is looked for in messages, by the name of its list."""
        self.lookups = build(flows, self.index)
        self._callers = {
            name: {
                service.name
                for service in flows.services.values()
                if any(step.call == name for step in service.intent.steps)
            }
            for name in self.lookups
        }
        self._rules = Rules(flows.policy, self.index)
        self.index.add("action:", flows.actions)
        self.index.add("times", flows.times, exact=True)
        self.asking = Asking(flows, self.index)
        for entity, values in flows.entities.items():
            for value in values:
                self.index.add(f"entity:{entity}={value.value}", value.words)
        self._nouns = {service.name: [_noun(group) for group in service.nouns] for service in flows.services.values()}
        self._topics = {flow.file.flow: [_noun(group) for group in flow.file.nouns] for flow in flows.flows.values()}
        groups = [group for service in flows.services.values() for group in service.nouns]
        groups.extend(group for flow in flows.flows.values() for group in flow.file.nouns)
        for name, group in {_noun(group): group for group in groups}.items():
            self.index.add(name, group)
        self._aliases = {
            self.reader.read(alias).text: service.name
            for service in flows.services.values()
            for alias in service.intent.aliases
        }
        self.rules_by_reason: dict[str, Rule] = {rule.reason: rule for rule in flows.policy.rules}
        trained = [(self.reader.read(text), label) for text, label in samples(flows)]
        self.said: dict[str, set[str]] = {}
        """Stem of each word that people use of what is served → the intents they use it of."""
        for reading, label in trained:
            if label in flows.services:
                for word in reading.words:
                    self.said.setdefault(word.stem, set()).add(label)
        self.matcher: Matcher = LinearMatcher(trained, lambda reading: _hints(self._find(reading)[0]))

    def saying(self, flows: Flows) -> Understander:
        """Understands the same; its rules and lookups speak as `flows` do, the same content in another language."""
        other = copy(self)
        other.lookups = saying(self.lookups, flows)
        other._rules = self._rules.saying(flows.policy)
        other.rules_by_reason = {rule.reason: rule for rule in flows.policy.rules}
        return other

    def topic_words(self, intent: str) -> str:
        """The words that name an intent's topic, to be understood with a follow-up that leaves them out."""
        return " ".join(group[0] for group in self._flows.services[intent].nouns)

    def naming(self, text: str) -> frozenset[str]:
        """The intents whose topic a text names."""
        found = self.index.find(self.reader.read(text))
        return frozenset(name for name, nouns in self._nouns.items() if all(noun in found for noun in nouns))

    def things(self, reading: Reading) -> dict[str, Span]:
        """Flows whose topic a message names → where it is first named, with the entity beside it: "sim c"."""
        found = self.index.find(reading)
        entities = [span for name, spans in found.items() if name.startswith("entity:") for span in spans]
        named: dict[str, Span] = {}
        for flow, nouns in self._topics.items():
            spans = [span for noun in nouns for span in found.get(noun, ())] if len(nouns) == 1 else []
            if spans:
                start, end = min(spans)
                beside = [(start, end), *(span for span in entities if span[0] <= end and start <= span[1])]
                named[flow] = (min(first for first, _ in beside), max(last for _, last in beside))
        return named

    @cached_property
    def _ellipsis(self) -> Ellipsis:
        return Ellipsis(self.index, self.reader, self._flows.phrases.between)

    def _find(
        self, reading: Reading, *, listed: bool = False
    ) -> tuple[dict[str, list[tuple[int, int]]], dict[str, Mention]]:
        """All lists that occur, what lookups recognise among them (as entities); and the lookups' mentions.

        `listed`: also the things that a list in the message names without their beginning.
        """
        found = self.index.find(reading)
        if listed:
            found = self._ellipsis.find(reading, found, _LISTED)
        mentioned: dict[str, Mention] = {}
        for name, lookup in self.lookups.items():
            mention = lookup.mention(reading, found)
            if mention is not None:
                found[f"entity:{name}={mention.value}"] = list(mention.spans)
                mentioned[name] = mention
        return found, mentioned

    def understand(self, reading: Reading, context: Reading | None = None) -> Understanding:
        """`context`: words that the talk so far supplies; they count for the topic and for likeness."""
        full = replace(reading, words=(*context.words, *reading.words)) if context else reading
        found, mentioned = self._find(full, listed=True)
        own = self._find(reading, listed=True)[0] if context else found
        values = named_values(self._flows.entities, own)
        entities = {entity: named[0] for entity, named in values.items()}
        entities |= {name: mention.value for name, mention in mentioned.items()}
        aspects = _covered(own, ("facet:", "entity:"))
        hollow = self._flows.lexicon.hollow
        content = [position for position, word in enumerate(reading.words) if word.text not in hollow]
        times = _covered(own, ("times",))
        named = {
            position
            for nouns in self._topics.values()
            for noun in nouns
            for start, end in own.get(noun, ())
            for position in range(start, end)
        }
        facets = self.asking.asked(own, [position for position in content if position not in named])
        explained = _covered(own, ("facet:", "entity:", "noun:"))
        unexplained = [
            reading.words[position].text
            for position in content
            if position not in explained
            and reading.words[position].stem not in self.said
            and not reading.words[position].text.isdigit()
        ]
        charge = self.thresholds.unexplained * len(unexplained) / len(content) if content else 0.0
        hints = _hints(found)
        lacks_topic = bool(content or facets) and _covered(own, ("facet:", "entity:", "action:")).issuperset(content)
        general = times | _covered(own, ("facet:", "action:"))
        ranked: list[Candidate] = []
        held: list[Candidate] = []
        ranking = self.matcher.rank(full, hints)
        for candidate in ranking.candidates if full.words else []:
            service = self._flows.services.get(candidate.label)
            if service is None:
                ranked.append(candidate)
                continue
            charged = Candidate(candidate.label, round(max(candidate.score - charge, 0.0), 4))
            named_here = all(noun in found for noun in self._nouns[candidate.label])
            there = named_here or (not lacks_topic and charged.score >= self.thresholds.telling)
            (ranked if there else held).append(charged)
        ranked.sort(key=_order)
        worded = self._rules.apply(reading, own)
        asked = self._rules.asks(reading, own, worded)
        only_spoken_of = asked and worded is not None and worded.rule.outcome is RuleOutcome.EMERGENCY
        hit = self._rules.apply(reading, own, asked=True) if only_spoken_of else worded
        if hit is not None and self._means_otherwise(hit.rule, ranked, facets):
            hit = None
        return Understanding(
            reading=full,
            ranking=ranking,
            facets=facets,
            entities=entities,
            beside={entity: named[1:] for entity, named in values.items() if named[1:]},
            hit=hit,
            overruled=worded if worded != hit else None,
            asked=asked,
            alias=self._aliases.get(reading.text) or self._asked_of(mentioned, ranking),
            candidates=tuple(ranked),
            held=tuple(sorted(held, key=_order)),
            topics=tuple(flow for flow, nouns in self._topics.items() if nouns and all(noun in own for noun in nouns)),
            unexplained=tuple(dict.fromkeys(unexplained)),
            lacks_topic=lacks_topic,
            content=len(content),
            substance=frozenset(reading.words[position].text for position in content if position not in times),
            told=frozenset(
                reading.words[position].stem
                for position in content
                if position not in general and not reading.words[position].text.isdigit()
            ),
            only_times=bool(content) and times.issuperset(content),
            asks_aspect=not _covered(own, ("facet:",)).issubset(named),
            bare_topic=bool(content) and all(position in named for position in content),
            only_entities=bool(entities) and not facets and _covered(own, ("entity:", "noun:")).issuperset(content),
            only_aspects=bool(content or facets) and all(position in aspects for position in content),
        )

    def _asked_of(self, mentioned: dict[str, Mention], ranking: Ranking) -> str | None:
        """The likeliest intent that calls the lookup to which the whole message is a question: "378 lama"."""
        calling = {intent for name, mention in mentioned.items() if mention.whole for intent in self._callers[name]}
        return next((candidate.label for candidate in ranking.candidates if candidate.label in calling), None)

    def _means_otherwise(self, rule: Rule, ranked: list[Candidate], facets: tuple[str, ...]) -> bool:
        """Whether likeness to what people say outweighs the words that a rule looks for.

        An emergency is set aside only by what we never answer, or by a question about something (its cost, its
        place, the way to do it).
        """
        best = ranked[0] if ranked else None
        if best is None or best.label in {OUTSIDE, rule.reason} or best.score < self.thresholds.overrule:
            return False
        rules = self.rules_by_reason
        if rule.outcome is RuleOutcome.EMERGENCY and best.label not in rules and not facets:
            return False
        alike = (
            candidate.score
            for candidate in ranked
            if candidate.label in rules and rules[candidate.label].outcome is rule.outcome
        )
        own = (candidate.score for candidate in ranked if candidate.label == rule.reason)
        same_kind = best.label in rules and rules[best.label].outcome is rule.outcome
        return max(own if same_kind else alike, default=0.0) <= self.thresholds.doubt


def _hints(found: dict[str, list[tuple[int, int]]]) -> tuple[str, ...]:
    """Facets, and entities without their value: "sim c" and "sim a" ask the same."""
    return tuple(sorted({name.partition("=")[0] for name in found if name.startswith(("facet:", "entity:"))}))


def _order(candidate: Candidate) -> tuple[float, str]:
    return (-candidate.score, candidate.label)


def _noun(group: list[str]) -> str:
    return "noun:" + "|".join(group)


def _covered(found: dict[str, list[tuple[int, int]]], kinds: tuple[str, ...]) -> set[int]:
    return {
        position
        for name, spans in found.items()
        if name.startswith(kinds)
        for start, end in spans
        for position in range(start, end)
    }


def samples(flows: Flows) -> Iterator[tuple[str, str]]:
    """(text, label) of all that the matcher is trained on."""
    for service in flows.services.values():
        intent = service.intent
        yield from ((text, intent.name) for text in [*intent.examples, *intent.aliases])
        yield from ((text, OUTSIDE) for text in intent.negatives)
    for rule in flows.policy.rules:
        yield from ((text, rule.reason) for text in rule.examples)
    yield from ((example.text, example.label) for example in flows.examples)


def _texts(flows: Flows) -> Iterator[str]:
    """All that people may say, as the content knows it: the vocabulary."""
    yield from (text for text, _ in samples(flows))
    yield from rule_texts(flows.policy)
    yield from vocabulary(flows)
    yield from flows.actions
    for service in flows.services.values():
        yield from (phrase for group in service.nouns for phrase in group)
    for phrases in flows.facets.values():
        yield from phrases
    for values in flows.entities.values():
        yield from (words for value in values for words in value.words)
