"""Engines and what is validated of them, as tables."""

from __future__ import annotations

from collections.abc import Sequence

from rich.table import Table

from seg_perception.inference.tensorrt.cache import Entry
from seg_perception.inference.tensorrt.checks import Check


def checks_table(checks: Sequence[Check]) -> Table:
    """What is validated and what is not."""
    table = Table("engine", "statement", "here", "by what, or why not", title="what is validated")
    for check in checks:
        table.add_row(check.entry, check.statement, check.state, check.detail)
    return table


def engines_table(entries: Sequence[Entry]) -> Table:
    """The engines of a cache."""
    titles = ("bundle", "variant", "device", "TensorRT", "MiB", "built", "golden frames")
    table = Table(*titles, title="engines")
    for entry in entries:
        metadata = entry.metadata
        if metadata is None:
            table.add_row(entry.plan.name, *[""] * 5, entry.problem)
            continue
        key, test = metadata.key, metadata.self_test
        said = entry.problem or metadata.live_failure or (test.detail if test else "never run")
        device = "none" if key.is_ahead_of_time else f"{key.gpu} {key.compute_capability}"
        size = f"{metadata.plan_bytes / 2**20:.1f}"
        version = f"{key.module} {key.module_version}"
        table.add_row(key.bundle, key.variant, device, version, size, metadata.built_at, said)
    return table


def entry_json(entry: Entry) -> dict[str, object]:
    """One engine for machines."""
    metadata = entry.metadata.model_dump(mode="json") if entry.metadata else None
    return {"plan": str(entry.plan), "problem": entry.problem, "metadata": metadata}
