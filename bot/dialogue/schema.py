"""The JSON Schemas of the files in `flows/`, for editors that check and complete while one writes.

python -m bot.dialogue.schema docs
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from bot.dialogue.languagefile import LanguageFile
from bot.dialogue.lawfile import LawFile
from bot.dialogue.localfile import LocalFile
from bot.dialogue.model import ExamplesFile, FlowFile, LexiconFile, Part, PhrasesFile, PolicyFile
from bot.dialogue.trial import TalkFile

KINDS: dict[str, tuple[type[Part], str]] = {
    "flow": (FlowFile, "satu layanan di flows/"),
    "policy": (PolicyFile, "flows/policy.yaml"),
    "lexicon": (LexiconFile, "flows/lexicon.yaml"),
    "phrases": (PhrasesFile, "flows/phrases.yaml"),
    "local": (LocalFile, "flows/local.yaml"),
    "law": (LawFile, "flows/law.yaml"),
    "language": (LanguageFile, "flows/languages/*.yaml"),
    "examples": (ExamplesFile, "flows/examples/*.yaml"),
    "talks": (TalkFile, "flows/tests/*.yaml"),
}
"""Kind → the model that reads it, and what its schema is called."""


def schema(kind: str = "flow") -> str:
    """As it stands in `docs/KIND.schema.json`."""
    model, title = KINDS[kind]
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": f"Kentongan: {title}"}
    return json.dumps({**model.model_json_schema(), **head}, ensure_ascii=False, indent=2, sort_keys=True) + "\n"


def write(folder: Path) -> None:
    """Write all of them."""
    for kind in KINDS:
        (folder / f"{kind}.schema.json").write_text(schema(kind), encoding="utf-8")


if __name__ == "__main__":
    write(Path(sys.argv[1]))
