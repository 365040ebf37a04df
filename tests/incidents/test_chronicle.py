"""The history of an incident as officers read it on a phone."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest

from bot.incidents.chronicle import MOST_ACTS, MOST_REPORTS, Act, Chronicle, Told, Version, act_line, render_chronicle
from bot.incidents.lifecycle import Status
from bot.markup import render

WIB = ZoneInfo("Asia/Jakarta")
AT = 1_795_000_000_000
DAY = 86_400_000


def told(number: int = 1, **values: object) -> Told:
    base: dict[str, object] = {
        "transmission_id": number, "event_id": f"$e{number}", "sent_at": AT, "kind": "voice", "role": "report",
        "score": 1.0, "reasons": {"first": 1.0}, "by": None, "state": "heard", "channel": "Ojol",
        "duration_ms": 8_400, "versions": (Version(1, "alas roman macet", "Alas Roban macet", None, AT, 0.71,
        (), "base"),),
    }  # fmt: skip
    return Told(**(base | values))  # type: ignore[arg-type]


def chronicle(*reports: Told, acts: tuple[Act, ...] = ()) -> Chronicle:
    return Chronicle(7, "Kemacetan", "info", Status.BARU, "Subah", AT, told=reports, acts=acts)


def test_what_was_heard_and_what_was_put_right_stand_side_by_side() -> None:
    body = render(render_chronicle(chronicle(told()), WIB)).body
    assert "pesan suara 0.08" in body
    assert "terdengar, yakin 71 %" in body
    assert "“alas roman macet”" in body
    assert "nama dibetulkan: “Alas Roban macet”" in body


def test_a_link_says_its_score_and_its_reasons() -> None:
    linked = told(2, score=0.82, reasons={"kind": 1.0, "place": 1.0, "time": 0.9, "words": 0.2, "said": 0.0})
    body = render(render_chronicle(chronicle(told(), linked), WIB)).body
    assert "tautan 82 % (jenis 100 %, tempat 100 %, waktu 90 %, kata 20 %)" in body
    merged = told(3, reasons={"merged": 4}, by="@ani:x")
    assert "digabung dari #4 oleh @ani" in render(render_chronicle(chronicle(merged), WIB)).body


def test_each_day_stands_once_and_acts_say_who_and_why() -> None:
    acts = (
        Act(AT, "kentongan", "opened", None, "baru"),
        Act(AT, "@ani:x", "status", "baru", "ditinjau"),
        Act(AT + DAY, "@budi:x", "status", "ditinjau", "selesai", "sudah lancar"),
    )
    body = render(render_chronicle(chronicle(told(), acts=acts), WIB)).body
    assert body.count("18.11.2026") == 1
    assert body.count("19.11.2026") == 1
    assert "baru → ditinjau · @ani" in body
    assert "ditinjau → selesai (sudah lancar) · @budi" in body


@pytest.mark.parametrize(
    ("act", "words"),
    [
        (Act(0, "@a:x", "linked", None, "2", "report"), "nomor 2 ditautkan ke sini"),
        (Act(0, "@a:x", "linked", None, "99", "report"), "satu laporan ditautkan ke sini"),
        (Act(0, "@a:x", "corrected", "1", "2"), "nomor 1 dikoreksi: versi 2"),
        (Act(0, "@a:x", "split", "2", "8", "score 0.8"), "satu laporan dipisah ke #8"),
        (Act(0, "@a:x", "split", "3", None, "#3"), "dipisah dari #3"),
        (Act(0, "@a:x", "undone", "ditangani", None, "$event"), "langkah ke 'ditangani' dibatalkan"),
        (Act(0, "@a:x", "noted", reason="telepon 081234567890"), "catatan: telepon [nomor]"),
        (Act(0, "@a:x", "category", "banjir", "rob"), "kategori Banjir → rob"),
        (Act(0, "@a:x", "place", None, "Subah", "desa Subah"), "tempat belum pasti → Subah (desa Subah)"),
        (Act(0, "@a:x", "claimed", "@b:x", None), "diambil alih dari @b"),
        (Act(0, "@a:x", "kept", None, "31.12.2026", "sidang"), "rekaman disimpan sampai 31.12.2026 (sidang)"),
        (Act(0, "@a:x", "something new"), "something new"),
    ],
)
def test_every_act_has_words(act: Act, words: str) -> None:
    one = Chronicle(7, "Banjir", "info", Status.BARU, "", AT, told=(told(1), told(2)), titles={"banjir": "Banjir"})
    assert act_line(act, one) == words


def test_words_of_people_are_masked_and_format_nothing() -> None:
    evil = told(versions=(Version(1, "**x** <b>y</b> [a](https://evil.example) G 4821 QX\n# z", "", None, AT),))
    message = render(render_chronicle(chronicle(evil), WIB))
    assert "4821" not in message.body
    assert "<b>" not in message.formatted_body
    assert "href" not in message.formatted_body
    assert "<h1>" not in message.formatted_body


def test_a_long_one_fits_into_an_event_and_says_where_the_rest_is() -> None:
    many = [told(number, versions=(Version(1, "kata " * 400, "", None, AT),)) for number in range(200)]
    acts = tuple(Act(AT + number * 1000, "@a:x", "noted", reason="catatan " * 40) for number in range(500))
    text = render_chronicle(chronicle(*many, acts=acts), WIB)
    message = render(text)
    assert "kentongan incidents show 7" in text
    assert f"{200 - MOST_REPORTS} lagi" in text
    assert message.body.count("catatan: ") == MOST_ACTS
    for word in ("kata", "🚨🚨🚨🚨"):  # four bytes a letter
        versions = tuple(Version(number, f"{word} " * 400, "", None, AT) for number in range(1, 9))
        longest = chronicle(*[told(number, versions=versions) for number in range(200)], acts=acts)
        message = render(render_chronicle(longest, WIB))
        assert len(message.body.encode()) + len(message.formatted_body.encode()) < 45_000
