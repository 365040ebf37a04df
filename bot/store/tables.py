"""Every table. Times are milliseconds since the epoch (UTC), in columns named `*_at`.

SQL stays portable between SQLite and PostgreSQL; what is not (full-text search) lives in `bot.store.search`.
"""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# SQLite numbers rows by itself only for INTEGER; PostgreSQL wants the wide type.
Id = BigInteger().with_variant(Integer, "sqlite")

# `None` is SQL's NULL here, not JSON's: "erased" must be told from "there was a null".
Json = JSON(none_as_null=True)

# ── the Matrix session ──────────────────────────────────────────────────────────────────────────────────

session = Table(
    "session",
    metadata,
    Column("id", Integer, primary_key=True),  # always 1
    Column("user_id", String, nullable=False),
    Column("device_id", String, nullable=False),
    Column("device_since_at", BigInteger, nullable=False),  # outbox rows older than this were tried by another device
    Column("since", String),  # sync token; committed together with the inbox rows of its sync
    Column("updated_at", BigInteger, nullable=False),
)

gaps = Table(
    "gaps",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=True),
    Column("room_id", String, nullable=False),
    Column("prev_batch", String, nullable=False),  # where the limited timeline began: page back from here
    Column("last_event_id", String),  # the last event seen before the gap: page back to here
    Column("since", String),  # where the sync began that left it out; null in rows older than this
    Column("state", String, nullable=False),  # open | filled | lost
    Column("found_at", BigInteger, nullable=False),
    Column("closed_at", BigInteger),
    Column("note", Text),
)

rooms = Table(
    "rooms",
    metadata,
    Column("room_id", String, primary_key=True),
    Column("name", String, unique=True),  # key in rooms/, null for rooms that the files do not know
    Column("was", String),  # the name that it bore until another room took its place (kind: former)
    # space | agency_space | channel | operations | private | former | direct | other
    Column("kind", String, nullable=False),
    Column("alias", String),
    Column("last_event_id", String),  # the newest timeline event ingested, for filling gaps
    Column("updated_at", BigInteger, nullable=False),
)

# ── one way in, one way out ─────────────────────────────────────────────────────────────────────────────

inbox = Table(
    "inbox",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=True),
    Column("event_id", String, nullable=False, unique=True),
    Column("room_id", String, nullable=False),
    Column("sender", String, nullable=False),
    Column("kind", String, nullable=False),
    Column("sent_at", BigInteger, nullable=False),
    Column("received_at", BigInteger, nullable=False),
    Column("payload", Json),  # IncomingEvent.to_json(); null once erased
    Column("state", String, nullable=False),  # new | done | waiting_key | failed
    Column("attempts", Integer, nullable=False, default=0),
    Column("error", Text),
    Column("session_id", String),  # Megolm session an undecryptable event waits for
    Column("raw", Json),  # the undecryptable event as received
    Column("not_before", BigInteger),  # a fragment of a question waits so long for the rest of it
    Column("handled_at", BigInteger),
    Index(None, "state", "id"),
    Index(None, "session_id"),
    Index(None, "room_id", "id"),
    Index(None, "room_id", "kind"),
    Index(None, "sender", "received_at"),
)

outbox = Table(
    "outbox",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=True),
    Column("key", String, nullable=False, unique=True),
    Column("txn_id", String, nullable=False, unique=True),
    Column("room_id", String, nullable=False),
    Column("action", String, nullable=False),
    Column("type", String, nullable=False),
    Column("content", Json),  # null once erased
    Column("upload", String),
    Column("priority", Integer, nullable=False),
    Column("state", String, nullable=False),  # queued | sent | failed | cancelled
    Column("event_id", String),
    Column("attempts", Integer, nullable=False, default=0),
    Column("not_before", BigInteger, nullable=False, default=0),
    Column("not_after", BigInteger),  # what is not sent by then is not sent any more; null: it keeps
    Column("created_at", BigInteger, nullable=False),
    Column("sent_at", BigInteger),
    Column("error", Text),
    Index(None, "state", "priority", "id"),
    Index(None, "event_id"),
)

