"""The page for newcomers: one HTML file for phones, without scripts and with nothing fetched from elsewhere."""

from __future__ import annotations

import base64
from collections.abc import Iterable
from importlib.resources import files
from typing import Any

from jinja2 import Environment, StrictUndefined

from bot.exports import joinwords as words
from bot.exports.doors import Door, House, qr
from bot.markup import render

TEMPLATE = "page.html.j2"


def write_html(doors: Iterable[Door], house: House, privacy: str) -> str:
    """The page; `privacy` is Markdown, "" when there is none. Every other text is set as text, whatever it holds."""
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    template = environment.from_string(files("bot.exports").joinpath(TEMPLATE).read_text(encoding="utf-8"))
    return template.render(content(doors, house, privacy))


def content(doors: Iterable[Door], house: House, privacy: str) -> dict[str, Any]:
    """What the template shows."""
    return {
        "title": words.PAGE_TITLE.format(controller=house.controller),
        "lead": words.PAGE_LEAD,
        "emergency": words.EMERGENCY,
        "number": words.EMERGENCY_NUMBER,
        "emergency_more": words.EMERGENCY_MORE,
        "app": words.APP,
        "app_head": words.INSTALL[0],
        "stores": list(words.STORES.items()),
        "account_head": words.ACCOUNT_HEAD,
        "account": words.REGISTER[house.registration],
        "register": house.register if house.registration != "office" else None,
        "register_button": words.REGISTER_BUTTON,
        "server_words": words.SERVER_WORDS.format(app=words.APP),
        "server": house.server,
        "channels_head": words.CHANNELS_HEAD,
        "open_button": words.OPEN_BUTTON,
        "qr_words": words.QR_WORDS,
        "no_channels": words.NO_CHANNELS,
        "doors": [_door(door) for door in doors],
        "speak_head": words.SPEAK[0],
        "speak": words.SPEAK_MORE,
        "privacy_head": words.PRIVACY_HEAD,
        "privacy": render(privacy).formatted_body if privacy else "",
        "small": words.NO_REPORT,
    }


def _door(door: Door) -> dict[str, str]:
    remark = ""
    if door.through:
        remark = words.FIRST_THROUGH.format(through=door.through, title=door.title)
    elif door.knock:
        remark = words.KNOCK_FIRST
    return {
        "title": door.title, "topic": door.topic, "remark": remark, "link": door.link, "alias": door.alias,
        "qr": base64.b64encode(qr(door.link)).decode(),
    }  # fmt: skip
