"""JSON files that hold masks: which kind, if any."""

import json
from pathlib import Path
from typing import Any

from altui.labels.formats.base import Masks, Source
from altui.labels.formats.coco import is_coco, read_coco
from altui.labels.formats.label_studio import is_label_studio, read_label_studio
from altui.labels.verdict import Refusal

MAX_BYTES = 1 << 27
MAX_VALUES = 4_000_000  # objects, lists and strings: each takes some twenty times its text


def open_json(source: Source) -> Masks:
    """COCO's or Label Studio's. Raises Refusal, Damaged."""
    document = load(source.path)
    if is_coco(document):
        return read_coco(document)
    if is_label_studio(document):
        return read_label_studio(document)
    raise Refusal("format", "is JSON, but neither COCO's nor Label Studio's")


def load(path: Path) -> Any:
    """Raises Refusal, OSError."""
    if path.stat().st_size > MAX_BYTES:
        raise Refusal("too-large", "is beyond 128 MB of JSON; export the masks as PNG files")
    text = path.read_bytes()
    if text.count(b"[") + text.count(b"{") + text.count(b'"') // 2 > MAX_VALUES:
        raise Refusal("too-large", "holds more than masks do; export the masks as PNG files")
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise Refusal("unreadable", "is no valid JSON: damaged, or not exported whole") from None
