"""Words into sound: a synthesiser that is installed beside us, run as a program of its own with a time limit.

espeak-ng is a robot's voice that speaks Indonesian and is in every Debian. Piper sounds human, and is used by the path
of a voice; no Indonesian voice could be had when this was written, so that path has never been run with one.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
from dataclasses import dataclass
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Protocol

from bot.config import Bulletins
from bot.voice.audio import describe, encode_opus
from bot.voice.decode import Limits, decode
from bot.voice.errors import MediaError, SpeakingFailed

SECONDS = 60
"""For one text; some eight minutes of speech take a tenth of that on one core."""
MOST_SECONDS = 900.0
MOST_BYTES = 200_000_000
WORDS_A_MINUTE = 150
"""espeak-ng's own 175 is too fast to follow beside a road."""


class Synthesiser(Protocol):
    """Something that speaks."""

    @property
    def name(self) -> str:
        """What speaks, with everything that changes how it sounds: part of a recording's name."""

    def speak(self, text: str, target: Path) -> None:
        """Write the text as a WAV file. Raises SpeakingFailed."""


@dataclass(frozen=True)
class EspeakNg:
    """The espeak-ng program."""

    program: str
    voice: str = "id"

    @property
    def name(self) -> str:
        return f"espeak-ng/{self.voice}/{WORDS_A_MINUTE}"

    def speak(self, text: str, target: Path) -> None:
        # On standard input, where a text can't be taken for an option; -b 1: UTF-8.
        command = [self.program, "-v", self.voice, "-s", str(WORDS_A_MINUTE), "-b", "1", "--stdin", "-w", str(target)]
        _run(command, text)


@dataclass(frozen=True)
class Piper:
    """Piper, as a program or as the module `piper`, with a voice's .onnx file. Untested with an Indonesian voice."""

    command: tuple[str, ...]
    model: Path

    @property
    def name(self) -> str:
        return f"piper/{self.model.name}/{self.model.stat().st_size if self.model.is_file() else 0}"

    def speak(self, text: str, target: Path) -> None:
        _run([*self.command, "--model", str(self.model), "--output_file", str(target)], text.replace("\n", " "))


@dataclass(frozen=True)
class Recitation:
    """A text as a voice note."""

    path: Path
    """Ogg Opus, mono."""
    duration_ms: int
    waveform: tuple[int, ...]
    """0 to 1024 (MSC3246)."""


def synthesiser(settings: Bulletins, base: Path) -> Synthesiser | None:
    """The one that the configuration asks for, if it is there; `base`: what relative paths are relative to."""
    model = settings.voice_model
    return _found(settings.voice, None if model is None else base / model)


def missing(settings: Bulletins, base: Path) -> str | None:
    """What a configuration asks for that is not there, for `kentongan check`."""
    if settings.voice in ("off", "auto") or synthesiser(settings, base) is not None:
        return None
    if settings.voice == "espeak":
        what = "espeak-ng is not installed (Debian: apt install espeak-ng)"
    else:
        what = "bulletins.voice_model names no file" if _piper() else "piper is not installed"
    return f"bulletins.voice: {what}; bulletins go out without voice"


def recite(speaker: Synthesiser, text: str, folder: Path) -> Recitation:
    """The text as a recording in `folder`, made once for each text and voice. Blocks; raises SpeakingFailed."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    digest = hashlib.sha256(f"{speaker.name}\0{text}".encode()).hexdigest()
    path = folder / f"{digest}.ogg"
    try:
        if not path.exists():
            _record(speaker, text, path)
        path.touch()  # retention counts from its last use
        duration_ms, waveform = describe(path, MOST_SECONDS)
    except (MediaError, OSError) as error:
        path.unlink(missing_ok=True)
        raise SpeakingFailed(type(error).__name__) from None
    return Recitation(path, duration_ms, tuple(waveform))


def _record(speaker: Synthesiser, text: str, path: Path) -> None:
    with TemporaryDirectory(dir=path.parent, prefix=".speaking.") as name:
        raw, encoded = Path(name) / "speech.wav", Path(name) / "speech.ogg"
        speaker.speak(text, raw)
        pcm = bytes(decode(raw, Limits(MOST_BYTES, MOST_SECONDS, SECONDS)).pcm)
        encode_opus(pcm, encoded)
        encoded.replace(path)


def _run(command: list[str], text: str) -> None:
    try:
        subprocess.run(  # noqa: S603 - a program named by the configuration, the text on its standard input
            command, input=text.encode(), timeout=SECONDS, check=True, capture_output=True
        )
    except subprocess.TimeoutExpired:
        raise SpeakingFailed(f"took longer than {SECONDS} s") from None
    except subprocess.CalledProcessError as error:
        raise SpeakingFailed(f"exit status {error.returncode}") from None
    except OSError as error:
        raise SpeakingFailed(type(error).__name__) from None


@lru_cache(maxsize=8)
def _found(voice: str, model: Path | None) -> Synthesiser | None:
    """Looked for once: what is installed while the bot runs is used after its next start."""
    if voice in ("piper", "auto") and model is not None and model.is_file() and (command := _piper()):
        return Piper(command, model)
    program = shutil.which("espeak-ng") if voice in ("espeak", "auto") else None
    return EspeakNg(program) if program else None


def _piper() -> tuple[str, ...] | None:
    if program := shutil.which("piper"):
        return (program,)
    return (sys.executable, "-m", "piper") if find_spec("piper") else None
