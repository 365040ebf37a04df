"""One message in its talk: what every part of the engine decides on."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from bot.dialogue.conversation import Conversation
from bot.dialogue.understand import Understanding


@dataclass(frozen=True)
class Turn:
    """A message, understood, and where the talk stands as it comes in."""

    state: Conversation
    text: str
    """Cut to what is read."""
    understanding: Understanding
    """Of the message alone."""
    now: datetime
    """Aware."""
    private: bool = True
    """Nobody else reads the talk, and no officer is in it yet."""

    def after(self, state: Conversation) -> Turn:
        """The same message in a talk that something was done to."""
        return replace(self, state=state)

    def read_as(self, understanding: Understanding) -> Turn:
        """The same message, understood with what the talk before it supplies."""
        return replace(self, understanding=understanding)

    @property
    def settled(self) -> Conversation:
        """The talk with nothing waiting for an answer."""
        return self.state.settled(self.now)
