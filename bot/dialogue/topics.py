"""What a talk is about: which intents share a topic, and which words people use of it.

"umur berapa bisanya?" after a question on the SIM names no topic, and alone it is likest to the age of criminals.
Whether it goes on with the talk shows in its words: each of them is used of the SIM by the content's own examples.
"""

from __future__ import annotations

from bot.dialogue.flows import Flows, Service
from bot.dialogue.understand import Understander, Understanding


class Topics:
    """Built once from the content; what is asked of a service is found once and kept."""

    def __init__(self, flows: Flows, understander: Understander) -> None:
        self._flows = flows
        self._understander = understander
        self._kin: dict[str, frozenset[str]] = {}

    def kin(self, service: Service) -> frozenset[str]:
        """The intents of the same flow, and those that name their topic with the same words ("ujian SIM")."""
        known = self._kin.get(service.name)
        if known is None:
            named = self._understander.naming(self._understander.topic_words(service.name))
            known = frozenset(
                one.name for one in self._flows.services.values() if one.flow is service.flow or one.name in named
            )
            self._kin[service.name] = known
        return known

    def familiar(self, understanding: Understanding, service: Service) -> bool:
        """Whether every word of a message that names no topic is used of what the talk is about."""
        kin = self.kin(service)
        said = self._understander.said
        return all(not kin.isdisjoint(said.get(stem, ())) for stem in understanding.told)
