"""The format of `flows/`, version 1: what an officer may write, as typed values.

Kinds of file, told apart by their name:
`lexicon.yaml` (how people write), `policy.yaml` (emergencies and what is not answered), `phrases.yaml` (the bot's own
sentences), `local.yaml` (facts that only this district knows: `bot.dialogue.localfile`), `law.yaml` (offences and
articles: `bot.dialogue.lawfile`); every other `*.yaml` is one flow (a service).
Questions the flows must get right stand beside them in `tests/*.yaml` (`bot.dialogue.trial`).
Every model refuses unknown keys, so that a later version may add keys without changing the meaning of old files.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
"""Of intents, facets, entities, sources, labels."""
Text = Annotated[str, Field(min_length=1, max_length=3000)]
Phrase = Annotated[str, Field(min_length=1, max_length=300)]
Version = Literal[1]
Language = Annotated[str, Field(pattern=r"^[a-z]{2,3}$")]
"""ISO 639: "id", "jv", "en"."""
INDONESIAN: Language = "id"


class Part(BaseModel):
    """Base of everything in a file: unknown keys are mistakes, values do not change."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


class Source(Part):
    """Where a fact comes from."""

    title: Phrase
    """As a citizen reads it: "PP 76/2020"."""
    seen: Phrase | None = None
    """Where we saw it, when that is not the text itself."""
    url: str | None = Field(default=None, pattern=r"^https?://")


class Answer(Part):
    """What is said to one form of a question."""

    name: Name | None = None
    """A named answer without `when` is said by steps only."""
    when: list[str] | None = None
    """Facets ("biaya") and entities ("golongan", "golongan=c") that must stand in the question; the answer with the
    most conditions wins, but one for a facet goes before one for an entity of whatever value. Without `when` and
    `name`: the answer to the bare question."""
    text: Text
    """Markdown, short enough for a phone. `{golongan.usia}` stands for a field of an entity, `{local.x}` for a local
    fact."""
    tells: list[Name] = []
    """Facets that it tells of besides its conditions, where its words do not show it ("datang ke SPKT": tempat)."""
    sources: list[Name] | None = None
    """Default: all of the flow."""
    verified_on: date | None = None
    review_by: date | None = None

    @property
    def default(self) -> bool:
        """Answers the question as such."""
        return self.name is None and not self.when


class Option(Part):
    """One of the things to choose from; chosen by its number, its label or its words."""

    label: Phrase
    words: list[Phrase] = []
    value: Phrase | None = None
    """Saved in the step's slot; default: the label."""
    goto: Name | None = None
    """A label of the same intent, or another intent. Default: the next step."""


class Choose(Part):
    """Numbered options."""

    text: Text
    slot: Name | None = None
    options: list[Option] = Field(min_length=2, max_length=12)


class Ask(Part):
    """A question whose answer is kept in a slot."""

    text: Text
    slot: Name
    type: Literal["number", "text", "date"] = "text"
    """`date`: a day as people name it ("besok", "12 maret"); kept as the number of days from today."""
    minimum: float | None = None
    maximum: float | None = None
    """Of a date, like `minimum`: days from today."""
    retry: Text
    """Said when the answer does not fit."""


class Branch(Part):
    """Go there if the slot fits; a branch without condition always fits."""

    slot: Name | None = None
    at_most: float | None = None
    equals: Phrase | None = None
    goto: Name

    @model_validator(mode="after")
    def _complete(self) -> Branch:
        conditions = (self.at_most is not None) + (self.equals is not None)
        if (self.slot is None) != (conditions == 0) or conditions > 1:
            raise ValueError("a branch has a slot with one of at_most, equals; or none of them")
        return self


class Step(Part):
    """One step of a conversation: exactly one of say, ask, choose, branch, goto, call, handoff."""

    label: Name | None = None
    say: Name | None = None
    """Name of an answer of the same intent; ends the steps."""
    ask: Ask | None = None
    choose: Choose | None = None
    branch: list[Branch] | None = Field(default=None, min_length=1)
    goto: Name | None = None
    """A label of the same intent, or another intent."""
    call: Name | None = None
    """A registered lookup ("law"): ends the steps with what it finds, else goes on to the next step."""
    handoff: Text | None = None
    """Markdown: what is said as an officer takes over; opens a ticket and ends the steps."""

    @model_validator(mode="after")
    def _one_verb(self) -> Step:
        verbs = (self.say, self.ask, self.choose, self.branch, self.goto, self.call, self.handoff)
        if sum(verb is not None for verb in verbs) != 1:
            raise ValueError("a step has exactly one of say, ask, choose, branch, goto, call, handoff")
        return self


