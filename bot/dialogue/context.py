"""Messages that only the talk before them explains: a correction of what was asked, a question without its topic."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from bot.dialogue.answering import Answering, question
from bot.dialogue.aspects import Aspects
from bot.dialogue.decision import FOLLOW_UP, Decision, Outcome
from bot.dialogue.flows import Service
from bot.dialogue.mind import Mind
from bot.dialogue.model import RuleOutcome
from bot.dialogue.reply import choose_answer
from bot.dialogue.topics import Topics
from bot.dialogue.turn import Turn
from bot.dialogue.understand import Understanding
from bot.dialogue.verdict import Sureness, Verdict
from bot.language.reading import Reading, Word

_ARTICLE_DIGITS = 3
_LONGEST_FOLLOW_UP = 4
"""Words that are not grammar; more of them tell by themselves what they are about."""


class Context:
    """Built once from the content."""

    def __init__(self, mind: Mind, answering: Answering) -> None:
        self._mind = mind
        self._answering = answering
        self._aspects = Aspects(mind)
        self._topics = Topics(mind.flows, mind.understander)
        times = set(mind.flows.times)
        asked = {facet: len(times.intersection(phrases)) for facet, phrases in mind.flows.facets.items()}
        self._when = max(asked, key=lambda facet: asked[facet], default="")
        """The aspect that is asked with words of time."""

    def corrected(self, turn: Turn) -> Decision | None:
        """ "eh maksud saya SKCK": the last question with another topic; what was asked for the old one is dropped."""
        text = self._mind.correction.meant(turn.text) if turn.state.intent and turn.state.question else None
        if text is None or turn.state.intent is None:
            return None
        understander, reader = self._mind.understander, self._mind.understander.reader
        rest = reader.read(text)
        topic = {word.text for word in reader.read(understander.topic_words(turn.state.intent)).words}
        asked = [word for word in reader.read(turn.state.question).words if word.text not in topic]
        meant = understander.understand(rest)
        verdict = self._mind.judge(meant)
        if verdict.sureness is not Sureness.SURE:
            meant = understander.understand(Reading((*rest.words, *asked)))
            verdict = self._mind.judge(meant)
        if verdict.sureness is Sureness.LOST:
            return None
        return self._answering.act(turn.after(turn.settled).read_as(meant), replace(verdict, reason="corrected"))

    def completed(self, turn: Turn) -> Decision | None:
        """ "skck", once we have asked what "biayanya?" was about."""
        understanding, state = turn.understanding, turn.state
        open_question = state.question if state.intent is None and not (state.offers or state.running) else ""
        if not open_question or not understanding.topics or understanding.facets:
            return None
        asked = self._mind.understander.reader.read(open_question)
        together = self._mind.understander.understand(Reading((*understanding.reading.words, *asked.words)))
        verdict = self._mind.judge(together)
        if verdict.sureness is not Sureness.SURE or verdict.label not in self._mind.flows.services:
            return None
        return self._answering.act(turn.read_as(together), replace(verdict, reason=f"{FOLLOW_UP}_topic"))

    def follow_up(self, turn: Turn) -> Decision | None:
        """ "kalau biayanya?": a question whose topic is the last answer's."""
        service = self._mind.flows.services.get(turn.state.intent or "")
        if service is None or not service.nouns:
            return None
        decision = self._another_lookup(turn, service) or self._another_entity(turn, service)
        decision = decision or self._another_time(turn, service)
        if decision is not None or self._stands_alone(turn, service):
            return decision
        return self._another_aspect(turn, service) or self._in_topic(turn, service) or self._as_before(turn, service)

    def aside(self, turn: Turn) -> Decision | None:
        """ "umur berapa bisanya?", where something else was asked: answered if it surely goes on with the talk."""
        if not turn.understanding.facets and "?" not in turn.text:
            return None
        service = self._offered(turn) or self._mind.flows.services.get(turn.state.intent or "")
        if service is None or not self._topics.familiar(turn.understanding, service):
            return None
        decision = self.follow_up(turn.after(replace(turn.state, intent=service.name)))
        return decision if decision is not None and decision.outcome is Outcome.ANSWER else None

    def _offered(self, turn: Turn) -> Service | None:
        """The first of the intents that were offered, when all share a topic."""
        services = self._mind.flows.services
        offered = [services[name] for offer in turn.state.offers if (name := offer.intent) and name in services]
        first = offered[0] if offered else None
        return first if first is not None and {one.name for one in offered} <= self._topics.kin(first) else None

    def _another_lookup(self, turn: Turn, service: Service) -> Decision | None:
        """ "kalau pasal 363?", "kalau 363?", "kalau yang ringan?"; "hukumannya berapa?" of the last one."""
        calls = {step.call for step in service.intent.steps if step.call}
        understanding = turn.understanding
        if not calls or self._another_topic(understanding, service):
            return None
        form = self._another_form(turn, calls)
        if form is not None:
            understanding = form
        elif _bare_number(understanding.reading, self._mind.flows.lexicon.hollow):
            understanding = self._with_topic(turn, service)
        elif understanding.bare_topic and understanding.alias is None and (understanding.facets or "?" in turn.text):
            return self._say(turn, service, ()) if calls & set(turn.state.entities) else None
        elif not (understanding.only_entities or understanding.only_aspects):
            return None
        return self._say(turn.read_as(understanding), service, ()) if calls & set(understanding.entities) else None

    def _another_topic(self, understanding: Understanding, service: Service) -> bool:
        """It surely asks another intent, and names the topic of that."""
        if not understanding.topics or service.flow.file.flow in understanding.topics:
            return False
        verdict = self._mind.judge(understanding)
        return verdict.sureness is Sureness.SURE and verdict.label != service.name

    def _another_form(self, turn: Turn, calls: set[str]) -> Understanding | None:
        """ "kalau yang ringan?" after theft: the message with the word for what was looked up, "pencurian ringan"."""
        for name in sorted(calls & set(turn.state.entities)):
            for kind in self._mind.understander.lookups[name].kinds(turn.state.entities[name]):
                for named in self._begun(turn.understanding.reading):
                    form = self._form(name, kind, named)
                    if form is not None:
                        return form
        return None

    def _begun(self, reading: Reading) -> Iterator[tuple[Word, ...]]:
        """The words of a message, one word of grammar after the other taken from their beginning."""
        hollow = self._mind.flows.lexicon.hollow
        for start, word in enumerate(reading.words):
            yield reading.words[start:]
            if word.text not in hollow:
                return

    def _form(self, lookup: str, kind: str, named: tuple[Word, ...]) -> Understanding | None:
        """Understood together, when the two name one thing, and the rest only asks about it."""
        understander = self._mind.understander
        begin = understander.reader.read(kind).words
        together = Reading((*begin, *named))
        mention = understander.lookups[lookup].mention(together, understander.index.find(together))
        start, end = mention.spans[0] if mention is not None else (0, 0)
        if mention is None or len(mention.spans) > 1 or start > 0 or end <= len(begin):
            return None
        rest = understander.understand(Reading(together.words[end:]))
        return understander.understand(together) if rest.content == 0 or rest.only_aspects else None

    def _another_entity(self, turn: Turn, service: Service) -> Decision | None:
        """ "kalau sim a?": the same aspect of another thing."""
        understanding = turn.understanding
        if not understanding.only_entities or not set(understanding.topics) <= {service.flow.file.flow}:
            return None
        if not self._told_apart(turn, service):
            return None
        answer = choose_answer(service, turn.state.facets, self._entities(turn))
        return self._say(turn, service, turn.state.facets) if answer is not None and answer.when else None

    def _told_apart(self, turn: Turn, service: Service) -> bool:
        """The intent has answers about a thing that the message names; "anak saya dipukul" is no further cost."""
        about = {part.partition("=")[0] for answer in service.intent.answers for part in answer.when or ()}
        return not about.isdisjoint(turn.understanding.entities)

    def _another_time(self, turn: Turn, service: Service) -> Decision | None:
        """ "kalau malam?": the hours, where there is an answer about them."""
        if not turn.understanding.only_times or turn.understanding.alias is not None:
            return None
        answer = choose_answer(service, (self._when,), turn.state.entities)
        about_time = answer is not None and self._when in (answer.when or ())
        return self._say(turn, service, (self._when,)) if about_time else None

    def _stands_alone(self, turn: Turn, service: Service) -> bool:
        """It names its topic, is clear without one, or is but a number."""
        understanding = turn.understanding
        if all(word.text.isdigit() for word in understanding.reading.words) or understanding.alias is not None:
            return True
        if 2 * len(understanding.unexplained) >= max(understanding.content, 1):
            return True  # a topic cannot explain words that nothing explains
        if understanding.lacks_topic and not (understanding.topics and understanding.entities):
            return False  # "kalau yang hilang?": of what we talk about, however sure another topic may seem
        if understanding.topics:
            return True
        alone = self._mind.judge(understanding)
        return alone.sureness is Sureness.SURE and not self._goes_on(turn, service, alone)

    def _goes_on(self, turn: Turn, service: Service, alone: Verdict) -> bool:
        """ "umur berapa bisanya?": few words, all of them used of what the talk is about, and a question about it."""
        understanding, rule = turn.understanding, self._mind.rule(alone.label)
        if rule is not None and rule.outcome not in {RuleOutcome.FALLBACK, RuleOutcome.REFER}:
            return False
        if understanding.content > _LONGEST_FOLLOW_UP or not self._topics.familiar(understanding, service):
            return False
        verdict = self._mind.judge(self._with_topic(turn, service))
        if rule is not None and rule.outcome is RuleOutcome.REFER:
            # "ktp" after "surat hilang" names what is lost; what is asked or done with it may be another office's.
            named_only = understanding.content == len(understanding.told) and not understanding.facets
            return named_only and verdict.label == service.name and self._surely(verdict)
        return verdict.sureness is Sureness.SURE and verdict.label in self._topics.kin(service)

    def _another_aspect(self, turn: Turn, service: Service) -> Decision | None:
        """ "kalau biayanya?": an answer of the same intent."""
        understanding = turn.understanding
        if not understanding.only_aspects:
            return None
        if not understanding.facets and not self._told_apart(turn, service):
            return None
        facets = understanding.facets or turn.state.facets
        wanted = {*facets, *(() if facets else understanding.entities)}
        # The thing that the talk is about may have an answer of its own, which does not say what is asked now.
        for entities in (self._entities(turn), understanding.entities):
            answer = choose_answer(service, facets, entities)
            if answer is not None and answer.when and wanted & {part.partition("=")[0] for part in answer.when}:
                return self._say(turn, service, facets, entities)
        return None

    def _as_before(self, turn: Turn, service: Service) -> Decision | None:
        """Another aspect that nothing says anything about: what is known of the thing itself, not of its sibling."""
        if not self._bare_aspect(turn):
            return None
        answer = choose_answer(service, (), turn.state.entities)
        if answer is None and not service.intent.steps:
            return None
        return self._aspects.noted(self._say(turn, service, (), turn.state.entities), turn.understanding.facets)

    def _in_topic(self, turn: Turn, service: Service) -> Decision | None:
        """ "kalau yang perpanjang?": another intent of the same topic."""
        together = self._with_topic(turn, service)
        verdict = self._mind.judge(together)
        if verdict.sureness is Sureness.LOST or verdict.label not in {None, *self._mind.flows.services}:
            return None
        if self._bare_aspect(turn) and not (verdict.label == service.name or self._surely(verdict)):
            return None
        if turn.understanding.topics and not self._of_topic(verdict, service):
            return None
        if turn.understanding.content == 0 and verdict.label == service.name:
            return None  # nothing was said that the last answer did not answer
        entities = {**self._entities(turn), **together.entities}
        together = replace(together, entities=entities, beside=self._beside(turn, entities))
        told = self._answering.act(turn.read_as(together), replace(verdict, reason=f"{FOLLOW_UP}_{verdict.reason}"))
        return self._aspects.noted(told, turn.understanding.facets) if self._bare_aspect(turn) else told

    def _bare_aspect(self, turn: Turn) -> bool:
        """ "bisa diwakilkan?": it names nothing that would lead away from what the talk is about."""
        understanding = turn.understanding
        return understanding.only_aspects and bool(understanding.facets) and not understanding.topics

    def _surely(self, verdict: Verdict) -> bool:
        """The intent is meant ("syaratnya?" after the cost), not just the likest of those with the same topic."""
        return verdict.sureness is Sureness.SURE and verdict.score >= self._mind.limits.telling

    def _with_topic(self, turn: Turn, service: Service) -> Understanding:
        understander = self._mind.understander
        supplied = understander.reader.read(understander.topic_words(service.name))
        return understander.understand(turn.understanding.reading, supplied)

    def _of_topic(self, verdict: Verdict, service: Service) -> bool:
        """Surely an intent of the same service."""
        meant = self._mind.flows.services.get(verdict.label or "") if verdict.sureness is Sureness.SURE else None
        return meant is not None and meant.flow is service.flow

    def _entities(self, turn: Turn) -> dict[str, str]:
        return {**turn.state.entities, **turn.understanding.entities}

    def _beside(self, turn: Turn, entities: dict[str, str]) -> dict[str, tuple[str, ...]]:
        """Of the things that are asked about, the further values: of the message, else of the talk."""
        now = self._entities(turn)
        named = {
            entity: values for entity, values in turn.state.beside.items() if entity not in turn.understanding.entities
        }
        named |= turn.understanding.beside
        return {entity: values for entity, values in named.items() if entities.get(entity) == now.get(entity)}

    def _say(
        self, turn: Turn, service: Service, facets: tuple[str, ...], entities: dict[str, str] | None = None
    ) -> Decision:
        entities = self._entities(turn) if entities is None else entities
        topic = self._mind.understander.topic_words(service.name)
        asked = replace(turn.state, question=question(f"{topic} {turn.understanding.reading.text}"))
        said = self._mind.say(asked, service.name, facets, entities, self._beside(turn, entities), turn.now)
        said = self._mind.speaker.ask_again(turn.state, said)
        return self._mind.decide(turn, said, FOLLOW_UP, intent=service.name, score=1.0)


def _bare_number(reading: Reading, hollow: frozenset[str]) -> bool:
    """ "kalau 378?": a number long enough to be no choice, and words of grammar."""
    words = [word.text for word in reading.words if word.text not in hollow]
    return len(words) == 1 and words[0].isdigit() and len(words[0]) == _ARTICLE_DIGITS
