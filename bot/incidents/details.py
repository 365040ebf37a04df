"""What an officer reads beside kind, urgency and place: misheard names, victims, vehicles, times, radio codes.

Plain text, one thought a line, each with the words that said it; whoever shows it escapes it. Personal numbers in the
quoted words are hidden.
"""

from __future__ import annotations

from collections.abc import Iterator

from bot.incidents.analysis import Analysis
from bot.incidents.moments import Moment
from bot.incidents.particulars import Counted
from bot.language.mask import mask


def details(analysis: Analysis) -> list[str]:
    """Nothing when the report says nothing beside."""
    found = analysis.particulars
    lines = [f"🗣️ terdengar {_quoted(change.heard)}, mungkin {change.name}" for change in analysis.changes]
    if found.victims:
        lines.append("🩹 " + " · ".join(map(_victims, found.victims)))
    if found.vehicles:
        lines.append("🚗 " + " · ".join(_vehicles(found.vehicles)))
    lines += [f"⏱️ {_quoted(moment.words)}: {_interval(moment)}" for moment in found.moments]
    for code in found.codes:
        doubt = ", meragukan" if code.doubtful else ""
        lines.append(f"📻 {_quoted(code.words)}: kode {code.code}, biasanya {code.meaning}{doubt}")
    if found.codes:
        lines.append(found.codes[0].note)
    return lines


def _victims(one: Counted) -> str:
    count = "jumlah belum pasti" if one.count is None else "tidak ada" if one.count == 0 else str(one.count)
    return f"{one.kind}: {count} {_quoted(one.words)}"


def _vehicles(counted: tuple[Counted, ...]) -> Iterator[str]:
    for one in counted:
        yield f"{one.count} {one.kind}" if one.count else one.kind


def _interval(moment: Moment) -> str:
    start, end = moment.start, moment.end
    if start == end:
        return f"{start:%d.%m. %H.%M} WIB"
    until = f"{end:%H.%M}" if end.date() == start.date() else f"{end:%d.%m. %H.%M}"
    return f"{start:%d.%m. %H.%M} – {until} WIB"


def _quoted(words: str) -> str:
    return f"“{' '.join(mask(words).split())}”"
