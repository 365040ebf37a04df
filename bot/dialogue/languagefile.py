"""The format of `flows/languages/*.yaml`, version 1: what the bot says, in a further language.

A translation stands beside the text that it translates, word for word. Whoever changes a fact changes that text, and
thereby switches its translations off: the answer comes in the content's own language until somebody has translated it
anew. An old fee can so never live on in the language that nobody looked at.
"""

from __future__ import annotations

import re

from pydantic import Field

from bot.dialogue.model import Language, Part, Phrase, Text, Version

_OPEN = re.compile(r"\{[a-z_.]+\}")


class Translation(Part):
    """One text."""

    original: Text
    """As it stands in the content; white space does not count."""
    translation: Text
    """With the same `{…}`."""

    @property
    def lost(self) -> set[str]:
        """What is to be filled in in one of the two and not in the other."""
        return set(_OPEN.findall(self.original)) ^ set(_OPEN.findall(self.translation))


class LanguageFile(Part):
    """A further language, or a part of it: several files may hold one."""

    version: Version
    language: Language
    switch: list[Phrase] = Field(default_factory=list)
    """Whole messages that ask for this language: "basa jawa"."""
    switched: Text | None = None
    """Said to them, in this language."""
    leave: list[Phrase] = Field(default_factory=list)
    """Whole messages that ask for the content's own language again."""
    left: Text | None = None
    """Said to them, in the content's own language."""
    texts: list[Translation] = Field(default_factory=list)
