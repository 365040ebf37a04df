"""The examples of docs/buletin.md: the page, each bulletin as HTML, and its picture at a phone's width.

    PYTHONPATH=. python tests/bulletins/examples.py    writes them; pictures need chromium

Everything in them is made up but the templates and tips, which are those that are shipped. `test_examples.py` holds
page, HTML and pictures against what would be written now.
"""
# ruff: noqa: E402, E501 - it runs by itself, and a page has long lines

from __future__ import annotations

import datetime as dt
import hashlib
import shutil
import struct
import subprocess
import sys
import tempfile
import zlib
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(Path(__file__).parent))

from bulletins_world import at
from outside_world import CONTENT, LIST, PLACES, Sky, alert, bulletin, forecast, quakes

from bot.bulletins import asked
from bot.bulletins.facts import Count, Note, Obstacle, Reading, Statistics
from bot.bulletins.model import Operation
from bot.incidents.loader import load_rules
from bot.markup import Message, render

PAGE = ROOT / "docs/buletin.md"
FOLDER = ROOT / "docs/buletin"
TITLES = load_rules(ROOT / "flows/incidents").title
WORDS_A_MINUTE = 200
WIDTH = 390
"""CSS pixels of a usual phone."""

DRY = (("Cerah Berawan", 26, 0, 6), ("Cerah Berawan", 29, 0, 9), ("Berawan", 31, 0, 12), ("Berawan", 29, 0, 12),
       ("Cerah Berawan", 27, 0, 8), ("Cerah", 25, 0, 5), ("Cerah", 24, 0, 4), ("Cerah", 23, 0, 4))  # fmt: skip
WET = (("Berawan", 25, 0, 6), ("Hujan Ringan", 27, 1, 11), ("Hujan Petir", 26, 8, 18), ("Hujan Petir", 25, 9, 20),
       ("Hujan Ringan", 24, 2, 9), ("Berawan", 23, 0, 6), ("Berawan", 22, 0, 4), ("Kabut", 21, 0, 3))  # fmt: skip
WINDY = (("Berawan", 26, 0, 19), ("Berawan", 28, 0, 26), ("Hujan Ringan", 28, 1, 30), ("Berawan", 27, 0, 28),
         ("Berawan", 26, 0, 22), ("Berawan", 26, 0, 20), ("Berawan", 25, 0, 18), ("Berawan", 25, 0, 18))  # fmt: skip
Day = tuple[tuple[str, float, float, float], ...]


