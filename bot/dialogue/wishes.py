"""The wish to be answered in another language: a whole message such as "basa jawa", as the language files have them."""

from __future__ import annotations

from dataclasses import dataclass

from bot.dialogue.flows import Flows
from bot.language.tokens import tokens

LANGUAGE_REASON = "language"
"""Of a decision that changed the language of the talk."""
_LONGEST = 100
"""Characters; nothing longer is a wish."""


@dataclass(frozen=True)
class Wish:
    """What was asked for."""

    language: str
    reply: str
    """Said to it, in that language."""


class Wishes:
    """Built once from the content; without further languages nothing is ever wished for."""

    def __init__(self, flows: Flows) -> None:
        self._padding = flows.lexicon.fillers | flows.lexicon.courtesies
        self._own = flows.phrases.language
        self._switch = {
            self._words(phrase): Wish(language, tongue.switched)
            for language, tongue in flows.languages.items()
            for phrase in tongue.switch
        }
        self._leave = {
            language: {self._words(phrase): Wish(self._own, tongue.left) for phrase in tongue.leave}
            for language, tongue in flows.languages.items()
        }

    def asked(self, text: str, spoken: str) -> Wish | None:
        """The language that a message asks for; `spoken`: the one of the talk so far."""
        if not self._switch or len(text) > _LONGEST:
            return None
        words = self._words(text)
        return self._leave.get(spoken, {}).get(words) or self._switch.get(words)

    def _words(self, text: str) -> tuple[str, ...]:
        words = tuple(tokens(text))
        return tuple(word for word in words if word not in self._padding) or words
