"""What protections find and what follows: each by its facts, none by a clock."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.event import Kind
from bot.moderation.protectionfile import NAMES, Watches
from bot.moderation.protections import Facts, Past, Said, Strike, Verdict, is_wave, judge, level

NOW, DAY = 1_795_000_000_000, 86_400_000
OJOL = "!ojol"
PILLS = " ".join(f'<a href="https://matrix.to/#/@a{number}:b.test">x</a>' for number in range(9))


def said(text: str = "halo", **values: object) -> Said:
    return replace(Said("$new", OJOL, Kind.TEXT, NOW, text), **values)


def past(
    count: int, *, gap: int = 500, kind: Kind = Kind.TEXT, room: str = OJOL, kept: int = 0, text: str = ""
) -> Facts:
    """`count` messages up to now, the newest of them the judged one; the oldest `kept` of them are reports."""
    rows = [
        Past(f"$p{index}" if index else "$new", room if index else OJOL, kind, NOW - index * gap, text=text)
        for index in reversed(range(count))
    ]
    return Facts(past=[replace(row, kept=index < kept) for index, row in enumerate(rows)])


def judged(watches: Watches, message: Said, facts: Facts | None = None, active: object = NAMES) -> Verdict | None:
    return judge(watches, message, facts or past(1), active)  # type: ignore[arg-type]


def test_a_flood_is_muted_first_and_all_of_it_swept(watches: Watches) -> None:
    assert judged(watches, said(), past(watches.flood.messages - 1)) is None
    verdict = judged(watches, said(), past(watches.flood.messages))
    assert verdict is not None
    assert verdict.protection == "flood"
    assert "mute" in verdict.consequences
    assert len(verdict.sweep) == watches.flood.messages
    assert verdict.sweep[-1] == "$new"


def test_messages_that_come_slowly_are_no_flood(watches: Watches) -> None:
    assert judged(watches, said(), past(60, gap=watches.flood.seconds * 1000 // 8)) is None


def test_reports_are_never_swept_and_count_only_from_twice_as_many_on(watches: Watches) -> None:
    limit = watches.flood.messages
    assert judged(watches, said(), past(limit, gap=10, kept=1)) is None
    assert judged(watches, said(kept=True), past(2 * limit - 1, gap=10, kept=2 * limit - 1)) is None
    verdict = judged(watches, said(), past(2 * limit, gap=10, kept=limit + 1))
    assert verdict is not None
    assert len(verdict.sweep) == limit - 1


def test_in_an_emergency_nothing_is_judged(watches: Watches) -> None:
    assert judged(watches, said("anjing kamu", emergency=True), past(100, gap=10)) is None


def test_who_reported_danger_a_moment_ago_may_write_in_haste(watches: Watches) -> None:
    facts = replace(past(watches.flood.messages, gap=10), in_danger=True)
    assert judged(watches, said(), facts) is None
    assert judged(watches, said(), replace(past(watches.flood.messages * 2, gap=10), in_danger=True)) is not None


def test_what_nobody_can_read_counts_and_is_not_swept(watches: Watches) -> None:
    verdict = judged(watches, said(kind=Kind.UNREADABLE), past(watches.flood.messages, kind=Kind.UNREADABLE))
    assert verdict is not None
    assert verdict.sweep == ()


def test_a_flood_that_goes_on_is_one_strike_and_one_word(watches: Watches) -> None:
    facts = replace(past(watches.flood.messages), strikes=[Strike("flood", OJOL, NOW - 5_000)])
    verdict = judged(watches, said(), facts)
    assert verdict is not None
    assert verdict.again
    assert set(verdict.consequences) == {"redact", "report"}
    assert verdict.level == 1


def test_times_that_only_a_strangers_server_tells_lead_to_officers_alone(watches: Watches) -> None:
    verdict = judged(watches, said(), replace(past(watches.flood.messages), sure_of_time=False))
    assert verdict is not None
    assert verdict.consequences == ("report",)


def test_what_is_read_long_after_it_was_sent_mutes_nobody(watches: Watches) -> None:
    verdict = judged(watches, said(), replace(past(watches.flood.messages), long_ago=True))
    assert verdict is not None
    assert verdict.consequences == ("redact", "report")


def test_voice_notes_are_counted_and_never_redacted(watches: Watches) -> None:
    message = said("", kind=Kind.AUDIO, kept=True)
    assert judged(watches, message, past(watches.voices.notes - 1, kind=Kind.AUDIO)) is None
    verdict = judged(watches, message, past(watches.voices.notes, kind=Kind.AUDIO, kept=watches.voices.notes))
    assert verdict is not None
    assert verdict.protection == "voices"
    assert verdict.sweep == ()
    assert all("redact" not in rung for rung in watches.voices.ladder)


@pytest.mark.parametrize(
    ("message", "found"),
    [
        (said("halo", mentions=tuple(f"@a{n}:b.test" for n in range(8))), True),
        (said("halo", mentions=("@a:b.test", "@c:b.test")), False),
        (said("halo", content={"formatted_body": PILLS}), True),
        (said(" ".join(f"@a{n}:b.test" for n in range(8))), True),
        (said("halo", mentions_room=True), True),
        (said("@room banjir"), True),
        (said("@room banjir", content={"m.mentions": {}}), False),
        (said("surat@room.id"), False),
    ],
)  # fmt: skip
def test_who_calls_many_people_is_found_whatever_the_client(message: Said, found: bool, watches: Watches) -> None:
    verdict = judged(watches, message)
    assert (verdict is not None and verdict.protection == "mentions") is found


def test_who_may_call_the_room_may(watches: Watches) -> None:
    assert judged(watches, said("@room", mentions_room=True), replace(past(1), may_notify=True)) is None


def test_the_same_words_again_are_found_across_rooms_and_under_a_new_number(watches: Watches) -> None:
    text = "Promo pulsa murah meriah sekali {}!!"
    rows = [Past(f"$p{n}", f"!room{n}", Kind.TEXT, NOW - n * 60_000, text=text.format(n)) for n in (3, 2, 1)]
    facts = Facts(past=[*rows, Past("$new", OJOL, Kind.TEXT, NOW, text=text.format(0))])
    verdict = judged(watches, said(text.format(0).upper()), facts)
    assert verdict is not None
    assert verdict.protection == "repeats"
    assert verdict.sweep == ("$new",)
    assert judged(watches, said("siap"), replace(facts, past=[replace(one, text="siap") for one in facts.past])) is None


@pytest.mark.parametrize(
    "text",
    [
        "gabung https://chat.whatsapp.com/AbCdEf",
        "ikut t.me/+xyz",
        "https://t.me/joinchat/abc",
        "https://matrix.to/#/#jualan:lain.example?via=lain.example",
        "https://matrix.to/#/!abc%3Alain.example",
        "matrix:r/jualan:lain.example",
        "discord.gg/abc",
        "HTTPS://CHAT.WHATSAPP.COM/AbC",
        "https://polri.go.id@chat.whatsapp.com/x",
    ],
)
def test_invitations_elsewhere_are_found(text: str, watches: Watches) -> None:
    verdict = judged(watches, said(text), replace(past(1), ours=("batang.test", "#ojol:batang.test", "!v12")))
    assert verdict is not None
    assert verdict.protection == "invites"


@pytest.mark.parametrize(
    "text",
    [
        "https://matrix.to/#/#nelayan:batang.test",
        "https://matrix.to/#/!v12/$event?via=batang.test",
        "https://matrix.to/#/@budi:lain.example",
        "matrix:u/budi:lain.example",
        "https://t.me/beritabatang",
        "wa.me/628123",
    ],
)
def test_our_own_rooms_and_people_are_no_invitations_elsewhere(text: str, watches: Watches) -> None:
    assert judged(watches, said(text), replace(past(1), ours=("batang.test", "#ojol:batang.test", "!v12"))) is None


def test_links_count_by_their_hosts_over_the_window(watches: Watches) -> None:
    three = "http://slot88.win https://judi.example/x bit.ly/abc"
    verdict = judged(watches, said(three))
    assert verdict is not None
    assert verdict.protection == "links"
    allowed = "https://www.bmkg.go.id/x https://maps.google.com/y http://satpas.polri.go.id jl.raya no.5 rt.02/rw.03"
    assert judged(watches, said(f"{allowed} surat@contoh.com")) is None
    rows = [Past(f"$p{n}", OJOL, Kind.TEXT, NOW - n * 1000, text=f"lihat https://a{n}.example") for n in (2, 1)]
    facts = Facts(past=[*rows, Past("$new", OJOL, Kind.TEXT, NOW)])
    assert judged(watches, said("cek http://judi.example"), facts) is not None
    assert judged(watches, said("cek http://judi.example")) is None


def test_a_host_is_allowed_as_a_whole_and_not_by_its_end(watches: Watches) -> None:
    text = "https://palsugo.id https://go.id.judi.example https://xn--polri-.example"
    verdict = judged(watches, said(text))
    assert verdict is not None


def test_newcomers_show_no_pictures_and_may_speak(watches: Watches) -> None:
    facts = replace(past(1), member_since=NOW - 600_000)
    verdict = judged(watches, said("", kind=Kind.IMAGE), facts)
    assert verdict is not None
    assert verdict.protection == "newcomers"
    assert judged(watches, said("", kind=Kind.AUDIO), facts) is None
    assert judged(watches, said("", kind=Kind.IMAGE, kept=True), facts) is None
    assert judged(watches, said("", kind=Kind.IMAGE), replace(facts, member_since=NOW - DAY)) is None
    assert judged(watches, said("", kind=Kind.IMAGE), replace(facts, member_since=None)) is None


def test_the_ladder_is_climbed_by_strikes_that_fade(watches: Watches) -> None:
    days = watches.insults.half_life_days
    for strikes, rung in ((0, 0), (1, 1), (2, 2), (5, 2)):
        facts = replace(past(1), strikes=[Strike("insults", OJOL, NOW - DAY)] * strikes)
        verdict = judged(watches, said("anjing kamu"), facts)
        assert verdict is not None
        assert verdict.consequences == watches.insults.ladder[rung]
    faded = [Strike("insults", OJOL, NOW - int(days * DAY * 1.1))]
    assert level(faded, NOW, days) == 1
    assert level([Strike("insults", OJOL, NOW - int(days * DAY * 0.9))], NOW, days) == 2
    assert level([Strike("insults", OJOL, NOW + DAY)], NOW, days) == 1, "a strike of tomorrow is a clock that was set"


def test_what_is_switched_off_finds_nothing(watches: Watches) -> None:
    assert judged(watches, said("anjing kamu"), active=[name for name in NAMES if name != "insults"]) is None
    assert judged(watches, said(), past(100, gap=10), active=()) is None


def test_many_joins_in_a_short_time_are_a_wave(watches: Watches) -> None:
    joined = [NOW - n * 100 for n in range(watches.joins.people)]
    assert is_wave(watches.joins, joined, NOW)
    assert not is_wave(watches.joins, joined[1:], NOW)
    assert not is_wave(watches.joins, [at - watches.joins.seconds * 1000 for at in joined], NOW)