@dataclass(frozen=True)
class Scene:
    """A bulletin of one channel on some day."""

    name: str
    title: str
    """What this example is about."""
    slot: str
    room: str
    room_title: str
    since: str
    at: str
    until: str
    days: tuple[Day, ...] = (DRY, DRY, WET, WINDY)
    """For each place of the forecast."""
    counts: tuple[Count, ...] = ()
    more: dict[str, Any] = field(default_factory=dict)
    readings: dict[str, Reading] = field(default_factory=dict)

    def message(self) -> tuple[Message, tuple[str, ...]]:
        """(as it is sent, what it lacked)."""
        now = at(self.at)
        fresh = {
            asked.forecast(place.adm4): Reading(self._forecast(day, now), now)
            for place, day in zip(PLACES, self.days, strict=True)
        }
        fresh |= {
            asked.QUAKES: Reading(quakes(("2020-01-01 00:00", "II Kendal")), now),
            asked.NOWCAST: Reading(LIST, now),
        }
        composed = bulletin(
            fresh | self.readings,
            slot=self.slot,
            date=now.date(),
            room=self.room,
            room_title=self.room_title,
            now=now,
            since=at(self.since),
            until=at(self.until),
            statistics=Statistics(at(self.since), now, self.counts),
            title=TITLES,
            **self.more,
        )
        return render(composed.markdown), composed.missing

    def _forecast(self, day: Day, now: dt.datetime) -> bytes:
        # BMKG forecasts for 00, 03, 06 … UTC.
        start = now.replace(hour=(now.hour - 1) // 3 * 3 + 1, minute=0)
        skies: tuple[Sky, ...] = tuple(
            (f"{start + dt.timedelta(hours=3 * step):%Y-%m-%d %H:%M}", *day[step]) for step in range(len(day))
        )
        made = (now - dt.timedelta(hours=8)).astimezone(dt.UTC)
        return forecast(skies, analysed=f"{made:%Y-%m-%dT%H:%M:%S}")


LILIN = Operation(
    title="Operasi Lilin Candi",
    text="Capek di jalan? Mampir dulu di pos terdekat.",
    source="Polda Jateng",
    since=dt.date(2025, 12, 20),
    until=dt.date(2026, 1, 2),
)
SCENES = (
    Scene(
        "pagi-ojol", "Pagi yang biasa, kanal ojol", "pagi", "ojol", "Ojol Kamtibmas",
        "2026-12-01 20:00", "2026-12-02 07:00", "2026-12-02 15:30",
    ),
    Scene(
        "sore-ojol", "Sore yang ramai: peringatan, gempa, pohon tumbang", "sore", "ojol", "Ojol Kamtibmas",
        "2026-12-03 07:00", "2026-12-03 15:30", "2026-12-03 20:00", days=(WET, WET, WET, WINDY),
        counts=(Count("laka_lantas", "Subah", 2), Count("banjir", "Batang", 1)),
        more={"obstacles": (
            Obstacle("pohon_tumbang", "Gringsing", ("Plelen",), at("2026-12-03 14:10")),
            Obstacle("laka_lantas", "Subah", ("Alas Roban",), at("2026-12-03 13:25")),
        )},
        readings={
            asked.entry(asked.NOWCAST, "contoh"): Reading(
                alert(event="Hujan Lebat disertai Petir", expires="2026-12-03T17:40:00+07:00",
                      sent="2026-12-03T15:00:00+07:00", description="Kab. Batang: Bandar, Blado, Reban"),
                at("2026-12-03 15:25"),
            ),
            asked.QUAKES: Reading(
                quakes(("2026-12-03 11:42", "II Batang"), Wilayah="Pusat gempa di laut 31 km utara Batang"),
                at("2026-12-03 15:25"),
            ),
        },
    ),
    Scene(
        "malam-desa", "Malam menjelang Natal, dengan catatan petugas dan masa operasi", "malam", "desa-siaga",
        "Desa Siaga", "2025-12-24 15:30", "2025-12-24 20:00", "2025-12-25 07:00",
        counts=(Count("curanmor", "Limpung", 1),),
        more={
            "content": CONTENT.model_copy(update={"operations": (LILIN,)}),
            "notes": (Note("Parkir Alun-alun dipindah ke utara sampai pukul 22.00", at("2025-12-24 17:00")),),
        },
    ),
    Scene(
        "pagi-nelayan", "Pagi di kanal nelayan, BMKG sedang tidak terjangkau untuk gempa", "pagi", "nelayan",
        "Nelayan Batang", "2026-12-03 20:00", "2026-12-04 07:00", "2026-12-04 15:30",
        readings={asked.QUAKES: Reading(quakes(("2020-01-01 00:00", "II Kendal")), at("2026-12-04 04:20"), "menjawab 503")},
    ),
)  # fmt: skip


def spoken(body: str) -> int:
    """Words and numbers that are read, without marks."""
    return sum(any(char.isalnum() for char in word) for word in body.split())


def seconds(words: int) -> int:
    """Of reading without haste."""
    return round(words * 60 / WORDS_A_MINUTE)


def page() -> str:
    """docs/buletin.md."""
    parts = [_HEAD]
    for scene in SCENES:
        message, missing = scene.message()
        words = spoken(message.body)
        lacking = f" Di pratinjau tertulis juga: *tanpa {'; '.join(missing)}*." if missing else ""
        parts.append(
            f"## {scene.title}\n\n"
            f"![{scene.title}](buletin/{scene.name}.png)\n\n"
            f"```text\n{message.body}\n```\n\n"
            f"{words} kata, sekitar {seconds(words)} detik membaca. "
            f"[Bentuk HTML-nya](buletin/{scene.name}.html).{lacking}\n"
        )
    return "\n".join(parts)


_HEAD = """\
# Buletin Kamtibmas: contoh

Begini bunyi buletin di ponsel warga. Templat dan tipsnya asli; **kejadian, cuaca, peringatan, dan gempanya karangan**, hanya untuk contoh.

Bagian yang tidak punya kabar tidak muncul. Yang tidak diketahui tidak ditebak: sumber yang mati atau basi ditinggalkan, dan petugas membacanya di
pratinjau beserta umurnya. Selama ada peringatan yang berlaku, tips tidak ikut.

| bagian | dari mana | kapan tidak muncul |
|---|---|---|
| peringatan | peringatan dini BMKG dan CAP instansi, hanya yang berlaku untuk kabupaten kita | tidak ada, sudah lewat, latihan, atau untuk daerah lain |
| di jalan | kejadian yang sudah dipastikan petugas dan belum selesai; jalan dan kecamatan saja | tidak ada |
| cuaca | prakiraan BMKG untuk jam-jam sampai slot berikutnya | prakiraannya basi atau tidak memuat jam itu |
| gempa | gempa BMKG yang terasa di sini sejak slot sebelumnya | tidak ada |
| situasi | hitungan kejadian yang sudah dipastikan petugas | basis data tidak ada |
| catatan, masa operasi | petugas; `rooms/bulletins.yaml` | tidak ada untuk hari dan kanal itu |
| tips | `rooms/tips.yaml`, bergilir | ada peringatan |

Halaman ini dibuat oleh `tests/bulletins/examples.py`, jangan disunting. Yang mengatur isinya: [petunjuk petugas](petugas.md#buletin).
"""


def html(scene: Scene) -> str:
    """The bulletin as a page of its own: what Element shows of it, on paper."""
    message, _ = scene.message()
    return _PAGE.format(title=escape(scene.title), width=WIDTH, body=message.formatted_body, slot=escape(scene.at[-5:]))


_PAGE = """\
<!doctype html>
<html lang="id"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{title}</title>
<style>
body {{ margin: 0; padding: 12px; max-width: {width}px; box-sizing: border-box; background: #fff; color: #1b1d22;
  font: 16px/1.4 "Inter", "Noto Sans", "DejaVu Sans", sans-serif; }}
.who {{ font-weight: 600; color: #0467dd; margin-bottom: 4px; }} .who small {{ color: #656d77; font-weight: 400; }}
.said {{ background: #f0f2f5; border-radius: 12px; padding: 10px 12px; }}
.said p {{ margin: 0 0 8px; }} .said p:last-child {{ margin: 0; }} .said ul {{ margin: 0 0 8px; padding-left: 20px; }}
</style>
<div class="who">Kentongan <small>{slot}</small></div>
<div class="said">{body}</div>
</html>
"""


def digest(text: str) -> str:
    """What a picture was taken of."""
    return hashlib.sha256(text.encode()).hexdigest()


def taken_of(picture: bytes) -> str | None:
    """The digest that a picture carries (a tEXt chunk of PNG)."""
    place = picture.find(b"tEXtSource\0")
    if place < 0:
        return None
    (length,) = struct.unpack(">I", picture[place - 4 : place])
    return picture[place + 11 : place + 4 + length].decode("latin-1")


def _photograph(file: Path, text: str) -> None:
    """Two shots: the first finds how high the page is."""
    browser = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if browser is None:
        print("no chromium: the pictures stay as they are, and test_examples.py will say so", file=sys.stderr)
        return
    # A window is at least 500 pixels wide: a phone's page, magnified to that.
    window = 500
    shown = text.replace("<style>", f"<style>html {{ zoom: {window / WIDTH:.4f} }}", 1)
    measure = "<script>document.title = Math.ceil(document.body.getBoundingClientRect().height)</script></html>"
    with tempfile.TemporaryDirectory() as folder:
        at_, shot = Path(folder, "page.html"), Path(folder, "shot.png")
        call = [
            browser,
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--hide-scrollbars",
            f"--user-data-dir={folder}/me",
        ]
        at_.write_text(shown.replace("</html>", measure))
        dumped = subprocess.run(
            [*call, f"--window-size={window},800", "--dump-dom", at_.as_uri()],
            capture_output=True,
            text=True,
            check=True,
        )
        height = int(dumped.stdout.partition("<title>")[2].partition("<")[0])
        at_.write_text(shown)
        subprocess.run(
            [*call, f"--window-size={window},{height}", f"--screenshot={shot}", at_.as_uri()],
            capture_output=True,
            check=True,
        )
        raw = shot.read_bytes()
    chunk = b"tEXt" + b"Source\0" + digest(text).encode()
    end = raw.rindex(b"IEND") - 4
    file.write_bytes(
        raw[:end] + struct.pack(">I", len(chunk) - 4) + chunk + struct.pack(">I", zlib.crc32(chunk)) + raw[end:]
    )


def main() -> None:
    """Write everything."""
    FOLDER.mkdir(exist_ok=True)
    PAGE.write_text(page())
    for scene in SCENES:
        text = html(scene)
        (FOLDER / f"{scene.name}.html").write_text(text)
        picture = FOLDER / f"{scene.name}.png"
        if not picture.exists() or taken_of(picture.read_bytes()) != digest(text):
            _photograph(picture, text)


if __name__ == "__main__":
    main()