# ── why it did what it did ──────────────────────────────────────────────────────────────────────────────

audit = Table(
    "audit",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=False),  # 1, 2, 3 … without gaps: part of the digest
    Column("at", BigInteger, nullable=False),
    Column("kind", String, nullable=False),  # dialogue.answer, incident.opened, rooms.applied, audit.erased …
    Column("subject", String, nullable=False),  # the event id (or key) that the decision is about
    Column("content_version", String, nullable=False),
    Column("payload_digest", String, nullable=False),  # SHA-256(salt ‖ canonical JSON payload), hex
    Column("previous", String, nullable=False, unique=True),  # digest of the row before, "" for the first
    Column("digest", String, nullable=False),  # HMAC-SHA-256(key, canonical JSON of the columns above), hex
    Index(None, "subject"),
)

audit_payloads = Table(
    "audit_payloads",
    metadata,
    Column("audit_id", Id, ForeignKey("audit.id"), primary_key=True),
    Column("salt", String),  # erased together with the payload: a digest of few possible values tells nothing then
    Column("payload", Json),
    Column("erased_at", BigInteger),
    Column("erased_why", String),
)

# ── Chat Pak Polisi ─────────────────────────────────────────────────────────────────────────────────────

conversations = Table(
    "conversations",
    metadata,
    Column("room_id", String, primary_key=True),
    Column("user_id", String, primary_key=True),
    Column("state", Json, nullable=False),
    Column("updated_at", BigInteger, nullable=False),
)

tickets = Table(
    "tickets",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=True),
    Column("event_id", String, nullable=False, unique=True),  # the message that led to it
    Column("room_id", String, nullable=False),  # the citizen's DM
    Column("user_id", String, nullable=False),
    Column("reason", String, nullable=False),  # asked | stuck | emergency | private
    Column("incident_id", Id, ForeignKey("incidents.id")),  # the report that an emergency led to
    Column("state", String, nullable=False),  # open | closed
    Column("opened_at", BigInteger, nullable=False),
    Column("updated_at", BigInteger, nullable=False),  # the last message either way
    Column("taken_at", BigInteger),  # an officer's first message
    Column("closed_at", BigInteger),
    Column("closed_by", String),  # an officer, the citizen, or "kentongan"
    Index(None, "room_id", "state"),
)

notices = Table(
    "notices",
    metadata,
    Column("user_id", String, primary_key=True),
    Column("notice", String, primary_key=True),  # what a person is told once: privacy, undecryptable:ROOM …
    Column("at", BigInteger, nullable=False),
)

# ── Ngobrol Kamtibmas: three records, never one ─────────────────────────────────────────────────────────

transmissions = Table(
    "transmissions",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=True),
    Column("event_id", String, nullable=False, unique=True),
    Column("room_id", String, nullable=False),
    Column("sender", String, nullable=False),
    Column("kind", String, nullable=False),  # voice | text | photo | location
    Column("sent_at", BigInteger, nullable=False),
    Column("received_at", BigInteger, nullable=False),
    Column("duration_ms", Integer),  # measured once decoded; before that the sender's claim
    Column("media", Json),  # bot.event.Media as JSON
    Column("media_sha256", String),
    Column("media_path", String),  # relative to the data directory; null once purged
    Column("purpose", String, nullable=False),  # report | question (a voice question in a DM)
    Column("state", String, nullable=False),  # queued | heard | unreadable | withdrawn
    Column("attempts", Integer, nullable=False, default=0),
    Column("crashes", Integer, nullable=False, default=0),  # worker deaths on this note; the bot's own do not count
    Column("not_before", BigInteger, nullable=False, default=0),
    Column("error", Text),
    Column("heard_at", BigInteger),
    Index(None, "state", "id"),
    Index(None, "sender", "received_at"),
)