class Intent(Part):
    """One thing that people ask."""

    name: Name
    title: Phrase
    """How it is offered in "did you mean"."""
    nouns: list[list[Phrase]] | None = None
    """Of each list one phrase must stand in the question (or in the talk before it). Default: the flow's."""
    examples: list[Phrase] = Field(min_length=3)
    """As people write them; stems and spelling are evened out, so vary the words rather than the spelling."""
    aliases: list[Phrase] = []
    """Whole messages that mean this intent, whatever the matcher thinks."""
    negatives: list[Phrase] = []
    """Questions that look like this one and are not: outside of everything that is served."""
    states_facts: bool = True
    """Its answers need sources and dates."""
    answers: list[Answer] = []
    steps: list[Step] = []
    """Taken when no answer with a condition fits."""


class Value(Part):
    """One value of an entity."""

    value: Name
    words: list[Phrase] = Field(min_length=1)
    fields: dict[Name, Phrase] = {}


class FlowFile(Part):
    """One service."""

    version: Version
    language: Language = INDONESIAN
    """Of what is said in it. All of one folder are written in one; further ones stand in `languages/`."""
    flow: Name
    title: Phrase
    nouns: list[list[Phrase]] = []
    sources: dict[Name, Source] = {}
    verified_on: date | None = None
    review_by: date | None = None
    entities: dict[Name, list[Value]] = {}
    intents: list[Intent] = Field(min_length=1)


class RuleOutcome(StrEnum):
    """What a policy rule may decide (a subset of `bot.dialogue.decision.Outcome`)."""

    EMERGENCY = "emergency"
    BLOCKED = "blocked"
    REFER = "refer"
    SMALLTALK = "smalltalk"
    HANDOFF = "handoff"
    FALLBACK = "fallback"


class Condition(Part):
    """Words that decide: of every list in `all` one must stand in the message, none of `unless`.

    A word is a phrase, or `@name` for a list in `words`.
    """

    all: list[list[Phrase]] = Field(min_length=1)
    unless: list[Phrase] = []

    def phrases(self) -> Iterator[str]:
        """All that it looks for."""
        yield from (phrase for group in self.all for phrase in group)
        yield from self.unless


class Frame(Condition):
    """Words that tell that nothing happens now: it is imagined, asked about, played or a manner of speaking."""

    before: list[Phrase] = []
    """One of these must stand before the words of the emergency: "kalau kebakaran …", not "kebakaran, kalau bisa …"."""
    ends: list[Phrase] = []
    """One of these must end the message: "… macet tidak?"."""

    def phrases(self) -> Iterator[str]:
        """All that it looks for."""
        yield from super().phrases()
        yield from self.before
        yield from self.ends


class Rule(Part):
    """Something that is decided before, or instead of, an answer."""

    reason: Name
    """Stands in the audit."""
    outcome: RuleOutcome
    when: list[Condition] = []
    """Any of these decides at once."""
    examples: list[Phrase] = []
    """Messages of this kind, for the matcher: it finds those that no condition foresaw."""
    text: Text
    intent: Name | None = None
    """The nearest service, for an emergency."""
    asked_too: bool = False
    """An emergency that no frame of `asked` sets aside: whoever asks about it may be in it."""
    private: bool = False
    """An emergency that officers must not pass on: what is told of it stays in the operations room."""
    sources: list[Name] = []
    """What its advice rests on: for the audit. The citizen reads the advice alone, nothing may stand in its way."""


class PolicyFile(Part):
    """policy.yaml. Emergencies are tried first, then the rules in their order."""

    version: Version
    sources: dict[Name, Source] = {}
    verified_on: date | None = None
    review_by: date | None = None
    """Of all sources; both are needed once there is one."""
    words: dict[Name, list[Phrase]] = {}
    asked: list[Frame] = []
    """In any of these an emergency is only spoken of: the message is answered as any other, with 110 at its end."""
    rules: list[Rule]


class ExamplesFile(Part):
    """examples/*.yaml: more of what people say, kept apart so that a flow stays readable."""

    version: Version
    examples: dict[Name, list[Phrase]]
    """By intent, or by reason of a policy rule."""


