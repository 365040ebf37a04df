"""When the bot speaks, and when it keeps quiet."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.event import IncomingEvent, Kind, Media
from bot.handlers.routing import RoomKind, Way, route
from bot.outgoing import KEY_FIELD

ME = "@kentongan:batang.test"


def event(kind: Kind = Kind.TEXT, body: str = "halo pak", **values: object) -> IncomingEvent:
    """A message of somebody else."""
    base = IncomingEvent("$e", "!r", "@warga:batang.test", kind, 1_764_000_000_000, body=body)
    return replace(base, **values)


def way(event: IncomingEvent, room: RoomKind, *, answers_us: bool = False) -> Way:
    return route(event, room, me=ME, answers_us=answers_us).way


def test_a_direct_message_is_always_a_question() -> None:
    assert way(event(direct=True), RoomKind.OTHER) is Way.QUESTION


def test_a_room_that_is_private_no_more_is_not_answered() -> None:
    assert way(event(direct=False), RoomKind.DIRECT) is Way.NOTHING


def test_a_spoken_question_in_a_direct_room_is_heard() -> None:
    note = event(Kind.AUDIO, direct=True, media=Media("mxc://a/b"))
    assert way(note, RoomKind.DIRECT) is Way.VOICE_QUESTION


def test_chatter_in_a_channel_is_only_looked_at_as_a_report() -> None:
    assert way(event(), RoomKind.CHANNEL) is Way.TEXT_REPORT


def test_a_voice_note_in_a_channel_is_heard_whoever_is_mentioned() -> None:
    assert way(event(Kind.AUDIO), RoomKind.CHANNEL) is Way.VOICE_NOTE


@pytest.mark.parametrize(
    "values",
    [
        {"content": {"m.mentions": {"user_ids": [ME]}}, "mentions": (ME,)},
        {"body": f"{ME} jam buka?"},
        {"content": {"formatted_body": f'<a href="https://matrix.to/#/{ME}">bot</a> jam buka?'}},
    ],
)
def test_a_mention_in_a_channel_is_a_question_or_a_report(values: dict[str, object]) -> None:
    assert way(event(**values), RoomKind.CHANNEL) is Way.ADDRESSED


def test_a_body_that_names_the_bot_is_no_mention_when_the_client_says_whom_it_mentions() -> None:
    quoted = event(body=f"tadi {ME} bilang apa?", content={"m.mentions": {}})
    assert way(quoted, RoomKind.CHANNEL) is Way.TEXT_REPORT


def test_a_reply_to_the_bot_in_a_channel_is_a_question_or_a_report() -> None:
    assert way(event(), RoomKind.CHANNEL, answers_us=True) is Way.ADDRESSED


def test_in_an_agencys_room_nobody_reports() -> None:
    for said in (event(body=f"{ME} jam buka?"), event()):
        chosen = route(said, RoomKind.CHANNEL, me=ME, answers_us=True, agency=True)
        assert chosen.way is Way.QUESTION


def test_the_operations_room_is_not_answered_unless_the_bot_is_mentioned() -> None:
    assert way(event(), RoomKind.OPERATIONS) is Way.NOTHING


def test_a_group_that_the_files_do_not_know_is_answered_only_when_it_speaks_to_the_bot() -> None:
    assert way(event(body=f"{ME} halo"), RoomKind.OTHER) is Way.QUESTION
    assert way(event(), RoomKind.OTHER, answers_us=True) is Way.QUESTION
    assert way(event(), RoomKind.OTHER) is Way.NOTHING
    assert way(event(Kind.AUDIO, media=Media("mxc://a/b")), RoomKind.OTHER) is Way.NOTHING


@given(room=st.sampled_from(list(RoomKind)), direct=st.booleans(), answers_us=st.booleans())
def test_what_another_kentongan_says_is_never_answered(room: RoomKind, direct: bool, answers_us: bool) -> None:
    said = event(body=f"{ME} halo", direct=direct, content={KEY_FIELD: "k0", "m.mentions": {"user_ids": [ME]}})
    assert way(said, room, answers_us=answers_us) is Way.NOTHING


@given(
    kind=st.sampled_from([kind for kind in Kind if kind is not Kind.INVITE]),
    room=st.sampled_from(list(RoomKind)),
    direct=st.booleans(),
    answers_us=st.booleans(),
)
def test_its_own_words_notices_and_edits_are_never_answered(
    kind: Kind, room: RoomKind, direct: bool, answers_us: bool
) -> None:
    own = event(kind, direct=direct, sender=ME)
    assert way(own, room, answers_us=answers_us) is Way.NOTHING
    for quiet in (Kind.NOTICE, Kind.REACTION):
        assert way(event(quiet, direct=direct), room, answers_us=answers_us) is Way.NOTHING
    for changing in (Kind.EDIT, Kind.REDACTION):
        carried = way(event(changing, direct=direct, target="$e0"), room, answers_us=answers_us)
        assert carried in (Way.NOTHING, Way.CHANGE, Way.TICKET_CHANGE, Way.CARD_UNMARK, Way.WITHDRAWAL, Way.REWORDING)
        if room is RoomKind.SPACE:
            assert carried is Way.NOTHING


@given(kind=st.sampled_from(list(Kind)), room=st.sampled_from(list(RoomKind)))
def test_state_events_are_never_questions(kind: Kind, room: RoomKind) -> None:
    if kind is not Kind.INVITE:
        assert way(event(kind, direct=True, type="m.room.name", state_key=""), room) is Way.NOTHING
