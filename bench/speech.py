"""How fast, how right and how big is `kentongan transcribe`, beside a plain faster-whisper loop?

A folder of clips with a reference beside each (`note.ogg`, `note.txt`; any container that voice notes have). Both
sides hear the same files with the same model in int8 and language "id", each as a process of its own: the clock runs
from its start to its end, so importing, loading the model, workers and output count. The peer is what the README of
faster-whisper shows: one model, its own number of threads, `transcribe(file, language="id")` one file after the
other with every option as it is. The two alternate: ours, peer, peer, ours, and so on.

Without clips of your own, `--make` speaks some with espeak-ng (a robot's voices: fit to compare two programs on the
same sound, unfit to say how well anybody's speech is understood).

    .venv/bin/python bench/speech.py --make /dev/shm/clips --notes 40
    .venv/bin/python bench/speech.py /dev/shm/clips [--rounds 2] [--model base] [--long]
"""

from __future__ import annotations

import argparse
import json
import os
import re
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import psutil
import yaml
from rapidfuzz.distance import Levenshtein

from bot.language.numbers import digits
from bot.voice.audio import encode_opus, seconds_of
from bot.voice.decode import Limits, decode
from bot.voice.models import find_model

ROOT = Path(__file__).resolve().parents[1]
SOUNDS = (".ogg", ".opus", ".m4a", ".wav", ".mp3", ".webm", ".flac")
VARIANTS = {
    "dimana": "di mana",
    "kemana": "ke mana",
    "darimana": "dari mana",
    "silahkan": "silakan",
    "pantura": "pantura",
}
VOICES = ("id", "id+m3", "id+f2", "id+m7", "id+f4", "id+m1")
SPEEDS = ("130", "145", "160")
SHORTEST, LONGEST = 3.0, 8.0
MB = 1 << 20
PEER = """
import json, sys
from faster_whisper import WhisperModel
model = WhisperModel(sys.argv[1], device="cpu", compute_type="int8")
for file in sys.argv[2:]:
    segments, _ = model.transcribe(file, language="id")
    print(json.dumps({"file": file, "text": " ".join(one.text.strip() for one in segments)}), flush=True)
"""


@dataclass(frozen=True)
class Run:
    """One side, once."""

    seconds: float
    texts: dict[str, str]
    peak_mb: float
    """The highest proportional set size of any one of its processes."""


def words(text: str) -> list[str]:
    """What is compared: small letters, no punctuation, spelling variants and number words as one form."""
    plain = re.sub(r"[^\w\s]", " ", text.lower())
    for variant, usual in VARIANTS.items():
        plain = re.sub(rf"\b{variant}\b", usual, plain)
    return digits(plain.split())


def word_errors(references: dict[str, str], texts: dict[str, str]) -> float:
    """Word error rate over all clips together, percent."""
    wrong = total = 0
    for name, reference in references.items():
        expected = words(reference)
        wrong += Levenshtein.distance(expected, words(texts.get(name, "")))
        total += len(expected)
    return 100 * wrong / max(total, 1)


def measure(command: list[str]) -> Run:
    """Run a side and watch how big its processes become."""
    peak = 0.0
    started = time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    over = threading.Event()

    def watch() -> None:
        nonlocal peak
        while not over.wait(0.2):
            peak = max([peak, *sizes(process.pid)])

    watcher = threading.Thread(target=watch)
    watcher.start()
    output, _ = process.communicate()
    seconds = time.monotonic() - started
    over.set()
    watcher.join()
    lines = [json.loads(line) for line in output.splitlines() if line.startswith("{")]
    if not lines:
        raise SystemExit(f"{command[0]} heard nothing (exit code {process.returncode})")
    return Run(seconds, {Path(line["file"]).name: line.get("text", "") for line in lines}, peak)


def sizes(pid: int) -> Iterable[float]:
    """Megabytes of every process of a family, without those that end meanwhile."""
    try:
        family = [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]
    except psutil.Error:
        return
    for one in family:
        try:
            yield one.memory_full_info().pss / MB
        except psutil.Error:
            continue


