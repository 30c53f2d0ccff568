"""Engines and what is proven of them, as tables."""

from __future__ import annotations

from collections.abc import Sequence

from rich.table import Table

from seg_perception.inference.tensorrt.cache import Entry
from seg_perception.inference.tensorrt.checks import Check


def checks_table(checks: Sequence[Check]) -> Table:
    """What is proven and what is not."""
    table = Table("engine", "statement", "here", "by what, or why not", title="what is proven")
    for check in checks:
        table.add_row(check.entry, check.statement, check.state, check.detail)
    return table


def engines_table(entries: Sequence[Entry]) -> Table:
    """The engines of a cache."""
    titles = ("bundle", "form", "device", "TensorRT", "MiB", "built", "golden frames")
    table = Table(*titles, title="engines")
    for entry in entries:
        record = entry.record
        if record is None:
            table.add_row(entry.plan.name, *[""] * 5, entry.problem)
            continue
        key, test = record.key, record.self_test
        said = entry.problem or record.live_failure or (test.detail if test else "never run")
        device = "none" if key.is_ahead_of_time else f"{key.gpu} {key.compute_capability}"
        size = f"{record.plan_bytes / 2**20:.1f}"
        version = f"{key.module} {key.module_version}"
        table.add_row(key.bundle, key.form, device, version, size, record.built_at, said)
    return table


def entry_json(entry: Entry) -> dict[str, object]:
    """One engine for machines."""
    record = entry.record.model_dump(mode="json") if entry.record else None
    return {"plan": str(entry.plan), "problem": entry.problem, "manifest": record}
