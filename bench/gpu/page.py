"""The result as Markdown, for the page of benchmarks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

Document = Mapping[str, Any]


def page(result: Document) -> str:
    """Tables of what was measured, and a list of what was not."""
    outcomes = {outcome["name"]: outcome for outcome in result["steps"]}
    parts = [_machine(outcomes.get("machine", {})), _engines(outcomes), _networks(outcomes)]
    parts += [_trainings(outcomes), _others(result["steps"])]
    return "\n\n".join(part for part in parts if part) + "\n"


def _machine(outcome: Document) -> str:
    document = outcome.get("document") or {"device": None, "versions": {}}
    device = document["device"]
    named = (
        f"{device['name']}, compute capability {device['compute_capability']}, driver "
        f"{device['driver']}, CUDA {device['runtime']}"
        if device
        else "no NVIDIA device"
    )
    versions = [f"{name} {value}" for name, value in document["versions"].items()]
    return "; ".join([named, *versions])


def _engines(outcomes: Mapping[str, Document]) -> str:
    rows = []
    for name, outcome in outcomes.items():
        if _is_bench(outcome):
            for result in outcome["document"]["results"]:
                rows += _engine(name.removeprefix("bench "), result)
    titles = ("bundle", "engine", "peak fps", "p50 ms", "p95 ms", "power W", "golden labels")
    return _table(titles, rows)


def _engine(bundle: str, result: Document) -> Iterator[tuple[str, ...]]:
    throughput, test = result["throughput"], result["self_test"]
    if throughput is None:
        return
    power = (result["power"] or {}).get("power_w") or {}
    yield (
        bundle,
        result["name"],
        f"{throughput['peak_rate_fps']:.1f}",
        f"{throughput['p50_latency_ms']:.1f}",
        f"{throughput['p95_latency_ms']:.1f}",
        ", ".join(f"{watt:.0f}" for watt in power.values()) or "-",
        f"{test['agreement']:.2%}" if test and test["agreement"] is not None else "-",
    )


def _is_bench(outcome: Document) -> bool:
    return outcome["name"].startswith("bench ") and outcome["document"] is not None


def _networks(outcomes: Mapping[str, Document]) -> str:
    document = (outcomes.get("table") or {}).get("document") or {"rows": []}
    rows = []
    for row in document["rows"]:
        for device, measured in row["measured"].items():
            if measured["source"] == "measured here":
                size = f"{row['width']}x{row['height']}"
                least = f"{row['computed_ms'][device]:.1f}"
                rows.append((row["network"], size, device, f"{measured['ms']:.1f}", least))
    return _table(("network", "size", "device", "torch fp32, ms", "least ms"), rows)


def _trainings(outcomes: Mapping[str, Document]) -> str:
    rows = []
    for name, outcome in outcomes.items():
        document = outcome["document"]
        if name.startswith("train ") and document:
            memory = document["memory_gb"]
            held = "-" if memory is None else f"{memory:.1f}"
            about = (document["network"], document["size"], str(document["batch"]))
            rows.append((*about, f"{document['ms']:.0f}", held))
    return _table(("trained network", "size", "batch", "ms a step", "memory GB"), rows)


def _others(steps: Iterable[Document]) -> str:
    lines = [f"- {s['name']}: {s['state']}, {s['why']}" for s in steps if s["state"] != "done"]
    for step in steps:
        results = step["document"]["results"] if _is_bench(step) else ()
        lines += [f"- {step['name']}, {r['name']}: {r['missing']}" for r in results if r["missing"]]
    return "\n".join(["Not measured:", "", *lines]) if lines else ""


def _table(titles: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    if not rows:
        return ""
    lines = [titles, ("---",) * len(titles), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
