"""One message in, one decision out. Pure: the state and the time are arguments, nothing else is asked.

Order: emergency, policy, an answer to what was asked, commands, correction and follow-up, then the matcher. What the
engine says of itself stands in flows/phrases.yaml; every other word in the flow files.
"""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime
from typing import Any

from bot.dialogue.consent import Consent
from bot.dialogue.conversation import LONGEST_ALARM, Alarm, Conversation, Offer
from bot.dialogue.decision import Decision, Outcome
from bot.dialogue.explain import explain
from bot.dialogue.flows import Flows, Service
from bot.dialogue.model import Rule, RuleOutcome
from bot.dialogue.pick import pick
from bot.dialogue.reply import choose_answer
from bot.dialogue.speak import Said, Speaker
from bot.dialogue.steps import Pause, accept, numbered, walk
from bot.dialogue.understand import Thresholds, Understander, Understanding
from bot.dialogue.verdict import Sureness, Verdict, judge
from bot.language.mask import mask
from bot.language.reading import LONGEST_TEXT, Reading

_SENTENCE = re.compile(r"[?!;\n]+|\.(?!\d)")
_MISSES_UNTIL_STUCK = 2
_MOST_SEGMENTS = 4


class Engine:
    """Decides on messages by the content it was built from. Building takes well under a second."""

    def __init__(self, flows: Flows, thresholds: Thresholds | None = None) -> None:
        self.flows = flows
        self.understander = Understander(flows, thresholds)
        self._speaker = Speaker(flows, self.understander.lookups)
        reader = self.understander.reader
        commands = flows.phrases.commands
        self._commands: dict[str, set[str]] = {
            name: {reader.read(phrase).text for phrase in phrases} | set(phrases) for name, phrases in commands.items()
        }
        self._consent = Consent(flows.phrases)
        joints = "|".join(re.escape(joint) for joint in sorted(flows.phrases.joints, key=len, reverse=True))
        self._joint = re.compile(rf"(?i)(?<![^\W_])(?:{joints})(?![^\W_])") if joints else None
        corrections = "|".join(re.escape(words) for words in sorted(flows.phrases.corrections, key=len, reverse=True))
        self._correction = re.compile(rf"(?i)(?<![^\W_])(?:{corrections})(?![^\W_])") if corrections else None

    def step(self, state: Conversation | None, text: str, now: datetime, *, private: bool = True) -> Decision:
        """Decide on one message. `state`: None for a first message. `now`: aware. Never raises on any text.

        `private`: an emergency may be offered to the officers, since nobody else reads the talk and none of them is
        in it yet.
        """
        cut = len(text) > LONGEST_TEXT
        text = text[:LONGEST_TEXT]
        lapsed = state is not None and state.expired(now)
        waiting = lapsed and state is not None and bool(state.running or state.offers or state.alarm)
        decision = self._decide(self._fresh(state, now), text, now, private=private)
        notes = [note for note, said in ((self.flows.phrases.expired, waiting), (self.flows.phrases.cut, cut)) if said]
        if notes and decision.outcome is not Outcome.EMERGENCY:
            decision = replace(decision, reply="\n\n".join([*(note.strip() for note in notes), decision.reply]))
        return decision

    def located(self, state: Conversation | None, place: str, now: datetime) -> Decision:
        """Decide on a shared location: "latitude,longitude"."""
        fresh = self._fresh(state, now)
        understanding = self.understander.understand(self.understander.reader.read(""))
        phrases = self.flows.phrases
        if fresh.alarm is None:
            said = Said(Outcome.SMALLTALK, phrases.place_kept.strip(), replace(fresh, place=place))
            return self._decision("", understanding, said, "place_kept")
        alarm = replace(fresh.alarm, place=place)
        reply = f"{phrases.emergency_noted.strip()}\n\n{phrases.emergency_consent.strip()}"
        said = Said(Outcome.EMERGENCY, reply, replace(fresh, alarm=alarm))
        return self._decision("", understanding, said, "emergency_details")

    def _fresh(self, state: Conversation | None, now: datetime) -> Conversation:
        fresh = Conversation(now) if state is None or state.expired(now) else replace(state, updated_at=now)
        if fresh.content != self.flows.digest:
            fresh = fresh.under(self.flows.digest, set(self.flows.services))
        return fresh

    def _decide(self, state: Conversation, text: str, now: datetime, *, private: bool) -> Decision:
        reading = self.understander.reader.read(text)
        understanding = self.understander.understand(reading)
        hit = understanding.hit
        if hit is not None and hit.rule.outcome is RuleOutcome.EMERGENCY:
            return self._emergency(state, text, understanding, hit.rule, 1.0, now, private=private)
        if state.alarm is not None:
            return self._alarmed(state, state.alarm, text, understanding, now)
        decision = self._usual(state, text, understanding, now)
        if decision.outcome is Outcome.EMERGENCY:  # found by its likeness to the examples of a rule
            rule = self.understander.rules_by_reason[decision.reason]
            return self._emergency(state, text, understanding, rule, decision.score, now, private=private)
        return decision

    def _usual(self, state: Conversation, text: str, understanding: Understanding, now: datetime) -> Decision:
        if understanding.hit is not None:
            rule = understanding.hit.rule
            said = Said(Outcome(rule.outcome.value), rule.text.strip(), replace(state.settled(now), misses=0))
            return self._decision(text, understanding, said, rule.reason, intent=rule.intent, score=1.0)
        command = next((name for name in ("cancel", "back") if self._is(name, understanding)), None)
        if command is not None:
            return self._command(command, state, text, understanding, now)
        corrected = self._corrected(state, text, now)
        if corrected is not None and corrected.score >= self._limits.answer:
            return corrected  # also in the middle of a flow: it was the wrong one
        waiting = self._waiting(state, text, understanding, now)
        if waiting is not None:
            return waiting
        if corrected is not None:
            return corrected
        followed = self._follow_up(state, text, understanding, now)
        if followed is not None:
            return followed
        several = self._several(state, text, now)
        if several is not None:
            return several
        return self._act(state, text, understanding, judge(understanding, self.flows, self._limits), now)

    @property
    def _limits(self) -> Thresholds:
        return self.understander.thresholds

    def _is(self, command: str, understanding: Understanding) -> bool:
        return understanding.reading.text in self._commands.get(command, ())

    # Emergencies

    def _emergency(
        self,
        state: Conversation,
        text: str,
        understanding: Understanding,
        rule: Rule,
        score: float,
        now: datetime,
        *,
        private: bool,
    ) -> Decision:
        """First what to do; then, in private, whether officers may be told. The running flow waits meanwhile."""
        words = mask(text)[:LONGEST_ALARM]
        if not private:
            after, reply = replace(state, misses=0, alarm=None), rule.text.strip()
        else:
            alarm = state.alarm.more(words) if state.alarm else Alarm(rule.reason, words, state.place)
            alarm = replace(alarm, reason=rule.reason, private=alarm.private or rule.private)
            again = state.alarm is not None and state.alarm.reason == rule.reason
            advice = self.flows.phrases.emergency_noted if again else rule.text
            after = replace(state, misses=0, alarm=alarm, place=None)
            reply = f"{advice.strip()}\n\n{self.flows.phrases.emergency_consent.strip()}"
        if after.running is None:
            after = after.settled(now)
        said = Said(Outcome.EMERGENCY, reply, after)
        return self._decision(text, understanding, said, rule.reason, intent=rule.intent, score=score)

    def _alarmed(
        self, state: Conversation, alarm: Alarm, text: str, understanding: Understanding, now: datetime
    ) -> Decision:
        """After an emergency: a yes, a no, another question; everything else is a detail of it."""
        phrases = self.flows.phrases
        calm = replace(state, alarm=None)
        answer = False if self._is("cancel", understanding) else self._consent.answer(text)
        if answer is True:
            told = alarm if self._consent.bare(text) else alarm.more(mask(text))
            said = Said(Outcome.EMERGENCY, phrases.emergency_sent.strip(), calm.settled(now))
            decision = self._decision(text, understanding, said, "report_agreed", score=1.0)
            return replace(decision, report=told)
        if answer is False:
            question = self._speaker.question(state)
            reply = "\n\n".join([phrases.emergency_withheld.strip(), *([question] if question else [])])
            said = Said(Outcome.ASK if question else Outcome.SMALLTALK, reply, calm)
            return self._decision(text, understanding, said, "report_refused", score=1.0)
        consent = phrases.emergency_consent.strip()
        kept = alarm.more(mask(text))
        verdict = judge(understanding, self.flows, self._limits)
        service = self.flows.services.get(verdict.label or "") if verdict.sureness is Sureness.SURE else None
        if service is not None and service.intent.states_facts:
            decision = self._usual(calm.settled(now), text, understanding, now)
            return replace(decision, reply=f"{decision.reply}\n\n{consent}", state=replace(decision.state, alarm=kept))
        said = Said(Outcome.EMERGENCY, f"{phrases.emergency_noted.strip()}\n\n{consent}", replace(state, alarm=kept))
        return self._decision(text, understanding, said, "emergency_details", score=1.0)

    # What was asked before

    def _command(
        self, command: str, state: Conversation, text: str, understanding: Understanding, now: datetime
    ) -> Decision:
        if command == "back":
            return self._back(state, text, understanding, now)
        phrases = self.flows.phrases
        pending = bool(state.running or state.offers)
        reply = phrases.cancelled if pending else phrases.nothing_to_cancel
        said = Said(Outcome.SMALLTALK, reply.strip(), state.settled(now))
        return self._decision(text, understanding, said, "command_cancel")

    def _back(self, state: Conversation, text: str, understanding: Understanding, now: datetime) -> Decision:
        """One question back; its answer is asked for again."""
        phrases = self.flows.phrases
        question = self._speaker.question(state)
        if question is None:
            said = Said(Outcome.SMALLTALK, phrases.nothing_to_go_back.strip(), state.settled(now))
        elif not state.trail:
            said = Said(Outcome.ASK, f"{phrases.back_first.strip()}\n\n{question}", state)
        else:
            intent, index = state.trail[-1]
            earlier = replace(state, running=None, offers=())
            said = self._speaker.walk(earlier, self.flows.services[intent], index, now)
            said = replace(said, state=replace(said.state, trail=state.trail[:-1]))
        return self._decision(text, understanding, said, "command_back", intent=said.state.intent)

    def _waiting(self, state: Conversation, text: str, understanding: Understanding, now: datetime) -> Decision | None:
        """The reply to choices or to a question of a running flow; None when the message is something else."""
        if state.offers:
            number = pick(state.offers, understanding.reading, self.understander.reader)
            if number is not None:
                return self._chosen(state, state.offers[number], text, understanding, now)
        if state.running is None:
            return None
        service = self.flows.services.get(state.running[0])
        if service is None or state.running[1] >= len(service.intent.steps):
            return None  # the content has changed under the talk
        step = service.intent.steps[state.running[1]]
        if step.ask is not None:
            value = accept(step.ask, text)
            if value is not None and not (step.ask.type == "text" and self._asks_else(service, understanding)):
                slots = {**state.slots, step.ask.slot: value}
                said = self._speaker.walk(replace(state, slots=slots), service, state.running[1] + 1, now)
                return self._decision(text, understanding, said, "slot_filled", intent=service.name, score=1.0)
        verdict = judge(understanding, self.flows, self._limits)
        rule = self.understander.rules_by_reason.get(verdict.label or "")
        beside = rule is not None and rule.outcome in {RuleOutcome.FALLBACK, RuleOutcome.SMALLTALK}
        if verdict.sureness is Sureness.SURE and verdict.label != service.name and not beside:
            return None  # an interruption: answered first, then asked again
        paused = walk(service, state.running[1], state.slots)
        again = step.ask.retry if step.ask else self.flows.phrases.choose_retry
        options = numbered([offer.label for offer in state.offers])
        if not isinstance(paused, Pause):
            return None
        said = Said(Outcome.ASK, again.replace("{options}", options).strip(), state)
        return self._decision(text, understanding, said, "does_not_fit", intent=service.name)

    def _asks_else(self, service: Service, understanding: Understanding) -> bool:
        """A free text may hold anything; only a sure question about something else, asked as one, interrupts it."""
        if not (understanding.facets and understanding.topics) and understanding.alias is None:
            return False
        verdict = judge(understanding, self.flows, self._limits)
        return verdict.sureness is Sureness.SURE and verdict.label != service.name

    def _chosen(
        self, state: Conversation, offer: Offer, text: str, understanding: Understanding, now: datetime
    ) -> Decision:
        if state.running is not None:
            service = self.flows.services[state.running[0]]
            choose = service.intent.steps[state.running[1]].choose
            slots = dict(state.slots)
            if choose is not None and choose.slot and offer.value is not None:
                slots[choose.slot] = offer.value
            start: int | str = offer.goto or state.running[1] + 1
            said = self._speaker.walk(replace(state, slots=slots, offers=()), service, start, now)
            return self._decision(text, understanding, said, "chosen", intent=said.state.intent, score=1.0)
        if offer.intent is None:
            said = Said(Outcome.FALLBACK, self.flows.phrases.none_chosen.strip(), state.settled(now))
            return self._decision(text, understanding, said, "none_of_these")
        said = self._speaker.say(state, offer.intent, state.facets, state.entities, now)
        return self._decision(text, understanding, said, "chosen", intent=offer.intent, score=1.0)

    def _corrected(self, state: Conversation, text: str, now: datetime) -> Decision | None:
        """ "eh maksud saya SKCK": the last question with another topic; what was asked for the old one is dropped."""
        found = self._correction.search(text) if self._correction else None
        if found is None or state.intent is None or not state.question:
            return None
        reader = self.understander.reader
        rest = reader.read(text[found.end() :])
        topic = {word.text for word in reader.read(self.understander.topic_words(state.intent)).words}
        asked = [word for word in reader.read(state.question).words if word.text not in topic]
        alone = self.understander.understand(rest)
        verdict = judge(alone, self.flows, self._limits)
        if verdict.sureness is not Sureness.SURE:
            together = self.understander.understand(Reading((*rest.words, *asked)))
            alone, verdict = together, judge(together, self.flows, self._limits)
        if verdict.sureness is Sureness.LOST:
            return None
        return self._act(state.settled(now), text, alone, replace(verdict, reason="corrected"), now)

    def _follow_up(
        self, state: Conversation, text: str, understanding: Understanding, now: datetime
    ) -> Decision | None:
        """ "kalau biayanya?": a question whose topic is the last answer's."""
        service = self.flows.services.get(state.intent or "")
        if service is None or not service.nouns:
            return None
        entities = {**state.entities, **understanding.entities}
        if (understanding.only_entities or understanding.only_aspects) and any(
            step.call in understanding.entities for step in service.intent.steps
        ):
            said = self._speaker.say(state, service.name, (), entities, now)
            return self._decision(text, understanding, said, "follow_up", intent=service.name, score=1.0)
        if understanding.only_entities and set(understanding.topics) <= {service.flow.file.flow}:
            answer = choose_answer(service, state.facets, entities)
            if answer is not None and answer.when:
                said = self._speaker.say(state, service.name, state.facets, entities, now)
                return self._decision(text, understanding, said, "follow_up", intent=service.name, score=1.0)
        wordless = all(word.text.isdigit() for word in understanding.reading.words)
        if understanding.topics or wordless or judge(understanding, self.flows, self._limits).sureness is Sureness.SURE:
            return None
        if understanding.only_aspects:
            facets = understanding.facets or state.facets
            answer = choose_answer(service, facets, entities)
            wanted = {*facets, *(() if facets else understanding.entities)}
            if answer is not None and answer.when and wanted & {part.partition("=")[0] for part in answer.when}:
                said = self._speaker.say(state, service.name, facets, entities, now)
                return self._decision(text, understanding, said, "follow_up", intent=service.name, score=1.0)
        context = self.understander.reader.read(self.understander.topic_words(service.name))
        together = self.understander.understand(understanding.reading, context)
        verdict = judge(together, self.flows, self._limits)
        if verdict.sureness is Sureness.LOST or verdict.label not in {None, *self.flows.services}:
            return None
        together = replace(together, entities={**entities, **together.entities})
        return self._act(state, text, together, replace(verdict, reason=f"follow_up_{verdict.reason}"), now)

    def _several(self, state: Conversation, text: str, now: datetime) -> Decision | None:
        """Two sure questions in one message: both answered, the second named in `also`."""
        parts = [part for part in _SENTENCE.split(text) if part.strip()]
        if self._joint:
            parts = [piece for part in parts for piece in self._joint.split(part) if piece.strip()]
        if not 2 <= len(parts) <= _MOST_SEGMENTS:
            return None
        sure: dict[str, tuple[Understanding, Verdict]] = {}
        topic: str | None = None
        for part in parts:
            understanding = self.understander.understand(self.understander.reader.read(part))
            verdict = judge(understanding, self.flows, self._limits)
            if verdict.sureness is not Sureness.SURE and topic and not understanding.topics:
                context = self.understander.reader.read(self.understander.topic_words(topic))
                understanding = self.understander.understand(understanding.reading, context)
                verdict = judge(understanding, self.flows, self._limits)
            label = verdict.label
            if verdict.sureness is Sureness.SURE and label is not None and label in self.flows.services:
                if self.flows.services[label].nouns and label not in sure:
                    sure[label] = (understanding, verdict)
                topic = label
        if len(sure) < 2:
            return None
        (first, (understanding, verdict)), (second, (other, next_verdict)) = list(sure.items())[:2]
        said = self._speaker.say(state, first, understanding.facets, understanding.entities, now)
        added = self._speaker.say(said.state, second, other.facets, other.entities, now)
        heading = self.flows.phrases.also.format(title=self.flows.services[second].intent.title).strip()
        if said.reason or added.reason:
            return None  # one of them led nowhere; the other must not be taken for the answer to both
        both = replace(
            added,
            text=f"{said.text}\n\n{heading}\n\n{added.text}",
            sources=tuple(dict.fromkeys((*said.sources, *added.sources))),
        )
        decision = self._decision(text, understanding, both, "two_questions", intent=first, score=verdict.score)
        return replace(decision, also=((second, next_verdict.score),))

    # What is to be said

    def _act(
        self, state: Conversation, text: str, understanding: Understanding, verdict: Verdict, now: datetime
    ) -> Decision:
        if verdict.sureness is Sureness.SURE and verdict.label is not None:
            rule = self.understander.rules_by_reason.get(verdict.label)
            if rule is not None:
                outcome = Outcome(rule.outcome.value)
                said = Said(outcome, rule.text.strip(), replace(state.settled(now), misses=0))
                return self._decision(text, understanding, said, rule.reason, intent=rule.intent, score=verdict.score)
            asked = replace(state, question=mask(understanding.reading.text)[:300])
            said = self._speaker.say(asked, verdict.label, understanding.facets, understanding.entities, now)
            said = self._speaker.ask_again(state, said)
            return self._decision(text, understanding, said, verdict.reason, intent=verdict.label, score=verdict.score)
        if verdict.sureness is Sureness.TORN:
            return self._offer(state, text, understanding, verdict, now)
        return self._lost(state, text, understanding, verdict, now)

    def _offer(
        self, state: Conversation, text: str, understanding: Understanding, verdict: Verdict, now: datetime
    ) -> Decision:
        phrases = self.flows.phrases
        offers = [
            Offer(self.flows.services[candidate.label].intent.title, intent=candidate.label)
            for candidate in verdict.offered
        ]
        offers.append(Offer(phrases.none_of_these))
        options = numbered([offer.label for offer in offers])
        after = replace(
            state.settled(now),
            offers=tuple(offers),
            facets=understanding.facets,
            entities=understanding.entities,
            question=mask(understanding.reading.text)[:300],
        )
        said = Said(Outcome.CLARIFY, phrases.did_you_mean.replace("{options}", options).strip(), after)
        best = verdict.offered[0]
        return self._decision(text, understanding, said, verdict.reason, intent=best.label, score=best.score)

    def _lost(
        self, state: Conversation, text: str, understanding: Understanding, verdict: Verdict, now: datetime
    ) -> Decision:
        misses = state.misses + 1
        stuck = misses >= _MISSES_UNTIL_STUCK
        phrase = self.flows.phrases.stuck if stuck else self.flows.phrases.fallback
        outcome = Outcome.HANDOFF if stuck else Outcome.FALLBACK
        said = self._speaker.ask_again(
            state, Said(outcome, phrase.strip(), replace(state.settled(now), misses=0 if stuck else misses))
        )
        return self._decision(text, understanding, said, "stuck" if stuck else verdict.reason, score=verdict.score)

    def _decision(
        self,
        text: str,
        understanding: Understanding,
        said: Said,
        reason: str,
        *,
        intent: str | None = None,
        score: float = 0.0,
    ) -> Decision:
        candidates = tuple(
            (candidate.label, candidate.score)
            for candidate in understanding.candidates
            if candidate.label in self.flows.services
        )[:5]
        explanation: dict[str, Any] = explain(understanding, self.understander)
        return Decision(
            text=text,
            outcome=said.outcome,
            reply=said.text,
            reason=said.reason or reason,
            state=said.state,
            intent=intent,
            score=score,
            candidates=candidates,
            sources=said.sources,
            explanation=explanation,
        )
