"""Every column that can hold something about a person, and what becomes of it. A test holds this against the schema.

`ERASED`: gone after its days (`bot.store.retention`). `KEPT`: stays, and why. A table or column that stands in neither
makes the test fail: whoever adds one decides.
"""

from __future__ import annotations

from collections.abc import Mapping

ERASED: Mapping[str, frozenset[str]] = {
    # retention.messages_days
    "inbox": frozenset(("payload", "raw", "error", "sender")),
    "outbox": frozenset(("content", "error")),
    "audit_payloads": frozenset(("payload", "salt")),
    "conversations": frozenset(("state", "user_id")),
    "tickets": frozenset(("user_id", "closed_by")),
    "notices": frozenset(("user_id",)),
    "blocks": frozenset(("user_id", "reason", "by", "ended_by")),
    "erasures": frozenset(("user_id",)),
    "members": frozenset(("user_id", "by")),
    "acts": frozenset(("target", "by", "reason", "ended_by")),
    "strikes": frozenset(("user_id",)),
    "remarks": frozenset(("user_id", "by", "words")),
    "confirmations": frozenset(("officer", "order")),
    "complaints": frozenset(("user_id", "closed_by")),
    "complainants": frozenset(("user_id", "reason")),
    "groups": frozenset(("inviter", "decided_by")),
    "bulletin_notes": frozenset(("words", "by", "ended_by")),
    "previews": frozenset(("shown", "answers")),
    "subscriptions": frozenset(("user_id",)),
    # retention.messages_days for what led to no incident, retention.incidents_days for what did
    "transmissions": frozenset(("sender", "media", "media_path", "media_sha256", "error")),
    "transcripts": frozenset(("text", "corrected", "segments", "author")),
    # retention.incidents_days
    "incidents": frozenset(("text", "analysis", "places", "location", "claimed_by")),
    "incident_history": frozenset(("actor", "before", "after", "reason")),
    "incident_links": frozenset(("by",)),
    "keepings": frozenset(("by", "reason", "ended_by")),
}
KEPT: Mapping[str, Mapping[str, str]] = {
    "session": {"user_id": "our own account"},
    "gaps": {"note": "our own words about a stretch of a timeline"},
    "rooms": {},
    "heartbeats": {},
    "room_state": {
        "sender": "who made or last set up the room, as everybody in it can see",
        "content": "settings of our rooms as the homeserver holds them; goes when we leave the room",
    },
    "feeds": {"raw": "what a public source publishes", "error": "our own words on a failure"},
    "warnings": {
        "words": "what every channel was told",
        "why": "our own words",
        "refers": "a public source's names of its own messages",
        "districts": "no narrower than a district",
        "by": "accountability: an officer who warned the public",
        "second": "accountability: the officer who confirmed it",
    },
    "officer_keys": {"user_id": "an officer's public key: without it nobody could tell that it changed"},
    "protection_switches": {"by": "an officer at work; one row for each switch"},
    "policy_lists": {"by": "an officer at work; one row for each list"},
    "bulletins": {
        "sources": "counts and ages of what was used",
        "reason": "our own words: why a slot was skipped",
        "tip": "digest of a sentence of ours",
        "words": "an officer's wording, for as long as the bulletin waits to be sent",
    },
    "audit": {},
    "audit_payloads": {"erased_why": "our own words"},
    "incidents": {"category": "the log's own finding", "district": "no narrower than a district"},
    "incident_links": {"reasons": "numbers: why two reports were thought to be one"},
    "transcripts": {"flags": "our own words on how it was heard", "settings": "of the speech model"},
    "copies": {},
    "alarms": {},
    "exports": {
        "who": "accountability: who took data out (UU 27/2022)",
        "filters": "what was asked for: times and codes, no words",
    },
    "cap_messages": {},
    "erasures": {"kept": "numbers of incidents"},
}
STRUCTURAL = frozenset(("opened", "status", "undone", "urgency", "category", "district"))
"""Actions of the history whose `before` and `after` are codes of ours."""
