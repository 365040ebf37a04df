"""Names of places: villages, districts, roads and landmarks, with the districts they may mean.

Read from a folder of CSV files (`places/`; villages, districts and regency under ODbL 1.0). A name is looked up by
its letters without spaces, so that "ujung negoro" and "Ujungnegoro" are one; what a name in a sentence means is
decided in `bot.incidents.places`.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from bot.incidents.phonetic import Ear
from bot.incidents.words import plain, scan
from bot.problem import ContentError, Problem

MAX_WORDS = 6
"""Names of more words than this are found by their aliases only."""
_WIDE = frozenset(("road", "toll"))


@dataclass(frozen=True)
class Place:
    """One place of the gazetteer."""

    name: str
    kind: str
    """regency | district | village | road | toll | toll_exit | junction | landmark | market | … | outside"""
    code: str | None = None
    """Kepmendagri code, "33.25.11.1015"; for villages also BMKG's adm4."""
    districts: tuple[str, ...] = ()
    """Districts it lies in; none when unknown or outside the regency."""
    latitude: float | None = None
    longitude: float | None = None

    @property
    def exactness(self) -> int:
        """0 a village or a point, 1 a district, 2 a road or an area."""
        if self.kind == "village":
            return 0
        if self.kind == "district":
            return 1
        return 2 if self.kind in _WIDE or len(self.districts) != 1 else 0


class Gazetteer:
    """Every place, by every name it goes by."""

    def __init__(
        self, places: Iterable[Place], aliases: dict[str, list[Place]], cues: dict[str, str], written: dict[str, str]
    ) -> None:
        self.places = tuple(places)
        self.districts = tuple(place.name for place in self.places if place.kind == "district")
        self._by_key = aliases
        self._cues = cues
        self._written = written
        self.keys: tuple[str, ...] = tuple(aliases)
        """Every name as `key` writes it."""

    @cached_property
    def ear(self) -> Ear:
        """Finds the name that misheard letters stand for."""
        return Ear(self.keys)

    def meanings(self, key_: str) -> tuple[Place, ...]:
        """What a name may mean, the most exact first; nothing when it is no name."""
        return tuple(self._by_key.get(key_, ()))

    def written(self, key_: str) -> str:
        """How the name is written that `key_` looks up ("alasroban" → "Alas Roban")."""
        return self._written.get(key_, "")

    def cue(self, key_: str) -> str:
        """What a name needs beside it to count: "" nothing, "any" a word like "di", "strong" a word like "desa"."""
        return self._cues.get(key_, "")


def key(words: Iterable[str]) -> str:
    """How a name is looked up: plain letters and digits without spaces."""
    return "".join(words)


def load_gazetteer(folder: Path) -> Gazetteer:
    """Read the folder. Raises ContentError with every bad row as file and line."""
    reader = _Reader(folder)
    districts = {row["code"]: row["name"] for _, row in reader.rows("districts.csv", "code", "name")}
    names = set(districts.values())
    places: list[Place] = []
    by_key: dict[str, list[Place]] = {}
    written: dict[str, str] = {}

    def add(place: Place, aliases: Iterable[str] = ()) -> None:
        places.append(place)
        for alias in (place.name, *aliases):
            forms = [word.plain for word in scan(alias).words]
            if forms and len(forms) <= MAX_WORDS:
                meanings = by_key.setdefault(key(forms), [])
                written.setdefault(key(forms), alias if alias != alias.lower() else alias.title())
                if place not in meanings:
                    meanings.append(place)

    for _, row in reader.rows("regency.csv", "code", "name"):
        add(Place(row["name"], "regency", row["code"]), (row["name"].removeprefix("Kabupaten "),))
    for code, name in districts.items():
        add(Place(name, "district", code, (name,)), (f"kecamatan {name}", f"{name} kota"))
    for line, row in reader.rows("villages.csv", "code", "district_code", "name", "district"):
        if districts.get(row["district_code"]) != row["district"]:
            reader.wrong("villages.csv", line, f"district {row['district_code']} is not '{row['district']}'")
            continue
        add(
            Place(row["name"], "village", row["code"], (row["district"],), *reader.position("villages.csv", line, row)),
            _parts_of_the_compass(row["name"]),
        )
    for line, row in reader.rows("places.csv", "name", "kind", "districts"):
        where = tuple(part.strip() for part in row["districts"].split(";") if part.strip())
        for unknown in [part for part in where if part not in names]:
            reader.wrong("places.csv", line, f"unknown district '{unknown}'; see districts.csv")
        position = reader.position("places.csv", line, row)
        own = [part.strip() for part in row["name"].split("; ")]
        outside = not where and row["kind"] == "toll_exit"
        for name in own:
            first, *others = [part.strip() for part in name.split(" / ")]
            if row["kind"] == "hazard" and any(
                place.kind == "village" and place.districts == where for place in by_key.get(key(_forms(first)), [])
            ):
                continue  # a village that has a hazard: the village's row says more
            aliases = [part.strip() for part in (row.get("aliases") or "").split(";") if part.strip()]
            add(Place(first, "outside" if outside else row["kind"], None, where, *position), [*others, *aliases])
    for _, row in reader.rows("outside.csv", "name", "kind", optional=True):
        aliases = [part.strip() for part in (row.get("aliases") or "").split(";") if part.strip()]
        add(Place(row["name"], "outside"), aliases)
    cues: dict[str, str] = {}
    for line, row in reader.rows("ambiguous_names.csv", "name", "cue", optional=True):
        if row["cue"] not in ("", "any", "strong"):
            reader.wrong("ambiguous_names.csv", line, f"cue must be empty, any or strong, not '{row['cue']}'")
        if row["cue"]:
            cues[key(_forms(row["name"]))] = row["cue"]
    reader.finish()
    for meanings in by_key.values():
        meanings.sort(key=lambda place: (place.kind == "outside", place.kind == "regency", place.exactness))
    return Gazetteer(places, by_key, cues, written)


