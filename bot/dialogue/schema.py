"""The JSON Schema of a flow file, for editors that check and complete while one writes.

python -m bot.dialogue.schema > docs/flow.schema.json
"""

from __future__ import annotations

import json
import sys

from bot.dialogue.model import FlowFile


def schema() -> str:
    """As it stands in docs/flow.schema.json."""
    made = FlowFile.model_json_schema()
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "Kentongan: satu layanan di flows/"}
    return json.dumps({**made, **head}, ensure_ascii=False, indent=2, sort_keys=True) + "\n"


if __name__ == "__main__":
    sys.stdout.write(schema())
