"""Where it happened, in one line for people. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from bot.incidents.analysis import Analysis, FoundPlace


def place_line(analysis: Analysis) -> str:
    """Where it happened in one line: names at the scene with their districts, an undecided name with its choices."""
    parts: list[str] = []
    seen: set[tuple[int, int]] = set()
    roles = ("scene",) if any(place.role == "scene" for place in analysis.places) else ("origin",)
    for place in analysis.places:
        if place.role not in roles or place.span in seen:
            continue
        seen.add(place.span)
        meanings = [other for other in analysis.places if other.span == place.span]
        parts.append(_name(place, meanings, analysis.district))
    unique = list(dict.fromkeys(part for part in parts if part))
    shown = [part for part in unique if not any(part != other and other.endswith(f"Kec. {part}") for other in unique)]
    return ", ".join(shown[:3])


def _name(place: FoundPlace, meanings: Sequence[FoundPlace], district: str | None) -> str:
    districts = list(dict.fromkeys(one.district for one in meanings if one.district))
    name = _either(meanings) if len(districts) == 1 else place.name
    if place.kind == "district" and len(meanings) == 1:
        return place.name
    if district in districts:
        return name if name == district else f"{name}, Kec. {district}"
    if len(districts) > 1:
        return f"{place.name} (Kec. {' atau '.join(districts)}?)"
    return name + (f", Kec. {districts[0]}" if districts else "")


def _either(meanings: Sequence[FoundPlace]) -> str:
    """Villages that share a name, in short: "Kemiri Barat/Timur"."""
    names = list(dict.fromkeys(one.name for one in meanings))
    base = names[0].rpartition(" ")[0]
    if base and all(name.startswith(f"{base} ") for name in names):
        return f"{base} " + "/".join(name.removeprefix(f"{base} ") for name in names)
    return "/".join(names)
