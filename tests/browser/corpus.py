"""What a hostile model, or a hostile person, might write. None of it may run or load anything.

The texts are shared with the tests of the page's modules; each sets ``window.hacked`` or asks for
something from elsewhere if it is ever taken for markup.
"""

from __future__ import annotations

import json
from pathlib import Path

SAMPLES = Path(__file__).resolve().parent.parent / "samples"
HOSTILE: tuple[str, ...] = tuple(
    json.loads((SAMPLES / "hostile.json").read_text(encoding="utf-8"))["texts"]
)