transcripts = Table(
    "transcripts",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=True),
    Column("transmission_id", Id, ForeignKey("transmissions.id"), nullable=False),
    Column("version", Integer, nullable=False),
    Column("text", Text, nullable=False),  # as heard (or as written by the correcting officer)
    Column("corrected", Text, nullable=False),
    Column("segments", Json, nullable=False),
    Column("language", String),
    Column("confidence", Float),
    Column("no_speech", Float),
    Column("flags", Json, nullable=False),
    Column("model", String, nullable=False),  # "" when a person wrote it
    Column("settings", Json, nullable=False),
    Column("author", String),  # null: the machine
    Column("created_at", BigInteger, nullable=False),
    UniqueConstraint("transmission_id", "version"),
)

incidents = Table(
    "incidents",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=True),
    Column("opened_at", BigInteger, nullable=False),
    Column("updated_at", BigInteger, nullable=False),
    Column("room_id", String, nullable=False),
    Column("category", String, nullable=False),
    Column("urgency", String, nullable=False),  # darurat | segera | info
    Column("district", String),
    Column("places", Json, nullable=False),
    Column("status", String, nullable=False),  # baru, ditinjau, terverifikasi, diteruskan, ditangani, selesai, …
    Column("claimed_by", String),
    Column("text", Text, nullable=False),  # the newest transcript's text, for lists
    Column("analysis", Json, nullable=False),  # proposal with its evidence
    Column("content_version", String, nullable=False),
    Column("location", String),  # "latitude,longitude" that a reporter shared
    Index(None, "opened_at"),
    Index(None, "status", "opened_at"),
    Index(None, "category", "opened_at"),
)

incident_links = Table(
    "incident_links",
    metadata,
    Column("incident_id", Id, ForeignKey("incidents.id"), primary_key=True),
    Column("transmission_id", Id, ForeignKey("transmissions.id"), primary_key=True),
    Column("role", String, nullable=False),  # report | update | duplicate
    Column("score", Float, nullable=False),
    Column("reasons", Json, nullable=False),
    Column("by", String),  # null: the machine proposed it
    Column("at", BigInteger, nullable=False),
    Index(None, "transmission_id"),
)

incident_history = Table(
    "incident_history",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=True),
    Column("incident_id", Id, ForeignKey("incidents.id"), nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("actor", String, nullable=False),  # a user id, or "kentongan"
    Column("action", String, nullable=False),  # opened | status | linked | split | corrected | noted …
    Column("before", String),
    Column("after", String),
    Column("reason", Text),
    Column("event_id", String),
    Index(None, "incident_id", "id"),
    Index(None, "event_id"),
    Index(None, "at"),
)

copies = Table(
    "copies",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=True),
    Column("key", String, nullable=False, unique=True),  # outbox key of the message that repeats somebody's words
    Column("incident_id", Id, ForeignKey("incidents.id"), nullable=False),
    Column("source", String, nullable=False),  # event id of the words: when they are withdrawn, their copies are, too
    Column("kind", String, nullable=False),  # relay | to_reporter | from_reporter
    Column("target", String),  # relay: the agency
    Column("at", BigInteger, nullable=False),
    Column("confirmed_at", BigInteger),  # relay: the card says what became of it
    Column("withdrawn_at", BigInteger),
    Index(None, "source"),
    Index(None, "incident_id"),
    Index(None, "kind", "withdrawn_at"),
)

alarms = Table(
    "alarms",
    metadata,
    Column("incident_id", Id, ForeignKey("incidents.id"), primary_key=True),
    Column("started_at", BigInteger, nullable=False),
    Column("reminded_at", BigInteger),
    Column("escalated_at", BigInteger),
    Column("ended_at", BigInteger),  # somebody took it, or it was closed
    Index(None, "ended_at"),
)

blocks = Table(
    "blocks",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=True),
    Column("user_id", String, nullable=False),
    Column("incident_id", Id, ForeignKey("incidents.id"), nullable=False),  # the report that led to it
    Column("by", String, nullable=False),
    Column("reason", Text),
    Column("since_at", BigInteger, nullable=False),
    Column("until_at", BigInteger, nullable=False),
    Column("ended_by", String),
    Column("ended_at", BigInteger),
    Index(None, "user_id"),
)

