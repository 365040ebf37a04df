"""What operators watch (Prometheus). Labels never carry ids of people, rooms or events."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

registry = CollectorRegistry()

decisions = Counter("kentongan_decisions", "Dialogue decisions", ["outcome"], registry=registry)
handled = Counter("kentongan_inbox_handled", "Inbox rows handled", ["way"], registry=registry)
handler_failures = Counter("kentongan_inbox_failures", "Handler runs that raised", registry=registry)
notes = Counter("kentongan_voice_notes", "Voice notes by how they ended", ["end"], registry=registry)
note_seconds = Histogram(
    "kentongan_voice_note_wait_seconds",
    "From a note's arrival to its transcript",
    buckets=(1, 2, 5, 10, 20, 60, 120, 300, 1200),
    registry=registry,
)
outbox_depth = Gauge("kentongan_outbox_depth", "Rows waiting to be sent", registry=registry)
outbox_age = Gauge("kentongan_outbox_age_seconds", "Age of the oldest row waiting to be sent", registry=registry)
speech_depth = Gauge("kentongan_speech_depth", "Voice notes waiting for a transcript", registry=registry)
speech_age = Gauge("kentongan_speech_age_seconds", "Age of the oldest note waiting for a transcript", registry=registry)
recitations = Counter(
    "kentongan_recitations", "Voice notes of bulletins by how they ended: spoken, failed, late, off", ["end"],
    registry=registry,
)  # fmt: skip
malformed = Counter(
    "kentongan_malformed",
    "Malformed messages, keys and events put aside, by what they were",
    ["place"],
    registry=registry,
)
gaps = Counter("kentongan_gaps", "Gaps in timelines by how they ended: filled, lost", ["end"], registry=registry)
rooms_drift = Gauge(
    "kentongan_rooms_drift", "Differences between rooms/ and the homeserver that are left", registry=registry
)
gaps_open = Gauge("kentongan_gaps_open", "Gaps in timelines that are still to be filled", registry=registry)
sync_age = Gauge("kentongan_sync_age_seconds", "Time since the last good sync", registry=registry)
feed_age = Gauge(
    "kentongan_feed_age_seconds",
    "Time since a source of bulletins last answered well; none before its first answer",
    ["source"],
    registry=registry,
)
feed_failures = Counter(
    "kentongan_feed_failures", "Sources of bulletins that did not answer well", ["source"], registry=registry
)
