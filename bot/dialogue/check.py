"""What a schema cannot see: names that point nowhere, answers nobody can reach, facts without a source."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from bot.dialogue.checksteps import check_steps, ends, targets
from bot.dialogue.checkwords import check_words
from bot.dialogue.flows import PLACEHOLDER, Flows, Service, local_names
from bot.dialogue.model import Answer, Step
from bot.dialogue.registry import LOOKUPS
from bot.dialogue.rules import placed_conditions
from bot.language.tokens import tokens
from bot.problem import Problem
from bot.yamlfile import Document


def check(flows: Flows, lexicon: Document, policy: Document) -> list[Problem]:
    """Every mistake across the files."""
    problems = list(_lexicon(flows, lexicon))
    problems.extend(_policy(flows, policy))
    problems.extend(_more_examples(flows))
    problems.extend(check_words(flows, lexicon, policy))
    entities: dict[str, str] = {}
    for flow in flows.flows.values():
        for entity in flow.file.entities:
            if entity in entities or entity in flows.facets or entity in LOOKUPS or entity == "local":
                message = f"'{entity}' is already the name of an entity or facet"
                problems.append(flow.document.problem(("entities", entity), message))
            entities[entity] = flow.file.flow
    aliases: dict[tuple[str, ...], str] = {}
    for service in flows.services.values():
        problems.extend(_service(flows, service))
        for index, alias in enumerate(service.intent.aliases):
            key = tuple(tokens(alias))
            if aliases.setdefault(key, service.name) != service.name:
                message = f"alias '{alias}' already means {aliases[key]}"
                problems.append(_at(service, ("aliases", index), message))
    problems.extend(check_steps(flows))
    return problems


def _service(flows: Flows, service: Service) -> Iterator[Problem]:
    intent = service.intent
    named = {answer.name for answer in intent.answers if answer.name}
    labels = {step.label for step in intent.steps if step.label}
    if not intent.steps and not any(answer.default for answer in intent.answers):
        yield _at(service, ("answers",), f"{intent.name} has no answer to the bare question: write one without 'when'")
    seen: set[tuple[str, ...]] = set()
    for index, answer in enumerate(intent.answers):
        where = ("answers", index)
        conditions = tuple(sorted(answer.when or ()))
        if answer.name is None and conditions in seen:
            yield _at(service, where, "can never be reached: an earlier answer has the same 'when'")
        if answer.name is None:
            seen.add(conditions)
        yield from _answer(flows, service, index, answer)
        if answer.name and not answer.when and not any(step.say == answer.name for step in intent.steps):
            yield _at(service, where, f"can never be reached: no step says '{answer.name}'")
    reachable = _reachable(intent.steps)
    available = {"law"} if flows.law else set()
    if intent.steps and not ends(intent.steps[-1]):
        yield _at(
            service, ("steps", len(intent.steps) - 1), "the steps run off their end: close with say, goto or handoff"
        )
    for index, step in enumerate(intent.steps):
        where = ("steps", index)
        if index not in reachable:
            yield _at(service, where, "can never be reached")
        if step.say and step.say not in named:
            yield _at(service, (*where, "say"), f"no answer of {intent.name} is named '{step.say}'")
        if step.call and step.call not in LOOKUPS:
            yield _at(service, (*where, "call"), f"no lookup '{step.call}'; there are: {', '.join(sorted(LOOKUPS))}")
        elif step.call and step.call not in available:
            yield _at(service, (*where, "call"), f"'{step.call}' needs {LOOKUPS[step.call]} beside the flows")
        for target in targets(step):
            if target not in labels and target not in flows.services:
                yield _at(service, where, f"goto '{target}': no such label in {intent.name}, no such intent")
        for slot in _slots_read(step):
            if slot not in {name for other in intent.steps for name in _slots_written(other)}:
                yield _at(service, where, f"slot '{slot}' is never filled by a step of {intent.name}")


def _answer(flows: Flows, service: Service, index: int, answer: Answer) -> Iterator[Problem]:
    where = ("answers", index)
    values = flows.entities
    for number, condition in enumerate(answer.when or ()):
        entity, _, value = condition.partition("=")
        place = (*where, "when", number)
        if value and value not in {known.value for known in values.get(entity, [])}:
            yield _at(service, place, f"'{condition}': {entity} has no value '{value}'")
        elif entity not in values and entity not in flows.facets and entity not in LOOKUPS:
            yield _at(service, place, f"'{condition}' is neither a facet of lexicon.yaml nor an entity")
    for number, facet in enumerate(answer.tells):
        if facet not in flows.facets:
            yield _at(service, (*where, "tells", number), f"'{facet}' is no facet of lexicon.yaml")
    present = {condition.partition("=")[0] for condition in answer.when or ()}
    for entity, name in PLACEHOLDER.findall(answer.text):
        if entity == "local":
            if name not in flows.local:
                yield _at(service, (*where, "text"), f"{{local.{name}}}: no such fact in local.yaml")
        elif entity not in values:
            yield _at(service, (*where, "text"), f"{{{entity}.{name}}}: no such entity")
        elif entity not in present:
            yield _at(service, (*where, "text"), f"{{{entity}.{name}}} needs '{entity}' in this answer's 'when'")
        else:
            lacking = [value.value for value in values[entity] if name not in value.fields]
            if lacking:
                yield _at(service, (*where, "text"), f"{{{entity}.{name}}}: no such field in {', '.join(lacking)}")
    if not service.intent.states_facts:
        return
    known = service.flow.file.sources
    for number, source in enumerate(answer.sources or ()):
        if source not in known:
            yield _at(service, (*where, "sources", number), f"source '{source}' is not listed under 'sources'")
    # What only local facts say has their source.
    if not (answer.sources if answer.sources is not None else known) and not local_names(answer.text):
        yield _at(service, where, "has no source: add one, or say 'states_facts: false' if it states none")
    verified, review = service.verified_on(answer), service.review_by(answer)
    if not isinstance(verified, date) or not isinstance(review, date):
        yield _at(service, where, "needs verified_on and review_by (here or at the top of the file)")
    elif review <= verified:
        yield _at(service, where, "review_by must be later than verified_on")


def _policy(flows: Flows, document: Document) -> Iterator[Problem]:
    words = flows.policy.words
    yield from _policy_sources(flows, document)
    for index, rule in enumerate(flows.policy.rules):
        place: tuple[str | int, ...] = ("rules", index)
        if not rule.when and not rule.examples:
            yield document.problem(place, f"rule '{rule.reason}' can never apply: give it 'when' or 'examples'")
        if rule.intent and rule.intent not in flows.services:
            yield document.problem((*place, "intent"), f"no such intent '{rule.intent}'")
    for where, condition in placed_conditions(flows.policy):
        for phrase in condition.phrases():
            if phrase.startswith("@") and phrase[1:] not in words:
                yield document.problem(where, f"no list '{phrase[1:]}' under 'words'")
    reasons = [rule.reason for rule in flows.policy.rules]
    for index, reason in enumerate(reasons):
        if reason in reasons[:index]:
            yield document.problem(("rules", index, "reason"), f"rule '{reason}' is written twice")
        if reason in flows.services:
            yield document.problem(("rules", index, "reason"), f"'{reason}' is also the name of an intent")


def _policy_sources(flows: Flows, document: Document) -> Iterator[Problem]:
    policy = flows.policy
    if policy.sources and (policy.verified_on is None or policy.review_by is None):
        yield document.problem(("sources",), "needs verified_on and review_by beside the sources")
    elif policy.verified_on is not None and policy.review_by is not None and policy.review_by <= policy.verified_on:
        yield document.problem(("review_by",), "review_by must be later than verified_on")
    for index, rule in enumerate(policy.rules):
        for number, source in enumerate(rule.sources):
            if source not in policy.sources:
                message = f"source '{source}' is not listed under 'sources'"
                yield document.problem(("rules", index, "sources", number), message)


def _more_examples(flows: Flows) -> Iterator[Problem]:
    labels = {*flows.services, *(rule.reason for rule in flows.policy.rules)}
    for example in flows.examples:
        if example.label not in labels:
            yield example.problem(f"'{example.label}' is neither an intent nor a rule of policy.yaml")


def _lexicon(flows: Flows, document: Document) -> Iterator[Problem]:
    data = document.data or {}
    for word in data.get("rewrites", {}):
        if len(tokens(word)) != 1:
            yield document.problem(("rewrites", word), f"'{word}' is not one word; several belong under 'phrases'")
        elif tokens(word)[0] in flows.lexicon.protected:
            yield document.problem(("rewrites", word), f"'{word}' is protected and would never be rewritten")
    for facet in flows.faint:
        if facet not in flows.facets:
            yield document.problem(("faint", facet), f"'{facet}' is no facet: write it under 'facets', too")


def _slots_written(step: Step) -> Iterator[str]:
    if step.ask:
        yield step.ask.slot
    if step.choose and step.choose.slot:
        yield step.choose.slot


def _slots_read(step: Step) -> Iterator[str]:
    for branch in step.branch or ():
        if branch.slot:
            yield branch.slot


def _reachable(steps: list[Step]) -> set[int]:
    labels = {step.label: index for index, step in enumerate(steps) if step.label}
    found: set[int] = set()
    waiting = [0] if steps else []
    while waiting:
        index = waiting.pop()
        if index in found or index >= len(steps):
            continue
        found.add(index)
        step = steps[index]
        waiting.extend(labels[target] for target in targets(step) if target in labels)
        if not ends(step):
            waiting.append(index + 1)
    return found


def _at(service: Service, where: tuple[str | int, ...], message: str) -> Problem:
    return service.flow.document.problem((*service.place, *where), message)
