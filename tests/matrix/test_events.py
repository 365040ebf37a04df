from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.event import IncomingEvent, Kind, Trust
from bot.matrix import events

FILE = {
    "url": "mxc://batang.test/abc",
    "key": {"k": "secret", "alg": "A256CTR"},
    "iv": "iv",
    "hashes": {"sha256": "hash"},
    "v": "v2",
}


def read(content: Any, type_: str = "m.room.message", **more: Any) -> IncomingEvent:
    source = {"event_id": "$e", "sender": "@a:b.test", "origin_server_ts": 5, "type": type_, "content": content}
    arguments = {name: more.pop(name) for name in ("decrypted", "trust") if name in more}
    return events.parse({**source, **more}, room_id="!r", **arguments)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(), max_size=12),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(st.characters(), max_size=12), inner, max_size=4)
    ),
    max_leaves=20,
)
NAMES = st.sampled_from(
    ["type", "content", "event_id", "sender", "state_key", "origin_server_ts", "unsigned", "redacts", "msgtype",
     "body", "url", "file", "info", "m.relates_to", "m.new_content", "m.mentions", "rel_type", "key", "m.in_reply_to",
     "geo_uri", "m.location", "user_ids", "org.matrix.msc1767.audio", "waveform", "duration", "size"]
)  # fmt: skip
VALUES = st.sampled_from(
    ["m.room.message", "m.reaction", "m.room.redaction", "m.room.member", "m.audio", "m.text", "m.location",
     "m.replace", "m.thread", "m.annotation", "$x", "mxc://a/b", "geo:1,2", "\ud800", "\0", 10**30, float("nan")]
)  # fmt: skip
EVENTS = st.recursive(
    JSON | VALUES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES, inner, max_size=8),
    max_leaves=40,
)


@given(source=EVENTS, decrypted=st.none() | EVENTS)
def test_any_json_becomes_an_event_that_can_be_stored_and_read_back(source: Any, decrypted: Any) -> None:
    event = events.parse(source, room_id="!r", decrypted=decrypted)
    stored = json.dumps(event.to_json(), allow_nan=False)
    assert "\\u0000" not in stored
    stored.encode().decode()
    json.loads(stored)["body"].encode("utf-8")
    assert IncomingEvent.from_json(json.loads(stored)) == event
    assert 0 <= event.sent_at < 2**53


@given(depth=st.integers(60, 3000))
def test_nesting_without_end_is_cut_off(depth: int) -> None:
    value: Any = "x"
    for _ in range(depth):
        value = [value]
    assert read({"msgtype": "m.text", "body": "hai", "deep": value}).body == "hai"


@pytest.mark.parametrize(
    ("msgtype", "kind"),
    [("m.text", Kind.TEXT), ("m.emote", Kind.TEXT), ("m.notice", Kind.NOTICE), ("id.example.new", Kind.OTHER)],
)
def test_message_types(msgtype: str, kind: Kind) -> None:
    event = read({"msgtype": msgtype, "body": "halo"})
    assert (event.kind, event.body, event.sent_at, event.event_id) == (kind, "halo", 5, "$e")


@pytest.mark.parametrize("content", [{"msgtype": "m.text"}, {"body": "x"}, {"msgtype": ["m.text"], "body": "x"}, [], 7])
def test_a_malformed_message_is_unreadable(content: Any) -> None:
    assert read(content).kind is Kind.UNREADABLE


def test_a_redacted_message_is_not_unreadable() -> None:
    assert read({}, unsigned={"redacted_because": {}}).kind is Kind.OTHER


def test_the_quoted_original_in_front_of_a_reply_is_dropped_and_only_there() -> None:
    body = "> <@bot:b.test> syarat SIM?\n> lagi\n\n> ini jawabanku\ndua baris"
    reply = {"m.relates_to": {"m.in_reply_to": {"event_id": "$q"}}}
    assert read({"msgtype": "m.text", "body": body, **reply}).body == "> ini jawabanku\ndua baris"
    assert read({"msgtype": "m.text", "body": body}).body == body
    assert read({"msgtype": "m.text", "body": "> cuma kutipan", **reply}).body == "> cuma kutipan"


def test_the_fallback_reply_inside_a_thread_is_no_reply() -> None:
    thread = {"rel_type": "m.thread", "event_id": "$root", "m.in_reply_to": {"event_id": "$last"}}
    event = read({"msgtype": "m.text", "body": "x", "m.relates_to": {**thread, "is_falling_back": True}})
    assert (event.thread_root, event.reply_to) == ("$root", None)
    event = read({"msgtype": "m.text", "body": "x", "m.relates_to": thread})
    assert (event.thread_root, event.reply_to) == ("$root", "$last")


