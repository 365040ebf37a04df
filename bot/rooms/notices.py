"""What a person is told before their voice is kept: who is responsible, why, how long, how to have it erased. Pure.

The words stand in rooms.yaml; the law (UU 27/2022, the duty to inform) asks for some things that only the configuration
knows or that must not be left out. Those are placeholders, and a text without one of them is refused.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

CONTROLLER, DAYS, ERASE, EMERGENCY = "{pengendali}", "{hari}", "{hapus}", "{darurat}"
REQUIRED: Mapping[str, str] = {
    CONTROLLER: "who is responsible for the data",
    DAYS: "for how many days a recording is kept",
    ERASE: "what to write to have one's data erased",
    EMERGENCY: "the number for emergencies",
}
"""Placeholder → what the person must be told by it."""
ERASE_WORDS, EMERGENCY_NUMBER = "hapus data saya", "110"
_PLACEHOLDER = re.compile(r"\{[^{}]*\}")


def told(text: str, *, controller: str, audio_days: int) -> str:
    """The notice with everything filled in; `controller` is Markdown."""
    values = {CONTROLLER: controller, DAYS: str(audio_days), ERASE: ERASE_WORDS, EMERGENCY: EMERGENCY_NUMBER}
    return _PLACEHOLDER.sub(lambda found: values.get(found[0], found[0]), text)


def faults(text: str) -> list[str]:
    """What a text leaves out that the law asks for, and placeholders that mean nothing."""
    found = set(_PLACEHOLDER.findall(text))
    missing = [f"{name} is missing: {what}" for name, what in REQUIRED.items() if name not in found]
    known = ", ".join(REQUIRED)
    return missing + [f"{name} is no placeholder (there are {known})" for name in sorted(found - set(REQUIRED))]
