"""`hapus data saya` in a DM: asked back once, then carried out at once (the law gives 3 × 24 hours).

What must be kept for now is said with its reason, and goes by itself when the incident is closed. Officers hear that
it happened and what has to wait, not who asked; the audit keeps that it happened, without what was erased.
"""

from __future__ import annotations

import re
from urllib.parse import quote

from sqlalchemy import Connection

from bot.event import IncomingEvent, Kind, Trust
from bot.handlers import board, waiting
from bot.handlers.desk import Desk
from bot.handlers.kept import until_words
from bot.language.tokens import tokens
from bot.markup import render
from bot.outgoing import Outgoing, Priority
from bot.store import erasure_requests, keepings, notices, outbox
from bot.store.erasure import Erased

OPEN_MS = 24 * 3_600_000
"""A request that nobody confirms within a day is off."""
_OBJECTS = (("data", "saya"), ("data", "ku"), ("dataku",), ("data", "aku"), ("data", "pribadi", "saya"))
_CALLED = re.compile(r"^\s*@?[\w .\-]{1,40}(?::[\w.\-]+)?\s*[:,]\s+|@[\w.\-]+:[\w.\-]+(?::\d+)?")
"""The name by which we are called before the request, as clients write a mention."""
_VERBS = frozenset(("hapus", "hapuskan", "hapusin", "delete"))
_AROUND = frozenset(("tolong", "mohon", "semua", "seluruh", "minta", "pak", "bu", "min", "ya", "dong", "mau", "saya"))
_YES = frozenset(("ya hapus", "ya hapus data saya", "ya hapus semua", "iya hapus", "hapus", "ya", "iya"))
_NO = frozenset(("tidak", "batal", "ga jadi", "gak jadi", "nggak jadi", "tidak jadi", "jangan"))

ASK = (
    "🗑️ Semua data Anda akan saya hapus: isi pesan dan jawaban di sini, rekaman dan transkrip suara, laporan Anda di "
    "kanal beserta isinya di catatan petugas, percakapan dengan petugas, dan langganan buletin. "
    "**Tidak bisa dikembalikan.**\n\n"
    "Yang tetap: bahwa pernah ada laporan (jenis, kecamatan, waktu), tanpa isi dan tanpa nama. Laporan yang **masih "
    "ditangani** baru terhapus sesudah selesai.\n\n"
    "Balas **ya, hapus** untuk melanjutkan, atau *batal*."
)
DONE = (
    "🗑️ Sudah. {messages} pesan, {reports} laporan, dan {replies} jawaban saya dihapus. Pesan yang Anda kirim ke sini "
    "masih ada di server; hapus dari Element kalau mau (tekan lama pesannya, lalu *Hapus*)."
)
KEPT = (
    "Yang **belum** bisa dihapus: laporan {numbers}, karena masih ditangani polisi (UU 27/2022 pasal 15: kepentingan "
    "penegakan hukum). Begitu selesai ditangani, isinya terhapus sendiri dan Anda saya kabari di sini."
)
KEPT_AS_EVIDENCE = (
    "Yang **disimpan sebagai bukti** sampai {until}: laporan {number} beserta rekamannya, atas perintah petugas "
    "(UU 27/2022 pasal 15: kepentingan penegakan hukum). Sesudah itu terhapus sendiri dan Anda saya kabari di sini."
)
LATER = "🗑️ Laporan yang tadi masih ditangani sudah selesai; isinya sekarang ikut dihapus."
OFF = "Baik, tidak ada yang dihapus."
OFFICER = (
    "Akun ini akun petugas: tindakan petugas adalah catatan dinas dan tidak dihapus lewat sini. Hubungi pengelola data."
)
UNPROVEN = (
    "Maaf, perangkat ini belum dikenal, jadi saya tidak bisa yakin permintaan ini dari Anda. "
    "Kirim dari perangkat Anda yang biasa."
)
SPOKEN = (
    "🗑️ Saya dengar permintaan menghapus data. Karena tidak bisa dikembalikan dan suara bisa salah dengar, "
    "mohon **tulis** di sini: *{words}*."
)
ELSEWHERE = (
    "🗑️ Soal data pribadi saya layani lewat pesan pribadi, supaya tidak terbaca semua orang. "
    "[Buka obrolan dengan saya]({link}), lalu tulis: *hapus data saya*."
)
FOR_OFFICERS = (
    "🗑️ Satu warga meminta datanya dihapus; sudah dilakukan ({reports} laporan yang sudah ditutup kehilangan isinya)."
)
FOR_OFFICERS_KEPT = (
    "Belum dihapus karena masih ditangani atau disimpan sebagai bukti: {numbers}. Sesudah itu isinya terhapus sendiri. "
    "Rekamannya perlu disimpan lebih lama? Di utas kartunya: `simpan rekaman 90 hari: sebabnya`."
)


