from __future__ import annotations

import json
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from bot.event import IncomingEvent, Kind, Media, Trust
from bot.outgoing import Outgoing, transaction_id

WORDS = st.text(max_size=20)
MAYBE = st.none() | WORDS
CONTENT = st.dictionaries(
    WORDS,
    st.recursive(
        st.none() | st.booleans() | st.integers() | WORDS, lambda inner: st.lists(inner, max_size=3), max_leaves=5
    ),
    max_size=3,
)
MEDIA = st.builds(
    Media,
    url=WORDS,
    mimetype=WORDS,
    size=st.none() | st.integers(0),
    duration_ms=st.none() | st.integers(0),
    filename=WORDS,
    voice=st.booleans(),
    file=st.none() | CONTENT,
    waveform=st.lists(st.integers(0, 1024), max_size=5).map(tuple),
)
EVENTS = st.builds(
    IncomingEvent,
    event_id=WORDS,
    room_id=WORDS,
    sender=WORDS,
    kind=st.sampled_from(Kind),
    sent_at=st.integers(0, 2**53),
    trust=st.sampled_from(Trust),
    device_id=MAYBE,
    type=WORDS,
    body=WORDS,
    content=CONTENT,
    state_key=MAYBE,
    thread_root=MAYBE,
    reply_to=MAYBE,
    target=MAYBE,
    mentions=st.lists(WORDS, max_size=3).map(tuple),
    mentions_room=st.booleans(),
    media=st.none() | MEDIA,
    direct=st.booleans(),
    encrypted_room=st.booleans(),
    backfilled=st.booleans(),
)


@given(EVENTS)
def test_an_event_comes_back_from_json_as_it_was(event: IncomingEvent) -> None:
    assert IncomingEvent.from_json(json.loads(json.dumps(event.to_json()))) == event


def test_an_events_time_is_read_as_utc() -> None:
    assert IncomingEvent("$a", "!r", "@a:b", Kind.TEXT, 1_000).when == datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC)


@given(st.text(max_size=50), st.text(max_size=50))
def test_one_cause_has_one_transaction_id_and_two_causes_have_two(one: str, other: str) -> None:
    assert Outgoing(one, "!r").txn_id == Outgoing(one, "!elsewhere", {"body": "x"}).txn_id == transaction_id(one)
    assert (transaction_id(one) == transaction_id(other)) == (one == other)
    assert len(transaction_id(one)) == 32
    assert transaction_id(one).isalnum()
