"""Makes the spoken test notes: `python tests/notes/make.py [NAME …]`, once, where espeak-ng is installed (apt install
espeak-ng). The Ogg files are committed; no test needs espeak-ng."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

import yaml

from bot.voice.audio import RATE, encode_opus, segment_of
from bot.voice.decode import Limits, decode

HERE = Path(__file__).parent
VOICES = ("id", "id+m3", "id+f2", "id+m7")
WORDS_A_MINUTE = "140"
DEMO = HERE.parent.parent / "bot" / "demo" / "note.ogg"
DEMO_NOTE = "kecelakaan"
LIMITS = Limits(max_bytes=50_000_000, max_seconds=300, wall_seconds=60)


def speak(text: str, voice: str) -> bytes:
    """One sentence as PCM."""
    with tempfile.TemporaryDirectory() as folder:
        wav = Path(folder) / "spoken.wav"
        subprocess.run(["espeak-ng", "-v", voice, "-s", WORDS_A_MINUTE, "-w", str(wav), text], check=True)
        return bytes(decode(wav, LIMITS).pcm)


def main() -> None:
    """The notes of notes.yaml that are named, or all; and the demo's."""
    wanted = sys.argv[1:]
    notes = yaml.safe_load((HERE / "notes.yaml").read_text(encoding="utf-8"))["notes"]
    for number, (name, note) in enumerate(notes.items()):
        if wanted and name not in wanted:
            continue
        sentences = note["text"] if isinstance(note["text"], list) else [note["text"]]
        pause = bytes(int(RATE * note.get("pause", 0)) * 2)
        voice = note.get("voice", VOICES[number % len(VOICES)])
        sound = segment_of(b"")
        for sentence in sentences:
            sound += segment_of(speak(sentence, voice)) + segment_of(pause)
        encode_opus(sound.raw_data, HERE / f"{name}.ogg")
        print(f"{name}: {len(sound) / 1000:.1f} s, {(HERE / f'{name}.ogg').stat().st_size} bytes, {voice}")
        if name == DEMO_NOTE:
            encode_opus(sound.raw_data, DEMO)


if __name__ == "__main__":
    main()
