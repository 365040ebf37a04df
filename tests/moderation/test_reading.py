"""Orders, slips and what is neither are told apart; nothing is guessed, and nothing raises."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.moderation import help as helping
from bot.moderation.orders import EVERYWHERE, Fault, Order, Place, Slip
from bot.moderation.pills import with_addresses
from bot.moderation.protectionwords import BY_WORD
from bot.moderation.reading import read
from bot.moderation.terms import Term, read_term, spell
from bot.moderation.verbs import NEEDS, Right, Verb

NOW = datetime(2026, 12, 1, 10, tzinfo=ZoneInfo("Asia/Jakarta"))
CHANNELS = {
    "ojol": "ojol", "ojol kamtibmas": "ojol", "#ojol:batang.test": "ojol", "desa-siaga": "desa-siaga",
    "desa siaga": "desa-siaga",
}  # fmt: skip
OPERATIONS = Place("batang.test", CHANNELS, NOW, BY_WORD)
INSIDE = Place("batang.test", CHANNELS, NOW, BY_WORD, here="ojol")
REPLY = Place("batang.test", CHANNELS, NOW, BY_WORD, here="ojol", replies=True)
CARD = Place("batang.test", CHANNELS, NOW, BY_WORD, here="ojol", replies=True, unsigned=True)
"""Under the card of a complaint."""
JOKO, FAR = "@joko:batang.test", "@a:lain.example:8448"
HOUR, MONTH = Term(seconds=3600), Term(seconds=2_592_000)


@pytest.mark.parametrize(
    ("text", "order"),
    [
        ("!bisukan @joko 1 jam jualan terus", Order(Verb.MUTE, (JOKO,), term=HOUR, reason="jualan terus")),
        ("! Bisukan: @Joko, sejam, alasan: jualan", Order(Verb.MUTE, (JOKO,), term=HOUR, reason="jualan")),
        ("!mute @joko:batang.test selama 1 jam karena spam", Order(Verb.MUTE, (JOKO,), term=HOUR, reason="spam")),
        ("!bisukan @a:lain.example:8448 @b dan @joko", Order(Verb.MUTE, (FAR, "@b:batang.test", JOKO))),
        ("!bisukan https://matrix.to/#/%40joko%3Abatang.test 1 jam", Order(Verb.MUTE, (JOKO,), term=HOUR)),
        ("!bisukan @joko di sini jualan", Order(Verb.MUTE, (JOKO,), reason="jualan")),
        ("!bisukan @joko sampai 3/12/2026 pukul 07.30", Order(Verb.MUTE, (JOKO,), term=Term(until=1796257800000))),
        ("!suarakan @joko", Order(Verb.UNMUTE, (JOKO,))),
        ("!buka bisu @joko", Order(Verb.UNMUTE, (JOKO,))),
        ("!tegur @joko: mohon jangan", Order(Verb.WARN, (JOKO,), reason="mohon jangan")),
        ("!keluarkan @joko ribut di pasar", Order(Verb.KICK, (JOKO,), reason="ribut di pasar")),
        ("!cekal @joko selamanya penipuan", Order(Verb.BAN, (JOKO,), term=Term(endless=True), reason="penipuan")),
        ("!cabut cekal @joko", Order(Verb.UNBAN, (JOKO,))),
        ("!cekal server *.X.Example 30 hari xx", Order(Verb.BAN_SERVER, ("*.x.example",), term=MONTH, reason="xx")),
        ("!cabut cekal server jahat.example", Order(Verb.UNBAN_SERVER, ("jahat.example",))),
        ("!hapus 20 @joko spam", Order(Verb.REDACT, (JOKO,), amount=20, reason="spam")),
        ("!hapus @joko 20 pesan terakhir", Order(Verb.REDACT, (JOKO,), amount=20)),
        ("!pelan 30 detik", Order(Verb.SLOW, amount=30)),
        ("!pelan 2 menit ramai", Order(Verb.SLOW, amount=120, reason="ramai")),
        ("!pelan 30", Order(Verb.SLOW, amount=30)),
        ("!pelan mati", Order(Verb.FAST)),
        ("!kunci", Order(Verb.LOCK)),
        ("!kunci 2 jam hoaks", Order(Verb.LOCK, term=Term(seconds=7200), reason="hoaks")),
        ("!buka kunci", Order(Verb.UNLOCK)),
        ("!catat @joko 1 jam di ojol jualan?", Order(Verb.REMARK, (JOKO,), reason="1 jam di ojol jualan?")),
        ("!orang @joko", Order(Verb.PERSON, (JOKO,))),
        ("!daftar", Order(Verb.LIST)),
        ("!bantuan", Order(Verb.HELP)),
        ("!bantuan bisuken", Order(Verb.HELP, topic=Verb.MUTE)),
        ("!bantuan !cabut cekal", Order(Verb.HELP, topic=Verb.UNBAN)),
        ("!percaya @joko", Order(Verb.VOUCH, (JOKO,))),
        ("!batal", Order(Verb.CANCEL)),
        ("!bisukan @joko 1 jam spam --coba", Order(Verb.MUTE, (JOKO,), term=HOUR, reason="spam", trial=True)),
        ("!bisukan @joko —coba 1 jam spam", Order(Verb.MUTE, (JOKO,), term=HOUR, reason="spam", trial=True)),
        ("!coba: bisukan @joko 1 jam spam", Order(Verb.MUTE, (JOKO,), term=HOUR, reason="spam", trial=True)),
    ],
)  # fmt: skip
def test_an_order_in_a_channel(text: str, order: Order) -> None:
    assert read(text, INSIDE) == order


@pytest.mark.parametrize(
    ("text", "room", "reason"),
    [
        ("!bisukan @joko di ojol 1 jam jualan", "ojol", "jualan"),
        ("!bisukan @joko 1 jam di kanal Ojol Kamtibmas jualan di pasar", "ojol", "jualan di pasar"),
        ("!bisukan @joko 1 jam jualan di ojol", "ojol", "jualan"),
        ("!bisukan @joko 1 jam di #ojol:batang.test jualan", "ojol", "jualan"),
        ("!bisukan @joko 1 jam di desa siaga", "desa-siaga", ""),
        ("!bisukan @joko 1 jam di semua kanal spam", EVERYWHERE, "spam"),
    ],
)
def test_in_the_operations_room_it_names_its_channel(text: str, room: str, reason: str) -> None:
    found = read(text, OPERATIONS)
    assert isinstance(found, Order)
    assert (found.room, found.reason, found.term) == (room, reason, HOUR)


@pytest.mark.parametrize(
    ("text", "place", "fault"),
    [
        ("!bisuken @joko 1 jam", INSIDE, Fault.MISSPELT),
        ("!suarakn @joko", INSIDE, Fault.MISSPELT),
        ("!cabut cekel @joko", INSIDE, Fault.MISSPELT),
        ("!buka", INSIDE, Fault.MISSPELT),
        ("!bisukan", INSIDE, Fault.NO_TARGET),
        ("!bisukan 1 jam", INSIDE, Fault.NO_TARGET),
        ("!bisukan Joko 1 jam", INSIDE, Fault.NOT_A_PERSON),
        ("!bisukan @ 1 jam", INSIDE, Fault.NOT_A_PERSON),
        ("!kunci @joko", INSIDE, Fault.NO_PEOPLE_HERE),
        ("!hapus 5 @joko @siti", INSIDE, Fault.ONE_AT_A_TIME),
        ("!cekal server", INSIDE, Fault.NO_SERVER),
        ("!cekal server * spam", INSIDE, Fault.NO_SERVER),
        ("!bisukan @joko 1 jam", OPERATIONS, Fault.NO_ROOM),
        ("!kunci di sini", OPERATIONS, Fault.NO_ROOM),
        ("!bisukan @joko 1 jam di pasar", OPERATIONS, Fault.UNKNOWN_ROOM),
        ("!bisukan @joko 1 jam jualan di desa siaga", INSIDE, Fault.WHICH_ROOM),
        ("!orang @joko di ojol", OPERATIONS, Fault.NO_ROOM_HERE),
        ("!bisukan @joko sampai 31/2/2027", INSIDE, Fault.BAD_TERM),
        ("!bisukan @joko sampai 1/11/2026", INSIDE, Fault.BAD_TERM),
        ("!bisukan @joko 0 jam", INSIDE, Fault.BAD_TERM),
        ("!bisukan @joko 1 jam 2 hari lagi sampai 5/12", INSIDE, None),
        ("!bisukan @joko jualan 1 jam", INSIDE, Fault.TERM_LAST),
        ("!keluarkan @joko 1 jam", INSIDE, Fault.NO_TERM_HERE),
        ("!hapus @joko", INSIDE, Fault.BAD_AMOUNT),
        ("!hapus 0 @joko", INSIDE, Fault.BAD_AMOUNT),
        ("!hapus 201 @joko", INSIDE, Fault.BAD_AMOUNT),
        ("!pelan", INSIDE, Fault.BAD_AMOUNT),
        ("!pelan 2 hari", INSIDE, Fault.BAD_AMOUNT),
        ("!cekal @joko", INSIDE, Fault.NO_REASON),
        ("!cekal @joko 1 hari .", INSIDE, Fault.NO_REASON),
        ("!catat @joko", INSIDE, Fault.NO_REASON),
        ("!kunci?", INSIDE, Fault.QUESTION),
        ("!bisukan @joko ya?", INSIDE, Fault.QUESTION),
        ("!bisukan @joko 1 jam\n!keluarkan @siti", INSIDE, Fault.ONE_ORDER),
        ("!orang @joko siapa ini", INSIDE, Fault.MISSPELT),
    ],
)
def test_a_slip_is_no_order(text: str, place: Place, fault: Fault | None) -> None:
    found = read(text, place)
    if fault is None:
        assert isinstance(found, Order)
        return
    assert isinstance(found, Slip), found
    assert found.fault is fault
    said = helping.slip(found, ["ojol"], inside=place.here is not None)
    assert "Tidak ada yang dilakukan" in said
    assert "{" not in said


@pytest.mark.parametrize("text", ["!bisukan 1 jam jualan", "!hapus 5 spam", "!tegur", "!cekal penipuan"])
def test_a_reply_needs_no_name(text: str) -> None:
    found = read(text, REPLY)
    assert isinstance(found, Order)
    assert found.targets == ()


@pytest.mark.parametrize(
    "text",
    [
        "bisukan @joko 1 jam", "/bisukan @joko", "tolong !bisukan @joko", "!", "!!!", "! ", "!tolong kebakaran",
        "!lapor ada maling", "!banjir di Sembung", "!buka pintu gerbang", "!cabut gigi", "!kecelakaan", "!110",
    ],
)  # fmt: skip
def test_other_words_are_none(text: str) -> None:
    assert read(text, INSIDE) is None


@pytest.mark.parametrize("verb", [verb for verb in Verb])
def test_every_example_of_the_help_is_an_order_of_its_kind(verb: Verb) -> None:
    for place in (INSIDE, OPERATIONS):
        page = helping.about(verb, "ojol", inside=place.here is not None)
        examples = [line[3:-1] for line in page.splitlines() if line.startswith("- `")]
        assert examples
        for example in examples:
            found = read(example, place)
            assert isinstance(found, Order), example
            assert found.verb is verb
    assert helping.overview(frozenset(Right), "ojol").count("\n- ") >= len(Right)
    assert verb in NEEDS


@given(st.text(max_size=200), st.booleans(), st.booleans())
def test_reading_never_raises_and_makes_no_order_without_its_sign(text: str, inside: bool, replies: bool) -> None:
    place = Place("batang.test", CHANNELS, NOW, BY_WORD, here="ojol" if inside else None, replies=replies)
    assert text.lstrip().startswith("!") or read(text, place) is None
    read(f"!{text}", place)


PARTS = [
    "bisukan",
    "cekal",
    "server",
    "hapus",
    "@joko",
    "@a:b.c",
    "1 jam",
    "sampai 99/99/9999",
    "di ojol",
    "di",
    "20",
    "--coba",
    "coba:",
    "alasan:",
    "\n!",
    "?",
    "*.x",
    "selamanya",
    "sampai pukul 25.99",
    "di semua",
    "0",
]


@given(st.lists(st.sampled_from(PARTS), max_size=12))
def test_any_jumble_of_its_parts_is_read(parts: list[str]) -> None:
    found = read("!" + " ".join(parts), INSIDE)
    if isinstance(found, Order) and NEEDS[found.verb].person:
        assert found.targets
        assert all(one.startswith("@") and ":" in one for one in found.targets)


@given(st.text(max_size=300), st.text(max_size=300) | st.none() | st.integers())
def test_no_formatted_body_is_too_broken(body: str, html: object) -> None:
    with_addresses(body, html)
    assert isinstance(with_addresses(body, f'<a href="https://matrix.to/#/@x:y">{html}<a><mx-reply>'), str)


def test_a_pill_stands_for_its_address_and_a_quotation_for_nothing() -> None:
    html = (
        '<mx-reply><blockquote><a href="https://matrix.to/#/@ani:x">Ani</a> ribut</blockquote></mx-reply>'
        '!bisukan <a href="https://matrix.to/#/%40joko%3Abatang.test?via=x">Bu &amp; Siti</a> 1 jam<br>jualan &lt;3'
    )
    assert with_addresses("?", html).split() == ["!bisukan", "@joko:batang.test", "1", "jam", "jualan", "<3"]
    assert with_addresses("apa adanya", "<b>tanpa pil</b>") == "apa adanya"


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("30 menit", 1800), ("2jam", 7200), ("setengah jam", 1800), ("sehari", 86400), ("dua minggu", 1209600),
        ("1 jam 30 menit", 5400), ("1 jam dan 30 menit", 5400), ("selama 3 hari", 259200),
    ],
)  # fmt: skip
def test_lengths(text: str, seconds: int) -> None:
    assert read_term(text, 0, NOW) == (Term(seconds=seconds), len(text))


def test_a_day_ends_at_its_midnight_and_a_clock_is_the_next_one() -> None:
    def end(text: str) -> datetime:
        found = read_term(text, 0, NOW)
        assert found is not None
        assert found[0] is not None
        assert found[0].until is not None
        return datetime.fromtimestamp(found[0].until / 1000, NOW.tzinfo)

    assert end("sampai 1/12/2026") == datetime(2026, 12, 2, tzinfo=NOW.tzinfo)
    assert end("sampai 5/1") == datetime(2027, 1, 6, tzinfo=NOW.tzinfo)
    assert end("sampai pukul 18.00") == NOW.replace(hour=18)
    assert end("sampai jam 9") == NOW.replace(day=2, hour=9)


def test_lengths_as_people_say_them() -> None:
    assert [spell(one) for one in (1, 90, 3600, 5400, 86_400 * 14)] == [
        "1 detik", "1 menit 30 detik", "1 jam", "1 jam 30 menit", "14 hari",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "order"),
    [
        ("!perlindungan", Order(Verb.PROTECTIONS)),
        ("!perlindungan di ojol", Order(Verb.PROTECTIONS, room="ojol")),
        (
            "!perlindungan banjir mati 1 jam di ojol ada pengumuman",
            Order(Verb.PROTECT_OFF, ("flood",), "ojol", HOUR, reason="ada pengumuman"),
        ),
        ("!perlindungan matikan pesan suara di semua", Order(Verb.PROTECT_OFF, ("voices",), EVERYWHERE)),
        ("!pelindung makian: nyala di ojol --coba", Order(Verb.PROTECT_ON, ("insults",), "ojol", trial=True)),
        ("!daftarcekal", Order(Verb.LISTS)),
        ("!daftar cekal", Order(Verb.LISTS)),
        ("!daftarcekal lihat #a:b.example", Order(Verb.LIST_LOOK, ("#a:b.example",))),
        (
            "!daftarcekal ikut https://matrix.to/#/!ab:c.example?via=d.example --coba",
            Order(Verb.LIST_FOLLOW, ("https://matrix.to/#/!ab:c.example?via=d.example",), trial=True),
        ),
        ("!daftar cekal lepas !v12id", Order(Verb.LIST_LEAVE, ("!v12id",))),
    ],
)
def test_protections_and_lists_are_ordered_by_their_indonesian_names(text: str, order: Order) -> None:
    assert read(text, OPERATIONS) == order


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("!perlindungan banjir", Fault.ON_OR_OFF),
        ("!perlindungan banjr mati", Fault.NO_PROTECTION),
        ("!perlindungan mati", Fault.NO_PROTECTION),
        ("!perlindungan semua mati", Fault.NO_PROTECTION),
        ("!perlindungan banjir mati", Fault.NO_ROOM),
        ("!perlindungan banjir mati di pasar", Fault.UNKNOWN_ROOM),
        ("!daftarcekal ikut", Fault.NO_ADDRESS),
        ("!daftarcekal lihat @budi", Fault.NO_ADDRESS),
        ("!daftarcekal ikt #a:b.example", Fault.MISSPELT),
    ],
)
def test_a_protection_or_list_that_is_not_clear_is_a_slip(text: str, fault: Fault) -> None:
    found = read(text, OPERATIONS)
    assert isinstance(found, Slip)
    assert found.fault is fault


@pytest.mark.parametrize(
    ("text", "order"),
    [
        ("bisukan", Order(Verb.MUTE)),
        ("Bisukan 1 jam", Order(Verb.MUTE, term=HOUR)),
        ("keluarkan karena ribut", Order(Verb.KICK, reason="ribut")),
        ("tegur: mohon jangan jualan", Order(Verb.WARN, reason="mohon jangan jualan")),
        ("!bisukan jualan terus", Order(Verb.MUTE, reason="jualan terus")),
        ("orang", Order(Verb.PERSON)),
    ],
)
def test_under_a_complaint_a_whole_order_needs_no_sign(text: str, order: Order) -> None:
    assert read(text, CARD) == order
    assert text.startswith("!") or read(text, REPLY) is None, "elsewhere it does"


@pytest.mark.parametrize("text", ["bisukan saja pak, kasihan", "keluarkan dia?", "bisukann 1 jam", "hapus saja"])
def test_under_a_complaint_what_may_be_talk_does_nothing_and_is_asked_back_about(text: str) -> None:
    assert isinstance(read(text, CARD), Slip)


@pytest.mark.parametrize(
    "text",
    ["orang ini sudah dua kali", "saya telepon dulu", "pelan-pelan ya", "catat ya", "bantuan segera datang", "siap"],
)
def test_under_a_complaint_officers_talk_in_peace(text: str) -> None:
    assert read(text, CARD) is None


def test_a_pasted_link_keeps_the_servers_that_a_room_is_found_by() -> None:
    link = "https://matrix.to/#/!ab:c.example?via=d.example"
    html = f'!daftarcekal lihat <a href="{link}">Daftar</a>'
    found = read(with_addresses("!daftarcekal lihat Daftar", html), OPERATIONS)
    assert found == Order(Verb.LIST_LOOK, ("!ab:c.example?via=d.example",))
    inside = with_addresses("", '!kunci 1 jam di <a href="https://matrix.to/#/#ojol:batang.test?via=x">x</a> hoaks')
    assert read(inside, Place("batang.test", {"#ojol:batang.test": "ojol"}, NOW)) == Order(
        Verb.LOCK, room="ojol", term=HOUR, reason="hoaks"
    )