_COMPASS = {
    "Utara": ("lor",), "Selatan": ("kidul",), "Timur": ("wetan",), "Barat": ("kulon",), "Tengah": (),
    "Lor": ("utara",), "Kidul": ("selatan",), "Wetan": ("timur",), "Kulon": ("barat",),
}  # fmt: skip


def _parts_of_the_compass(name: str) -> list[str]:
    """People say "Denasri" for Denasri Wetan and Kulon, and "Kemiri kulon" for Kemiri Barat."""
    base, _, side = name.rpartition(" ")
    return [base, *(f"{base} {other}" for other in _COMPASS[side])] if base and side in _COMPASS else []


def _forms(name: str) -> list[str]:
    return [plain(word.plain) for word in scan(name).words]


class _Reader:
    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._problems: list[Problem] = []

    def rows(self, name: str, *columns: str, optional: bool = False) -> list[tuple[int, dict[str, str]]]:
        path = self._folder / name
        if optional and not path.exists():
            return []
        try:
            with path.open(encoding="utf-8-sig", newline="") as handle:
                table = csv.DictReader(handle, strict=True)
                missing = [column for column in columns if column not in (table.fieldnames or ())]
                if missing:
                    self.wrong(name, 1, f"missing column {', '.join(missing)}")
                    return []
                found: list[tuple[int, dict[str, str]]] = []
                for row in table:
                    if None in row or None in row.values():
                        self.wrong(name, table.line_num, f"needs {len(table.fieldnames or ())} columns")
                    elif not row["name"].strip():
                        self.wrong(name, table.line_num, "the name is empty")
                    else:
                        found.append((table.line_num, row))
                return found
        except FileNotFoundError:
            self.wrong(name, 0, "file not found")
        except (OSError, UnicodeDecodeError, csv.Error) as error:
            self.wrong(name, 0, f"cannot be read: {error}")
        return []

    def position(self, name: str, line: int, row: dict[str, str]) -> tuple[float | None, float | None]:
        written = (row.get("lat") or "").strip(), (row.get("lon") or "").strip()
        if written == ("", ""):
            return None, None
        try:
            latitude, longitude = float(written[0]), float(written[1])
        except ValueError:
            self.wrong(name, line, "lat and lon must both be decimal degrees, or both empty")
            return None, None
        if not (-11.5 <= latitude <= 6.5 and 94 <= longitude <= 142):
            self.wrong(name, line, f"lat {latitude}, lon {longitude} is not in Indonesia (lat and lon swapped?)")
        return latitude, longitude

    def wrong(self, name: str, line: int, message: str) -> None:
        self._problems.append(Problem(self._folder / name, line, message))

    def finish(self) -> None:
        if self._problems:
            raise ContentError(self._problems)
