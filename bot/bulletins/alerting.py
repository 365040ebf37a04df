"""rooms/warnings.yaml: which warnings are said, how old they may be, and what people are told to do. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, StringConstraints, field_validator, model_validator

from bot.bulletins import template
from bot.bulletins.fields import Part, Words
from bot.bulletins.model import Bulletins
from bot.problem import ContentError, Problem
from bot.yamlfile import Document, read, validate

WARNINGS = "warnings.yaml"
Label = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=80)]
Minutes = Annotated[int, Field(ge=1, le=2880)]
MMI = ("I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX", "X", "XI", "XII")
"""Modified Mercalli intensities, the weakest first."""


class Quakes(Part):
    """Which quakes are told, and which changes of their numbers."""

    event: Label
    """What advice calls it."""
    least_mmi: str = "II"
    most_age_minutes: Minutes = 60
    same_seconds: Annotated[int, Field(ge=0, le=600)] = 120
    magnitude_step: Annotated[float, Field(gt=0, le=5)] = 0.5
    mmi_step: Annotated[int, Field(ge=1, le=11)] = 1
    tsunami: tuple[Label, ...] = ()
    no_tsunami: tuple[Label, ...] = ()

    @field_validator("least_mmi")
    @classmethod
    def _known(cls, value: str) -> str:
        if value not in MMI:
            raise ValueError(f"no intensity of the MMI scale; one of {', '.join(MMI)}")
        return value

    def tsunami_in(self, words: str) -> bool:
        """Whether the publisher's words speak of a tsunami that may come, if only in one of two places."""
        said = words.casefold()
        for one in self.no_tsunami:
            said = said.replace(one.casefold(), "")
        return any(one.casefold() in said for one in self.tsunami)

    def no_tsunami_in(self, words: str) -> bool:
        """Whether they say that none is to be expected: to say nothing of it is not that."""
        said = words.casefold()
        return not self.tsunami_in(words) and any(one.casefold() in said for one in self.no_tsunami)


class Calls(Part):
    """Officers' own broadcasts."""

    send_minutes: Minutes = 60
    """What has not reached a channel by then does not go there any more."""
    hours: Annotated[int, Field(ge=1, le=168)] = 24
    """What nobody ends is over by itself then."""


class Advice(Part):
    """What to do, for warnings that hold one of these words; none: for all."""

    for_: tuple[Label, ...] = Field(default=(), alias="for")
    say: Words


class Templates(Part):
    """Files in rooms/templates/."""

    warning: str
    quake: str


class Alerting(Part):
    """warnings.yaml."""

    silent_rooms: tuple[str, ...] = ()
    mention_room: bool = False
    most_age_minutes: Minutes = 180
    most_an_hour: Annotated[int, Field(ge=1, le=60)] = 6
    """So much of one source is said within an hour before officers are asked."""
    two_officers: tuple[Label, ...] = ()
    """Alerts with one of these words are said by two officers' word."""
    calls: Calls = Calls()
    quakes: Quakes
    templates: Templates
    advice: Annotated[tuple[Advice, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _for_all(self) -> Alerting:
        if self.advice[-1].for_:
            raise ValueError("the last advice must be for everything: leave out its 'for'")
        return self

    def grave(self, words: str) -> bool:
        """Whether an alert of these words waits for two officers."""
        said = words.casefold()
        return any(one.casefold() in said for one in self.two_officers)

    def guards(self, bulletins: Bulletins) -> Bulletins:
        """These bulletins, which leave to two officers what is theirs to say."""
        return bulletins.model_copy(update={"two_officers": self.two_officers})

    def advise(self, words: str) -> str:
        """The advice for a warning of these words."""
        said = words.casefold()
        return next(one.say for one in self.advice if not one.for_ or any(w.casefold() in said for w in one.for_))


def load_alerting(
    folder: Path, templates: Mapping[str, str], channels: Collection[str] | None = None
) -> Alerting | None:
    """The file, checked with its templates; `None` without it: no source's warning is passed on.

    Raises ContentError.
    """
    file = folder / WARNINGS
    if not file.exists():
        return None
    document = read(file)
    alerting = validate(document, Alerting)
    problems = [
        document.problem(("silent_rooms", index), f"no channel '{room}' in rooms.yaml")
        for index, room in enumerate(alerting.silent_rooms)
        if channels is not None and room not in channels
    ]
    problems += _check_templates(document, alerting, templates)
    if problems:
        raise ContentError(problems)
    return alerting


_EMERGENCY = "000"
_Values = dict[str, Any]
_COMMON: _Values = {"source": "Sumber", "region": "Kabupaten", "advice": "Saran", "emergency": _EMERGENCY}
_WARNING: _Values = {
    "headline": "Hujan",
    "districts": ["Satu"],
    "since": "",
    "until": "pukul 16.40",
    "instruction": "Berteduh",
}
_QUAKE: _Values = {
    "magnitude": "4,6", "at": "pukul 04.12", "where": "di laut", "depth": "12", "mmi": "III", "potential": "Tidak ada",
}  # fmt: skip
_SAMPLES: dict[str, tuple[_Values, ...]] = {
    "warning": (
        _COMMON | _WARNING,
        _COMMON | _WARNING | {"districts": [], "since": "pukul 14.00", "until": "", "instruction": ""},
    ),
    "quake": (_COMMON | _QUAKE, _COMMON | _QUAKE | {"depth": "", "potential": "", "mmi": ""}),
}


def _check_templates(document: Document, alerting: Alerting, templates: Mapping[str, str]) -> list[Problem]:
    """A misspelt name in a template is found by `kentongan check`, not by the storm; and each says whose word it is."""
    problems: list[Problem] = []
    env = template.environment(templates)
    for kind, samples in _SAMPLES.items():
        name = getattr(alerting.templates, kind)
        if name not in templates:
            problems.append(document.problem(("templates", kind), f"no file '{name}' in templates/"))
            continue
        for values in samples:
            try:
                text = template.render(env, name, values)
            except template.TemplateFault as fault:
                problems.append(Problem(document.path.parent / "templates" / name, fault.line, str(fault)))
                break
            missing = [key for key in ("source", "advice", "emergency") if str(values[key]) not in text]
            if missing:
                what = ", ".join(f"{{{{ {key} }}}}" for key in missing)
                problems.append(Problem(document.path.parent / "templates" / name, 0, f"a warning must say {what}"))
                break
    return problems