def test_a_voice_note_is_read_from_file_or_url_whichever_is_there() -> None:
    note = {
        "msgtype": "m.audio",
        "body": "Pesan suara",
        "info": {"duration": 4200, "mimetype": "audio/ogg", "size": 1234},
        "org.matrix.msc1767.audio": {"duration": 4200, "waveform": [0, 512, 9999, "x", -1]},
        "org.matrix.msc3245.voice": {},
    }
    for source in ({"file": FILE}, {"url": FILE["url"]}, {"url": "javascript:1", "file": FILE}):
        event = read({**note, **source})
        assert event.kind is Kind.AUDIO
        assert event.media is not None
        assert (event.media.url, event.media.voice, event.media.duration_ms) == (FILE["url"], True, 4200)
        assert event.media.waveform == (0, 512, 1024)
        assert (event.media.file is not None) == ("file" in source)
    assert read({**note, "file": {**FILE, "key": None}}).kind is Kind.UNREADABLE
    assert read({**note, "url": "https://evil.test/x"}).kind is Kind.UNREADABLE
    assert read({**note, "url": "mxc://a/b/../c"}).kind is Kind.UNREADABLE


def test_plain_audio_counts_and_is_no_voice_note() -> None:
    event = read({"msgtype": "m.audio", "body": "a.ogg", "url": "mxc://b.test/x", "org.matrix.msc3245.voice": None})
    assert event.kind is Kind.AUDIO
    assert event.media is not None
    assert not event.media.voice
    assert event.media.size is None


@pytest.mark.parametrize(
    "content",
    [
        {"msgtype": "m.location", "body": "sini", "geo_uri": "geo:-6.9,109.7;u=10"},
        {"msgtype": "m.location", "body": "sini", "org.matrix.msc3488.location": {"uri": "geo:-6.9,109.7;u=10"}},
        {"msgtype": "m.location", "body": "sini", "geo_uri": 3, "m.location": {"uri": "geo:-6.9,109.7;u=10"}},
    ],
)
def test_a_location_is_found_in_old_and_new_fields(content: dict[str, Any]) -> None:
    event = read(content)
    assert (event.kind, event.content["geo_uri"]) == (Kind.LOCATION, "geo:-6.9,109.7;u=10")


def test_a_location_that_is_none_is_unreadable() -> None:
    assert read({"msgtype": "m.location", "body": "x", "geo_uri": "geo:abc"}).kind is Kind.UNREADABLE


def test_an_edit_names_the_edited_event_and_the_new_text() -> None:
    event = read(
        {
            "msgtype": "m.text",
            "body": "* baru",
            "m.new_content": {"msgtype": "m.text", "body": "baru"},
            "m.relates_to": {"rel_type": "m.replace", "event_id": "$old"},
        }
    )
    assert (event.kind, event.target, event.body) == (Kind.EDIT, "$old", "baru")


def test_reactions_and_redactions_of_every_room_version() -> None:
    reaction = read({"m.relates_to": {"rel_type": "m.annotation", "event_id": "$x", "key": "✅"}}, "m.reaction")
    assert (reaction.kind, reaction.target, reaction.body, reaction.trust) == (Kind.REACTION, "$x", "✅", Trust.CLEAR)
    new = read({"redacts": "$x", "reason": "salah"}, "m.room.redaction")
    old = read({"reason": "salah"}, "m.room.redaction", redacts="$x")
    assert [(event.kind, event.target, event.body) for event in (new, old)] == [(Kind.REDACTION, "$x", "salah")] * 2


def test_a_decrypted_payload_can_neither_be_state_nor_redact_nor_name_its_sender() -> None:
    payload = {
        "type": "m.room.member",
        "state_key": "@a:b.test",
        "sender": "@boss:b.test",
        "content": {"membership": "ban"},
    }
    event = read({}, "m.room.encrypted", decrypted=payload, trust=Trust.DEVICE)
    assert (event.kind, event.state_key, event.sender) == (Kind.OTHER, None, "@a:b.test")
    event = read({}, "m.room.encrypted", decrypted={"type": "m.room.redaction", "content": {"redacts": "$x"}})
    assert event.kind is Kind.OTHER


def test_polls_and_acls_have_their_kinds() -> None:
    assert read({"org.matrix.msc3381.poll.start": {}}, "org.matrix.msc3381.poll.start").kind is Kind.OTHER
    assert read({"allow": ["*"]}, "m.room.server_acl", state_key="").kind is Kind.STATE
    assert read({"membership": "join"}, "m.room.member", state_key="@x:y").kind is Kind.MEMBER


def test_mentions_are_read_whole_and_only_as_the_specification_has_them() -> None:
    mentions = {"user_ids": ["@a:b", "@a:b", 7, "@c:d"], "room": True}
    event = read({"msgtype": "m.text", "body": "x", "m.mentions": mentions})
    assert (event.mentions, event.mentions_room) == (("@a:b", "@c:d"), True)
    event = read({"msgtype": "m.text", "body": "x", "m.mentions": {"user_ids": "@a:b", "room": "true"}})
    assert (event.mentions, event.mentions_room) == ((), False)


def test_an_event_without_an_id_still_has_one_of_its_own() -> None:
    one = events.parse({"type": "m.room.message", "content": {"body": "a"}}, room_id="!r")
    two = events.parse({"type": "m.room.message", "content": {"body": "b"}}, room_id="!r")
    assert one.event_id != two.event_id
