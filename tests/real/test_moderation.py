"""Order kept in a channel of a real Synapse, by orders from Element's SDK: encrypted, from signed devices."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from ordering import SECONDS, refused, scene
from second_client import SecondClientError
from sqlalchemy import select

from bot.demo.process import kentongan
from bot.store.tables import acts, audit, outbox

pytestmark = [pytest.mark.real, pytest.mark.timeout(600)]


async def test_a_mute_holds_over_a_restart_and_ends_by_itself(tmp_path: Path) -> None:
    async with scene(tmp_path) as one:
        world, member = one.world, one.member
        offending = await member.text(one.channel, "jual pulsa murah")
        await one.officer.wait_for(lambda seen: seen.event_id == offending and seen.body, SECONDS)
        order = await one.officer.text(one.channel, "!bisukan 30 detik jualan", reply_to=offending)
        told = await member.wait_for(lambda seen: "hanya bisa membaca" in seen.body, SECONDS)
        assert told.encrypted
        assert told.thread_root == offending
        assert told.content["m.mentions"] == {"user_ids": [member.user_id]}
        await one.carried_out(":mute")
        await refused(member, one.channel)
        await one.officer.wait_for(lambda seen: seen.type == "m.reaction" and seen.sender == world.bot_id, SECONDS)
        pinned = await one.officer.wait_for(lambda seen: "dipakai pertama kali" in seen.body, SECONDS)
        assert pinned.room_id == one.operations

        await world.stop(kill=True)
        await refused(member, one.channel)
        world.start()
        await one.carried_out(":end")
        await member.text(one.channel, "maaf, tidak lagi")
        over = await one.officer.wait_for(lambda seen: "Masa bisu" in seen.body, SECONDS)
        assert over.room_id == one.operations
        [row] = world.rows(select(acts))
        assert (row.kind, row.target, row.event_id, row.ended_by) == ("mute", member.user_id, order, "kentongan")

        # Who leaves and comes back is muted still.
        await one.order("!bisukan @warga 1 hari di ojol jualan lagi")
        await world.until(
            lambda: len(
                [
                    r
                    for r in world.rows(select(outbox.c.key, outbox.c.state))
                    if r.key == "act:2:mute" and r.state == "sent"
                ]
            ),
            "muted",
        )
        await member.do("leave", room=one.channel)
        await one.officer.wait_member(one.channel, member.user_id, "leave")
        await member.join(one.channel)
        await refused(member, one.channel)
        await one.order("!suarakan @warga di ojol")
        await world.until(
            lambda: [
                r
                for r in world.rows(select(outbox.c.key, outbox.c.state))
                if r.key == "act:2:end" and r.state == "sent"
            ],
            "can write",
        )
        await member.text(one.channel, "terima kasih")
        assert await kentongan("audit", "verify", config=world.world.config_path)


async def test_grave_acts_wait_for_their_code_and_an_unproven_device_orders_nothing(tmp_path: Path) -> None:
    async with scene(tmp_path) as one:
        world, member = one.world, one.member
        sent = [await member.text(one.channel, f"promo {number}") for number in range(3)]
        await one.officer.wait_for(lambda seen: seen.event_id == sent[-1] and seen.body, SECONDS)

        # A session that the officer has not verified.
        url, password = world.homeserver.url, world.world.account("petugas").password
        loose = await one.node.login(url, "petugas", password, signed_only=False, cross_sign=False)
        await loose.wait_member(one.operations, world.bot_id)
        doubtful = await loose.text(one.operations, "!keluarkan @warga di ojol spam")
        answer = await one.officer.wait_for(
            lambda seen: seen.sender == world.bot_id and seen.reply_to == doubtful and bool(seen.body), SECONDS
        )
        assert "Verifikasi sesi ini" in answer.body

        swept = await one.order("!hapus 2 @warga di ojol spam")
        assert "2 pesan @warga dihapus" in swept.body
        for event_id in sent[1:]:
            await member.wait_for(lambda seen, gone=event_id: seen.event_id == gone and seen.redacted, SECONDS)
        assert not member.events[sent[0]].redacted

        await one.confirm("!kunci di ojol hoaks beredar")
        await one.carried_out(":lock")
        await refused(member, one.channel)
        await one.officer.text(one.channel, "mohon tenang")
        await one.order("!buka kunci di ojol")
        await one.carried_out(":end")
        await member.text(one.channel, "siap")

        await one.order("!keluarkan @warga di ojol ribut")
        for client in (one.officer, member):
            await client.wait_member(one.channel, member.user_id, "leave")
        await member.join(one.channel)
        await one.officer.wait_member(one.channel, member.user_id)

        asked = await one.order("!cekal @warga 30 hari di ojol penipuan")
        code = re.findall(r"Ketik (\d{6}) di sini", asked.body)[0]
        await world.stop(kill=True)
        world.start()
        typed = await loose.text(one.operations, code)
        answer = await one.officer.wait_for(
            lambda seen: seen.sender == world.bot_id and seen.reply_to == typed and bool(seen.body), SECONDS
        )
        assert "Verifikasi sesi ini" in answer.body
        await one.order(code)
        for client in (one.officer, member):  # whose client believes to be inside asks nothing of the homeserver
            await client.wait_member(one.channel, member.user_id, "ban")
        with pytest.raises(SecondClientError):
            await member.join(one.channel)
        await one.order("!cabut cekal @warga di ojol")
        for client in (one.officer, member):
            await client.wait_member(one.channel, member.user_id, "leave")
        await member.join(one.channel)

        kinds = {row.kind for row in world.rows(select(audit.c.kind))}
        assert {"act.kick", "act.ban", "act.lock", "act.redact", "order.unproven", "order.code_asked"} <= kinds
        assert await kentongan("audit", "verify", config=world.world.config_path)