keepings = Table(
    "keepings",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=True),
    Column("incident_id", Id, ForeignKey("incidents.id"), nullable=False),  # its recordings stay
    Column("by", String, nullable=False),
    Column("reason", Text),
    Column("since_at", BigInteger, nullable=False),
    Column("until_at", BigInteger),  # null: as long as the incident is open
    Column("ended_by", String),  # an officer, or "kentongan" when its time was over
    Column("ended_at", BigInteger),
    Index(None, "incident_id"),
)

# ── who is where, as the homeserver last told it ────────────────────────────────────────────────────────

room_state = Table(
    "room_state",
    metadata,
    Column("room_id", String, primary_key=True),
    Column("type", String, primary_key=True),  # only what decisions need (bot.store.roomstate)
    Column("state_key", String, primary_key=True),
    Column("sender", String, nullable=False),
    Column("event_id", String),
    Column("content", Json, nullable=False),
)

members = Table(
    "members",
    metadata,
    Column("room_id", String, primary_key=True),
    Column("user_id", String, primary_key=True),
    Column("membership", String, nullable=False),  # join | invite | knock | leave | ban
    Column("by", String, nullable=False),  # who sent the event: themselves, or who invited or removed them
    Column("since_at", BigInteger, nullable=False),  # when we learnt of it; never later than we did
    Index(None, "user_id"),
    Index(None, "room_id", "membership", "since_at"),
)

# ── keeping order ───────────────────────────────────────────────────────────────────────────────────────

acts = Table(
    "acts",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=True),
    Column("kind", String, nullable=False),  # warn | mute | kick | ban | redact | slow | lock …
    Column("room_id", String),  # null: every channel
    Column("target", String, nullable=False),  # a user id, a server's name or glob; "" for an act on a room
    Column("amount", Integer),  # seconds of a slow mode, messages redacted, the power somebody had before a mute
    Column("by", String, nullable=False),  # an officer, or "kentongan" (a protection, a policy list)
    Column("reason", Text),
    Column("event_id", String),  # the order, or what led to it
    Column("since_at", BigInteger, nullable=False),
    Column("until_at", BigInteger),  # null: until it is lifted
    Column("ended_by", String),
    Column("ended_at", BigInteger),  # equal to since_at for what is over at once
    Index(None, "target", "since_at"),
    Index(None, "ended_at"),
    sqlite_autoincrement=True,  # numbers are never given twice: keys of the outbox bear them longer than rows stay
)

strikes = Table(
    "strikes",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=True),
    Column("room_id", String, nullable=False),
    Column("user_id", String, nullable=False),
    Column("protection", String, nullable=False),
    Column("event_id", String, nullable=False),
    Column("at", BigInteger, nullable=False),
    UniqueConstraint("event_id", "protection"),
    Index(None, "user_id", "at"),
)

remarks = Table(
    "remarks",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=True),
    Column("user_id", String, nullable=False),  # whom it is about
    Column("by", String, nullable=False),
    Column("words", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
    Index(None, "user_id"),
)

confirmations = Table(
    "confirmations",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=True),
    Column("event_id", String, nullable=False, unique=True),  # the order that waits for its code
    Column("room_id", String, nullable=False),  # where it was given; "two:…": another officer types the code
    Column("officer", String, nullable=False),
    Column("code", String, nullable=False),
    Column("order", Json, nullable=False),
    Column("tries", Integer, nullable=False, default=0),
    Column("state", String, nullable=False),  # open | done | void
    Column("at", BigInteger, nullable=False),
    Column("until_at", BigInteger, nullable=False),
    Index(None, "state", "until_at"),
)

officer_keys = Table(
    "officer_keys",
    metadata,
    Column("user_id", String, primary_key=True),
    Column("master_key", String, nullable=False),  # public half, as the officer showed it first
    Column("pinned_at", BigInteger, nullable=False),
    Column("pinned_by", String),  # null: at first use; else who vouched for a new one
    Column("refused_key", String),  # another one that was shown since, and told to the officers
)