def compare(folder: Path, model: str, rounds: int) -> None:
    """Both sides over all clips, in turn."""
    clips = sorted(path for path in folder.iterdir() if path.suffix in SOUNDS and path.with_suffix(".txt").exists())
    if not clips:
        raise SystemExit(f"{folder}: no clip with a .txt of the same name beside it; make some: --make {folder}")
    references = {clip.name: clip.with_suffix(".txt").read_text(encoding="utf-8") for clip in clips}
    length = sum(length_of(clip) for clip in clips)
    files = [str(clip) for clip in clips]
    sides = {
        "kentongan": [
            str(Path(sys.executable).with_name("kentongan")),
            "transcribe",
            "--json",
            "--model",
            model,
            *files,
        ],
        "faster-whisper": [sys.executable, "-c", PEER, str(find_model(model)), *files],
    }
    print(
        f"{len(clips)} clips, {length:.0f} s of sound, model {model}, {os.cpu_count()} cores,"
        f" load {os.getloadavg()[0]:.1f}"
    )
    runs: dict[str, list[Run]] = {side: [] for side in sides}
    for number in range(rounds):
        for side in sides if number % 2 == 0 else reversed(sides):
            run = measure(sides[side])
            runs[side].append(run)
            print(f"round {number + 1} {side:15} {run.seconds:6.1f} s, WER {word_errors(references, run.texts):5.1f} %,"
                  f" largest process {run.peak_mb:.0f} MB, load {os.getloadavg()[0]:.1f}", flush=True)  # fmt: skip
    ours, theirs = (statistics.median(run.seconds for run in runs[side]) for side in sides)
    errors = [word_errors(references, runs[side][-1].texts) for side in sides]
    print(
        f"throughput: {theirs / ours:.2f} times the peer's"
        f" ({length / ours:.1f} and {length / theirs:.1f} seconds of sound a second)"
    )
    print(f"WER: {errors[0]:.1f} % and {errors[1]:.1f} %, difference {errors[0] - errors[1]:+.1f} points")


def longest(folder: Path, model: str, minutes: float) -> None:
    """How big a worker becomes over a note of many minutes: the clips again and again."""
    sound = bytearray()
    clips = sorted(path for path in folder.iterdir() if path.suffix in SOUNDS)
    while seconds_of(bytes(sound)) < minutes * 60:
        for clip in clips:
            sound += decode(clip, Limits(50_000_000, 900, 60)).pcm
    note = folder / "long.note"
    encode_opus(bytes(sound[: int(minutes * 60 * 32_000)]), note)
    kentongan = str(Path(sys.executable).with_name("kentongan"))
    run = measure([kentongan, "transcribe", "--json", "--model", model, str(note)])
    note.unlink()
    heard = len(next(iter(run.texts.values())).split())
    print(f"one note of {minutes:g} minutes: {run.seconds:.0f} s, {heard} words, largest process {run.peak_mb:.0f} MB")


def length_of(clip: Path) -> float:
    """Seconds of sound."""
    return seconds_of(bytes(decode(clip, Limits(50_000_000, 900, 60)).pcm))


def make(folder: Path, notes: int) -> None:
    """Speak messages of the development sets with espeak-ng, those that last 3 to 8 seconds."""
    folder.mkdir(parents=True, exist_ok=True)
    texts = [one["text"] for file in sorted((ROOT / "tests" / "incidents").glob("dev*.yaml"))
             for one in yaml.safe_load(file.read_text(encoding="utf-8"))["messages"]]  # fmt: skip
    made = 0
    for number, text in enumerate(texts[:: max(len(texts) // (notes * 2), 1)]):
        wav = folder / "spoken.wav"
        voice, speed = VOICES[number % len(VOICES)], SPEEDS[number % len(SPEEDS)]
        subprocess.run(["espeak-ng", "-v", voice, "-s", speed, "-w", str(wav), text], check=True)
        pcm = bytes(decode(wav, Limits(50_000_000, 900, 60)).pcm)
        wav.unlink()
        if SHORTEST <= seconds_of(pcm) <= LONGEST and made < notes:
            encode_opus(pcm, folder / f"{made:03}.ogg")
            (folder / f"{made:03}.txt").write_text(text + "\n", encoding="utf-8")
            made += 1
    print(f"{made} clips in {folder}, spoken by espeak-ng")


def main() -> None:
    """Make clips, or compare on those that are there."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", type=Path, nargs="?")
    parser.add_argument("--make", type=Path, metavar="FOLDER")
    parser.add_argument("--notes", type=int, default=40)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--model", default="base")
    parser.add_argument("--long", type=float, metavar="MINUTES", help="only the memory over one long note")
    given = parser.parse_args()
    if given.make is not None:
        make(given.make, given.notes)
    elif given.folder is None:
        parser.error("a folder of clips, or --make FOLDER")
    elif given.long:
        longest(given.folder, given.model, given.long)
    else:
        compare(given.folder, given.model, given.rounds)


if __name__ == "__main__":
    main()
