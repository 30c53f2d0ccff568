"""Reports for machines."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any


def dump_json(document: Mapping[str, Any]) -> str:
    """JSON text; a number that is not finite becomes null, for JSON knows none."""
    return json.dumps(plain(document), indent=2, allow_nan=False)


def plain(value: Any) -> Any:
    """The same of maps, lists, and what JSON and YAML know as single values."""
    if isinstance(value, Mapping):
        return {str(key): plain(entry) for key, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(entry) for entry in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
