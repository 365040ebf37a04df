"""Entries as an export gets them."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from bot.exports.entry import Entry
from bot.incidents.lifecycle import Status
from bot.incidents.rules import Urgency

WIB = ZoneInfo("Asia/Jakarta")
NOON = datetime(2026, 11, 22, 12, 0, 5, 123456, tzinfo=WIB)
FLOOD = Entry(
    7, NOON, NOON, "banjir", "Banjir", "Met", Urgency.SEGERA, Status.BARU, "Subah", "Kalimanggis, Kec. Subah",
    ("33.25.09.2008",), "banjir selutut, hubungi [nomor]", 2, "ojol", location=(-6.95, 109.87),
)  # fmt: skip
HIDDEN = Entry(
    8, NOON.replace(hour=0, minute=0, second=0), NOON, "kdrt", "Kekerasan dalam rumah tangga", "Security",
    Urgency.DARURAT, Status.DITANGANI, "Pecalungan", "", ("33.25.14",), "", 1, "", private=True,
)  # fmt: skip

_texts = st.text(max_size=80)
entries = st.builds(
    Entry,
    id=st.integers(1, 10**9),
    opened=st.datetimes(min_value=datetime(1971, 1, 1), max_value=datetime(2200, 1, 1), timezones=st.just(WIB)),
    updated=st.just(NOON),
    category=st.sampled_from(["banjir", "laka_lantas", "tidak_jelas"]),
    title=_texts,
    cap=st.sampled_from(["Met", "Fire", "Other", "CBRNE"]),
    urgency=st.sampled_from(list(Urgency)),
    status=st.sampled_from(list(Status)),
    district=st.one_of(st.none(), _texts),
    place=_texts,
    codes=st.lists(st.sampled_from(["33.25.09", "33.25.09.2008"]), max_size=2).map(tuple),
    text=_texts,
    reports=st.integers(1, 99),
    channel=st.sampled_from(["", "ojol"]),
    private=st.just(False),
    verified=st.booleans(),
    location=st.one_of(st.none(), st.tuples(st.floats(-90, 90), st.floats(-180, 180))),
)