def concerns(connection: Connection, event: IncomingEvent, now: int) -> bool:
    """Whether a message asks to be forgotten, or, in a DM, answers when we asked back."""
    if event.kind is not Kind.TEXT:
        return False
    if not event.direct:
        return _asks(tokens(_CALLED.sub("", event.body[:200])))
    words = tokens(event.body[:200])
    if _asks(words):
        return True
    answer = " ".join(words)
    return (answer in _YES or answer in _NO) and _open(connection, event, now) is not None


def answer(connection: Connection, event: IncomingEvent, desk: Desk, now: int) -> None:
    """Ask back, carry out, or leave it."""
    key = f"reply:{event.event_id}"
    if not event.direct:
        _point(connection, event, desk, now)
        return
    server = desk.config.homeserver.server_name
    if desk.content.rooms.officer(event.sender, server) is not None:
        _refuse(connection, event, desk, OFFICER, "officer", now)
        return
    if event.encrypted_room and event.trust is not Trust.DEVICE:
        _refuse(connection, event, desk, UNPROVEN, "unproven", now)
        return
    words = tokens(event.body[:200])
    request = _open(connection, event, now)
    if _asks(words) and (request is None or " ".join(words) not in _YES):
        erasure_requests.ask(connection, event.event_id, event.room_id, event.sender, now)
        desk.record(connection, "erasure.asked", event.event_id, {}, now)
        desk.say(connection, event, key, ASK, now)
        return
    if request is None or " ".join(words) in _NO:
        erasure_requests.cancel(connection, event.room_id, event.sender, now)
        desk.record(connection, "erasure.cancelled", event.event_id, {}, now)
        desk.say(connection, event, key, OFF, now)
        return
    erased = erasure_requests.carry_out(
        connection, desk.auditor, request, desk.config.data_dir, version=desk.content.version, now=now, me=desk.me,
        also=(event.event_id,),
    )  # fmt: skip
    _cards_again(connection, desk, erased, now)
    parts = [DONE.format(messages=erased.messages, reports=erased.reports, replies=erased.replies)]
    parts += _kept(connection, desk, erased, now)
    # No reply to the message: it would carry its words along.
    content = render("\n\n".join(parts)).content()
    outbox.append(connection, Outgoing(f"erasure:{request.id}", event.room_id, content), now)
    _tell(connection, desk, request.id, erased, now)


def heard(connection: Connection, event: IncomingEvent, desk: Desk, text: str, now: int) -> bool:
    """A voice message that asks to be forgotten, or says yes when we asked back; false for any other.

    Nothing is erased on the strength of what a machine heard: the person is asked to write it. In a channel the way
    to the DM is told.
    """
    words = tokens(text[:200])
    said = " ".join(words)
    if not event.direct:
        if not _asks(words):
            return False
        desk.record(connection, "erasure.elsewhere", event.event_id, {"spoken": True}, now)
        waiting.answer(connection, event, desk, _elsewhere(desk), now)
        return True
    confirms = said in _YES and _open(connection, event, now) is not None
    if not (_asks(words) or confirms):
        return False
    desk.record(connection, "erasure.spoken", event.event_id, {"confirms": confirms}, now)
    text = SPOKEN.format(words="ya, hapus" if confirms else "hapus data saya")
    desk.say(connection, event, f"reply:{event.event_id}", text, now)
    return True