class LexiconFile(Part):
    """lexicon.yaml: how people here write."""

    version: Version
    protected: list[str] = []
    rewrites: dict[str, str] = {}
    """One word → the words it stands for."""
    phrases: dict[str, str] = {}
    """Several words → the words they stand for."""
    fillers: list[str] = []
    courtesies: list[str] = []
    common: list[str] = []
    hollow: list[str] = []
    """Words of grammar: they help to tell intents apart, but a question may hold any number of them unexplained."""
    asking: list[str] = []
    """Words that make a question of a message, whatever it is about."""
    times: list[str] = []
    """Words that only say when: they raise no alarm and break no rule by themselves."""
    actions: list[str] = []
    """What is done with any topic (make, renew, lose): a question that holds only these and facets lacks its topic."""
    facets: dict[Name, list[Phrase]] = {}
    """What about a thing is asked: its cost, papers, place …, and the words that ask it. `…` in a phrase stands for
    any one word: "lewat … hari"."""
    faint: dict[Name, list[Phrase]] = {}
    """Words of facets that tell as often as they ask ("suami", "uang"): they ask only where nothing else is told."""
    idioms: list[Phrase] = []
    """Phrases whose words ask nothing of what is served, though one is a facet's: "jam tangan", "ganti alamat"."""


class PhrasesFile(Part):
    """phrases.yaml: the bot's own sentences. `{…}` stands for what the name says."""

    version: Version
    language: Language = INDONESIAN
    """Of these sentences, and so of the whole folder."""
    months: Annotated[list[str], Field(min_length=12, max_length=12)]
    source_line: Phrase
    """{sources} {verified_on} {review_by}"""
    undated_line: Phrase | None = None
    """{sources}: in place of `source_line` for a local fact without dates. Default: nothing is said of it."""
    not_available: Phrase
    """In place of a local fact that the operator has not filled in; short, for a reply may hold it several times."""
    ask_instead: Phrase | None = None
    """Once below a reply that holds `not_available`: where to ask. Default: nothing is added."""
    did_you_mean: Text
    """{options}"""
    did_you_mean_one: Text
    """{title}: there is only one thing it may be; answered by yes or no."""
    also: Text
    """{title}: a second question of the same message."""
    aspects: dict[Name, Phrase] = {}
    """Facets as they are named to a citizen: "online: apakah bisa online"."""
    aspects_in_talk: list[Name] = []
    """Of these the ones that a question names more often than it asks them: missed only when they are asked alone."""
    aspect_unknown: Text | None = None
    """{aspects}: before an answer that says nothing of the aspect that was asked. Default: nothing is said of it."""
    fallback: Text
    topic_missing: Text | None = None
    """After a question that names no topic ("biayanya?") and that nothing before it explains. Default: `fallback`."""
    stuck: Text
    """After two messages in a row that were not understood; an officer takes over."""
    limit: Text
    """The steps of a flow led nowhere: what remains to be said."""
    cut: Text
    expired: Text
    cancelled: Text
    nothing_to_cancel: Text
    nothing_to_go_back: Text
    back_first: Text
    """Before a question from which there is no going back further."""
    emergency_consent: Text
    """Asks whether officers may be told now; follows the advice of an emergency in a private talk."""
    emergency_noted: Text
    """After a further detail, while that has not been answered."""
    emergency_sent: Text
    emergency_withheld: Text
    emergency_aside: Text
    """Below the answer to a question that holds the words of an emergency without being one."""
    place_kept: Text
    """A location came before anybody asked for one."""
    choose_retry: Text
    """{options}"""
    none_of_these: Phrase
    """The last option of did-you-mean."""
    none_chosen: Text
    commands: dict[Literal["cancel", "back", "none", "agree", "confirm", "refuse", "exclaim"], list[Phrase]]
    """`none`: none of the choices. `agree`, `refuse`: whether officers may be told; `confirm`: yes, that was meant;
    `exclaim`: begins like a yes and is
    none ("ya ampun")."""
    around: list[Phrase] = []
    """Words that may stand around a command without changing it: "batal *saja*"."""
    corrections: list[Phrase] = []
    """Words that begin a correction: "maksud saya"."""
    denials: list[Phrase] = []
    """Words that take back what was said: "bukan"."""
    contrasts: list[Phrase] = []
    """Words between what is denied and what is meant: "tapi"."""
    between: list[Phrase] = []
    """Words between the things of a list: "sim *dan* stnk"."""
    joints: list[Phrase] = []
    """Words between two questions of one message: "terus", "sama"."""
    tellers: list[Phrase] = []
    """Words for who tells something: "saya"."""
    pasts: list[Phrase] = []
    """Words for what is over: "sudah"; with a teller and without `askers` a sentence only tells."""
    askers: list[Phrase] = []
    """Words that make a sentence a question or a wish: "apa", "mau"."""