complaints = Table(
    "complaints",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=True),
    Column("event_id", String, nullable=False, unique=True),  # the message that is complained about
    Column("room_id", String, nullable=False),
    Column("user_id", String, nullable=False),  # who wrote it
    Column("state", String, nullable=False),  # open | done | dismissed
    Column("at", BigInteger, nullable=False),
    Column("closed_by", String),
    Column("closed_at", BigInteger),
    Index(None, "user_id", "at"),
)

complainants = Table(
    "complainants",
    metadata,
    Column("complaint_id", Id, ForeignKey("complaints.id"), primary_key=True),
    Column("user_id", String, primary_key=True),  # who complained; "kentongan" for a protection
    Column("source", String, nullable=False),  # reaction | homeserver | protection
    Column("reason", Text),
    Column("at", BigInteger, nullable=False),
    Index(None, "user_id", "at"),
)

protection_switches = Table(
    "protection_switches",
    metadata,
    Column("room_id", String, primary_key=True),
    Column("protection", String, primary_key=True),
    Column("on", Integer, nullable=False),  # 1 | 0, against what the files say
    Column("by", String, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("until_at", BigInteger),  # null: until it is switched again
)

policy_lists = Table(
    "policy_lists",
    metadata,
    Column("room_id", String, primary_key=True),
    Column("address", String, nullable=False),  # as the officer wrote it
    Column("state", String, nullable=False),  # joining | previewed | followed | left
    Column("by", String, nullable=False),
    Column("at", BigInteger, nullable=False),
)

groups = Table(
    "groups",
    metadata,
    Column("room_id", String, primary_key=True),  # a room that somebody else made and invited us to
    Column("inviter", String, nullable=False),
    Column("state", String, nullable=False),  # asked | allowed | refused
    Column("at", BigInteger, nullable=False),
    Column("decided_by", String),
    Column("decided_at", BigInteger),
)

# ── what left the house, and who asked to be forgotten ──────────────────────────────────────────────────

exports = Table(
    "exports",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=True),
    Column("at", BigInteger, nullable=False),
    Column("who", String, nullable=False),  # an officer's user id, or the account that ran the command
    Column("format", String, nullable=False),  # csv | geojson | cap | pdf
    Column("filters", Json, nullable=False),
    Column("rows", Integer, nullable=False),
    Column("sha256", String, nullable=False),  # of what was handed out
)

cap_messages = Table(
    "cap_messages",
    metadata,
    Column("identifier", String, primary_key=True),
    Column("incident_id", Id, ForeignKey("incidents.id"), primary_key=True),
    Column("sent", String, nullable=False),  # as written in the alert: an update must repeat it
    Column("export_id", Id, ForeignKey("exports.id"), nullable=False),
    Index(None, "incident_id"),
)

erasures = Table(
    "erasures",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=True),
    Column("event_id", String, nullable=False, unique=True),  # the request
    Column("room_id", String, nullable=False),  # the DM where it was made
    Column("user_id", String),  # null once it is done
    Column("state", String, nullable=False),  # asked | waiting (part of it must be kept for now) | done | cancelled
    Column("kept", Json, nullable=False),  # numbers of the incidents that it waits for
    Column("asked_at", BigInteger, nullable=False),
    Column("confirmed_at", BigInteger),
    Column("done_at", BigInteger),
    Index(None, "state"),
)

# ── Buletin Kamtibmas ───────────────────────────────────────────────────────────────────────────────────