def _point(connection: Connection, event: IncomingEvent, desk: Desk, now: int) -> None:
    """Said in a channel: the way to the DM, once a day to each person unless they ask us by name."""
    called = desk.me in event.mentions or desk.me in event.body
    desk.record(connection, "erasure.elsewhere", event.event_id, {"spoken": False}, now)
    if called or notices.first_time(connection, event.sender, f"erasure_elsewhere:{now // OPEN_MS}", now):
        desk.say(connection, event, f"reply:{event.event_id}", _elsewhere(desk), now, notice=True, thread=True)


def _elsewhere(desk: Desk) -> str:
    return ELSEWHERE.format(link=f"https://matrix.to/#/{quote(desk.me, safe='@:')}")


def resume(connection: Connection, desk: Desk, now: int) -> int:
    """Requests whose incidents have been closed since; returns how many were brought to their end."""
    finished = 0
    for request in erasure_requests.waiting(connection, now):
        erased = erasure_requests.carry_out(
            connection, desk.auditor, request, desk.config.data_dir, version=desk.content.version, now=now, me=desk.me
        )
        _cards_again(connection, desk, erased, now)
        _record(connection, desk, request.id, erased, now)
        if not erased.kept:
            content = render(LATER).content()
            outbox.append(connection, Outgoing(f"erasure:{request.id}:later", request.room_id, content), now)
            finished += 1
    return finished


def _cards_again(connection: Connection, desk: Desk, erased: Erased, now: int) -> None:
    """What other people reported of the same thing stays before the officers."""
    for number in erased.bare:
        board.show_again(connection, desk, number, now)


def _asks(words: list[str]) -> bool:
    """ "tolong hapus semua data saya": the verb, the object, and nothing but courtesy around them."""
    for position, word in enumerate(words):
        if word not in _VERBS:
            continue
        rest = [one for one in words[position + 1 :] if one not in ("semua", "seluruh")]
        for target in _OBJECTS:
            after = rest[len(target) :]
            if tuple(rest[: len(target)]) == target and set(after) <= _AROUND and set(words[:position]) <= _AROUND:
                return True
    return False


def _open(connection: Connection, event: IncomingEvent, now: int) -> erasure_requests.Request | None:
    return erasure_requests.open_request(connection, event.room_id, event.sender, now - OPEN_MS)


def _refuse(connection: Connection, event: IncomingEvent, desk: Desk, text: str, why: str, now: int) -> None:
    desk.record(connection, "erasure.refused", event.event_id, {"reason": why}, now)
    desk.say(connection, event, f"reply:{event.event_id}", text, now)


def _tell(connection: Connection, desk: Desk, number: int, erased: Erased, now: int) -> None:
    _record(connection, desk, number, erased, now)
    parts = [FOR_OFFICERS.format(reports=erased.reports)]
    if erased.kept:
        parts.append(FOR_OFFICERS_KEPT.format(numbers=_numbers(erased)))
    content = render("\n\n".join(parts)).content(notice=True)
    desk.tell_operations(connection, f"erasure:{number}:officers", content, now, priority=Priority.NOTICE)


def _record(connection: Connection, desk: Desk, number: int, erased: Erased, now: int) -> None:
    payload = {
        "messages": erased.messages, "reports": erased.reports, "replies": erased.replies, "kept": list(erased.kept),
    }  # fmt: skip
    desk.record(connection, "erasure.waiting" if erased.kept else "erasure.done", f"erasure:{number}", payload, now)


def _kept(connection: Connection, desk: Desk, erased: Erased, now: int) -> list[str]:
    """What has to stay for now, each under its ground."""
    evidence = {
        number: one
        for number, one in keepings.in_force(connection, erased.kept, now).items()
        if one.until_at is not None
    }
    open_ = [number for number in erased.kept if number not in evidence]
    words = [KEPT.format(numbers=", ".join(f"#{number}" for number in open_))] if open_ else []
    return words + [
        KEPT_AS_EVIDENCE.format(number=f"#{number}", until=until_words(desk, one.until_at))
        for number, one in sorted(evidence.items())
    ]


def _numbers(erased: Erased) -> str:
    return ", ".join(f"#{number}" for number in erased.kept)
