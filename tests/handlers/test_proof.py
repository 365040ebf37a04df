"""Who an order surely comes from: encrypted, a signed device, and the key that was shown first."""

from __future__ import annotations

import pytest
from handlers_world import OPERATIONS, Event, Take, audited, sent
from moderation_world import ANI, BUDI, KEYS, Give, all_acts, code_in, furnish, giving, out, payloads, said, staffed
from sqlalchemy import Engine

from bot.event import Trust
from bot.handlers.desk import Desk
from bot.store import officerkeys


@pytest.fixture
def desk(desk: Desk) -> Desk:
    return staffed(desk)


@pytest.fixture(autouse=True)
def channel(engine: Engine) -> None:
    furnish(engine)


@pytest.fixture
def give(take: Take, event: Event) -> Give:
    return giving(take, event)


MUTE = "!bisukan @joko 1 jam di ojol"


@pytest.mark.parametrize(
    ("values", "remedy"),
    [
        ({"trust": Trust.CLEAR, "encrypted_room": False, "master_key": None}, "Nyalakan enkripsi"),
        ({"trust": Trust.CLEAR}, "terenkripsi"),
        ({"trust": Trust.UNPROVEN}, "belum mengenal perangkat"),
        ({"master_key": None}, "Verifikasi sesi ini"),
    ],
)
async def test_what_is_not_proven_is_refused_with_the_remedy(
    give: Give, engine: Engine, values: dict[str, object], remedy: str
) -> None:
    order = await give(MUTE, **values)
    assert remedy in said(engine, order)
    assert out(engine) == []
    assert "order.unproven" in audited(engine)
    with engine.connect() as connection:
        assert officerkeys.pinned(connection, ANI) is None


async def test_the_first_key_is_pinned_told_and_audited(give: Give, engine: Engine) -> None:
    await give(MUTE)
    await give("!suarakan @joko di ojol")
    assert len(payloads(engine, "officer.pinned")) == 1
    told = [row for row in sent(engine, OPERATIONS) if row["key"].startswith("pinned:")]
    assert ["AniM aste rKey" in row["content"]["body"] for row in told] == [True]
    assert payloads(engine, "act.mute")[0]["key"] == KEYS[ANI]


async def test_another_key_is_refused_and_told_once_for_each(give: Give, engine: Engine) -> None:
    await give(MUTE)
    for key in ("Lain", "Lain", "Ketiga"):
        order = await give("!suarakan @joko di ojol", master_key=key)
        assert "bukan yang bot kenal" in said(engine, order)
    told = [row["content"]["body"] for row in sent(engine, OPERATIONS) if row["key"].startswith("other-key:")]
    assert len(told) == 2
    assert "menyamar" in told[0]
    assert len(payloads(engine, "officer.key_refused")) == 3
    assert all_acts(engine)[0].ended_at is None


async def test_a_colleague_vouches_for_a_new_key_with_a_code(give: Give, engine: Engine) -> None:
    await give(MUTE, BUDI)
    await give("!suarakan @joko di ojol", BUDI, master_key="Baru")
    order = await give("!percaya @budi")
    await give(code_in(said(engine, order)))
    await give("!suarakan @joko di ojol", BUDI, master_key="Baru")
    assert all_acts(engine)[0].ended_by == BUDI
    [payload] = payloads(engine, "officer.vouched")
    assert (payload["officer"], payload["key"], payload["by"]) == (BUDI, "Baru", ANI)
    old = await give(MUTE, BUDI)
    assert "bukan yang bot kenal" in said(engine, old)


async def test_nobody_vouches_for_themselves_for_strangers_or_for_what_has_changed_meanwhile(
    give: Give, engine: Engine
) -> None:
    assert "orang lain" in (own := said(engine, await give("!percaya @ani")))
    assert "kentongan rooms officer trust" in own, "where there is no other"
    assert "bukan petugas" in said(engine, await give("!percaya @joko"))
    assert "Tidak ada kunci baru" in said(engine, await give("!percaya @budi"))
    assert "Minta komandan" in said(engine, await give("!percaya @ani", BUDI))
    await give(MUTE, BUDI)
    await give(MUTE, BUDI, master_key="Baru")
    order = await give("!percaya @budi")
    await give(MUTE, BUDI, master_key="LainLagi")
    answer = await give(code_in(said(engine, order)))
    assert "berubah lagi" in said(engine, answer)
    with engine.connect() as connection:
        assert officerkeys.pinned(connection, BUDI) == officerkeys.Pin(KEYS[BUDI], "LainLagi")


async def test_help_and_lists_need_no_proof_since_they_do_nothing(give: Give, engine: Engine) -> None:
    assert "Perintah penertiban" in said(engine, await give("!bantuan", master_key=None))
    assert "Tidak ada tindakan" in said(engine, await give("!daftar", master_key=None))