bulletins = Table(
    "bulletins",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=True),
    Column("slot", String, nullable=False),  # pagi | sore | malam
    Column("date", String, nullable=False),  # local date, YYYY-MM-DD
    Column("room_id", String, nullable=False),
    Column("state", String, nullable=False),  # queued | skipped
    Column("reason", Text),
    Column("outbox_key", String),
    Column("sources", Json, nullable=False),  # what was used, with ages, and what was missing
    Column("content_version", String, nullable=False),
    Column("due_at", BigInteger, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("tip", String),  # which tip it told: none comes back in a room before all were told
    Column("words", Text),  # while it waits: what an officer wants said instead
    Column("not_after", BigInteger),  # what has not gone out by then does not go out
    Column("told_at", BigInteger),  # when the officers heard that it did not go out
    UniqueConstraint("slot", "date", "room_id"),
    Index(None, "room_id", "tip", "created_at"),
)

feeds = Table(
    "feeds",
    metadata,
    Column("name", String, primary_key=True),  # forecast:ADM4, quakes, nowcast, nowcast:GUID, cap:NAME …
    Column("url", String, nullable=False),
    Column("raw", LargeBinary),  # the last good answer, as it came: XML says itself in which encoding
    Column("fetched_at", BigInteger),  # when the source last confirmed it
    Column("etag", String),
    Column("modified", String),
    Column("error", Text),  # our own words on the last failure; null when the last try went well
    Column("tried_at", BigInteger, nullable=False),
)

warnings = Table(
    "warnings",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=True),
    Column("source", String, nullable=False),  # nowcast | quakes | cap:NAME | officer
    Column("identifier", String, nullable=False),  # a CAP alert's "sender,identifier", or the order's event id
    Column("refers", Json),  # identifiers of what this one has replaced, with that source
    Column("first_id", Id),  # the warning that this one updates or takes back; null for a first one
    Column("kind", String, nullable=False),  # alert | update | cancel
    Column("drill", Integer, nullable=False, default=0),
    Column("state", String, nullable=False),  # sent | held (waits for officers) | over | unsaid (no room heard it)
    Column("why", Text),  # our own words
    Column("words", Text),  # what was said, or would be, Markdown
    Column("districts", Json, nullable=False),
    Column("by", String),  # officer's warnings: who ordered, …
    Column("second", String),  # … and who confirmed
    Column("at", BigInteger, nullable=False),
    Column("sent_at", BigInteger),  # by the source's own clock, never later than `at`
    Column("expires_at", BigInteger),
    Column("open_end", Integer, nullable=False, server_default="0"),  # 1: the end is ours, the source told none
    UniqueConstraint("source", "identifier"),
    Index(None, "state", "expires_at"),
)

bulletin_notes = Table(
    "bulletin_notes",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=True),
    Column("event_id", String, nullable=False, unique=True),  # the order that added it
    Column("slot", String),  # null: every slot
    Column("room", String),  # name in rooms/; null: every channel
    Column("words", Text, nullable=False),
    Column("by", String, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("since_date", String, nullable=False),  # local dates, inclusive
    Column("until_date", String, nullable=False),
    Column("ended_by", String),
    Column("ended_at", BigInteger),
    Index(None, "ended_at"),
)

previews = Table(
    "previews",
    metadata,
    Column("slot", String, primary_key=True),
    Column("date", String, primary_key=True),  # local
    Column("due_at", BigInteger, nullable=False),  # of the first room that hears it
    Column("shown", Text, nullable=False),  # the card's upper part as it stands, Markdown
    Column("digest", String, nullable=False),  # of all texts that it stands for: what officers agree to
    Column("composed_at", BigInteger, nullable=False),
    Column("answers", Json, nullable=False),  # what officers said to it, in order (bot.bulletins.verdict)
    Column("asked_at", BigInteger, nullable=False),
)

subscriptions = Table(
    "subscriptions",
    metadata,
    Column("user_id", String, primary_key=True),
    Column("slot", String, primary_key=True),
    Column("room_id", String, nullable=False),  # the DM in which it was asked for
    Column("at", BigInteger, nullable=False),
    Index(None, "room_id"),
)

heartbeats = Table(
    "heartbeats",
    metadata,
    Column("name", String, primary_key=True),  # periodic duties: audit_head, bulletin_schedule …
    Column("at", BigInteger, nullable=False),
    Column("done_for", String, nullable=False),  # the period it was done for, e.g. a local date
)
