"""`seg-perception model`: what networks cost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from seg_perception.cli.options import AsJson, print_json

if TYPE_CHECKING:
    from seg_perception.training.export.size_table import Row
    from seg_perception.training.models.config import ModelConfig
    from seg_perception.training.models.devices import Device, DeviceFile

app = typer.Typer(help="Networks and what they cost.", no_args_is_help=True, rich_markup_mode=None)

_NETWORKS = (
    *("field_cnn", "mask2former convnext-micro", "mask2former S", "mask2former B"),
    *("mask2former L", "mask2former H+", "eomt S", "eomt B", "eomt L"),
)
_SIZES = ("512x512", "960x544", "1024x1024")


@app.command()
def table(  # noqa: PLR0913 (each is an option of the command line)
    *,
    network: Annotated[
        list[str] | None, typer.Option(help="Name of a preset, or `all`; repeat for more.")
    ] = None,
    config: Annotated[
        list[Path] | None, typer.Option(help="YAML of a training, whose model is counted too.")
    ] = None,
    size: Annotated[
        list[str] | None, typer.Option(metavar="WxH", help="Of the image; repeat for more.")
    ] = None,
    classes: Annotated[int, typer.Option(min=1, help="Number of classes.")] = 64,
    devices: Annotated[
        Path | None, typer.Option(help="YAML of devices; default: the shipped one.")
    ] = None,
    measure: Annotated[bool, typer.Option(help="Also run each here (torch, fp32).")] = False,
    device: Annotated[
        str, typer.Option(help="What --measure runs on, as torch calls it: cpu, or cuda.")
    ] = "cpu",
    as_json: AsJson = False,
) -> None:
    """Count parameters, operations and bytes, and the shortest time on each device.

    Times are computed from the devices' peaks: no engine can be faster, real ones need
    several times as long. Where somebody measured one, it stands beside it in brackets.
    """
    from seg_perception.cli.model_options import parse_size
    from seg_perception.cli.progress import progress_bar
    from seg_perception.core.errors import EngineError
    from seg_perception.core.extras import INSTALL_TRAINING

    try:
        from seg_perception.training.export.size_table import THIS_CPU, TablePlan, size_table
        from seg_perception.training.models.cpu_peak import measure_peak
        from seg_perception.training.models.devices import DeviceFile
    except ImportError as error:
        msg = f"the table needs what training needs ({error}): {INSTALL_TRAINING}"
        raise EngineError(msg) from error

    known = DeviceFile.load(devices)
    chosen = {**_named(network or _NETWORKS), **_configured(config or [])}
    plan = TablePlan(
        chosen,
        [parse_size(text) for text in size or _SIZES],
        classes,
        known.devices | {name: measure_peak(name) for name in dict.fromkeys((THIS_CPU, device))},
        known.measured,
        device if measure else "",
    )
    with progress_bar("counting") as advance:
        rows = size_table(plan, advance)
    if as_json:
        dumped = {name: device.model_dump() for name, device in plan.devices.items()}
        print_json({"devices": dumped, "rows": [_document(row) for row in rows]})
    else:
        _print(rows, plan.devices, known)


def _named(names: Sequence[str]) -> dict[str, ModelConfig]:
    from seg_perception.core.errors import ConfigError
    from seg_perception.training.models.presets import presets

    every = presets()
    if "all" in names:
        return every
    if unknown := next((name for name in names if name not in every), None):
        msg = f"--network {unknown}: expected one of {', '.join(every)}, or all"
        raise ConfigError(msg)
    return {name: every[name] for name in names}


def _configured(paths: Sequence[Path]) -> dict[str, ModelConfig]:
    from seg_perception.training.config import TrainingConfig

    return {path.stem: TrainingConfig.load(path).model for path in paths}


def _document(row: Row) -> dict[str, object]:
    return {**asdict(row), "measured": {name: m.model_dump() for name, m in row.measured.items()}}


def _print(rows: Sequence[Row], devices: Mapping[str, Device], known: DeviceFile) -> None:
    from rich.table import Table

    from seg_perception.cli.tables import console

    out = console()
    title = "computed: shortest time, ms (measured)"
    shown = Table(title=title, title_justify="left")
    for index, header in enumerate(("network", "size", "M weights", "GFLOP", "MB", *devices)):
        shown.add_column(header, justify="left" if index < 2 else "right")
    for row in rows:
        cells = [_cell(row, device) for device in devices]
        sizes = (f"{row.parameters / 1e6:.1f}", f"{row.gflops:.0f}", f"{row.megabytes:.0f}")
        shown.add_row(row.network, f"{row.width}x{row.height}", *sizes, *cells)
    out.print(shown)
    for name, device in devices.items():
        peak = f"{device.tflops:.3g} TFLOPS, {device.gbytes_per_s:.4g} GB/s"
        out.print(f"{name}: {device.about}, {peak} ({device.source})", highlight=False)
    for measured in known.measured:
        if any(measured in row.measured.values() for row in rows):
            said = f"{measured.network} on {measured.device}: {measured.how} ({measured.source})"
            out.print(f"measured {said}", highlight=False)


def _cell(row: Row, device: str) -> str:
    measured = row.measured.get(device)
    known = f" ({measured.ms:.1f})" if measured else ""
    return f"{row.computed_ms[device]:.1f}{known}"
