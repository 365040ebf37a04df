"""What the names beside it make of a name: a journey, a stretch of road, a hospital, another regency. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from bot.incidents.gazetteer import Place
from bot.incidents.mentions import Mention, Role, districts
from bot.incidents.rules import PlaceCues
from bot.incidents.words import STOP

_CARE = frozenset(("hospital", "clinic"))
_AT, _FROM = "di", "dari"


def settle(found: Sequence[Mention], forms: Sequence[str], cues: PlaceCues) -> list[Mention]:
    """The mentions of one message (`forms` are its plain words), each looked at once more beside the others."""
    among = _Neighbours(forms, cues)
    return among.elsewhere(among.outside(among.taken_there(among.journeys(list(found)))))


class _Neighbours:
    def __init__(self, forms: Sequence[str], cues: PlaceCues) -> None:
        self._forms, self._cues = forms, cues

    def _before(self, index: int) -> str:
        return self._forms[index - 1] if index else ""

    def journeys(self, found: list[Mention]) -> list[Mention]:
        """ "dari X sampai Y" is a stretch of road: both ends are the scene; "dari X ke Y" is a journey: neither is."""
        result = list(found)
        for number, mention in enumerate(found):
            if mention.role is not Role.ORIGIN or number + 1 == len(found):
                continue
            following = found[number + 1]
            between = self._forms[mention.last + 1 : following.first]
            if following.first - mention.last > 5 or STOP in between:
                continue
            if {"sampai", "hingga"} & set(between):
                result[number] = replace(mention, role=Role.SCENE)
                result[number + 1] = replace(following, role=Role.SCENE)
            elif following.role is Role.DIRECTION and _FROM in self._forms[max(mention.first - 2, 0) : mention.first]:
                result[number] = replace(mention, role=Role.DIRECTION)
        return result

    def taken_there(self, found: list[Mention]) -> list[Mention]:
        """ "Korban laka Cilubah meninggal di RSUD": a hospital is no scene beside another place."""
        beside = self._cues.cues - {_AT}
        care = {mention for mention in found if mention.meanings[0].kind in _CARE and mention.role is Role.SCENE}
        if not care or not any(mention.role is Role.SCENE and mention not in care for mention in found):
            return found
        return [
            replace(mention, role=Role.DIRECTION)
            if mention in care and self._before(mention.first) not in beside
            else mention
            for mention in found
        ]

    def outside(self, found: list[Mention]) -> list[Mention]:
        """ "Sukorejo Kendal" lies in Kendal: the name beside decides."""
        result = list(found)
        for number, mention in enumerate(found[:-1]):
            following = found[number + 1]
            gap = [form for form in self._forms[mention.last + 1 : following.first] if form not in self._cues.kinds]
            if gap or following.meanings[0].kind != "outside" or following.role is not mention.role:
                continue
            stretch = any(place.kind == "district" for place in mention.meanings)  # "jalan Blado Batur"
            if any(place.kind == "outside" for place in mention.meanings) or (
                mention.meanings[0].exactness == 0 and not stretch
            ):
                own = tuple(place for place in mention.meanings if place.kind == "outside")
                result[number] = replace(mention, meanings=own or (Place(mention.heard, "outside"),))
        return result

    def elsewhere(self, found: list[Mention]) -> list[Mention]:
        """ "Alun-alun Limpung" is not the square in Batang; "dukuh Rejosari desa Cokro" is in Cokro."""
        result: list[Mention] = []
        for number, mention in enumerate(found):
            following = found[number + 1] if number + 1 < len(found) else None
            if following is None or not self._outdone(mention, following):
                result.append(mention)
        return result

    def _outdone(self, mention: Mention, following: Mention) -> bool:
        between = self._forms[mention.last + 1 : following.first]
        if mention.role is not following.role or any(form not in self._cues.kinds for form in between):
            return False
        if following.meanings[0].kind not in ("district", "village") or districts(mention) & districts(following):
            return False
        hamlet = self._before(mention.first) in self._cues.hamlets
        landmark = mention.meanings[0].kind not in ("village", "district", "outside", "regency")
        return hamlet or (landmark and mention.meanings[0].exactness == 0 and not between)
