"""What the board says of its power and clocks while something runs."""

from __future__ import annotations

import shutil
import statistics
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from seg_perception.core.threads import explain, start_thread

_PERIOD_S = 0.25
_TIMEOUT_S = 5.0
_QUERY = ("power.draw", "clocks.sm", "clocks.mem")


@dataclass(frozen=True)
class PowerReading:
    """One moment.

    Attributes:
        power_w: by rail, as the board calls it.
        clock_mhz: by clock.
    """

    power_w: dict[str, float] = field(default_factory=dict)
    clock_mhz: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class PowerReport:
    """Means over a run.

    Attributes:
        source: what told; or why nothing did.
    """

    source: str
    power_w: dict[str, float]
    clock_mhz: dict[str, float]


class PowerMonitor:
    """Reads the sensors of a Jetson, else asks nvidia-smi."""

    def __init__(self, root: Path = Path("/")) -> None:
        """Look for sensors under a root."""
        self._root = root
        self.source, self._read = self._choose()

    def read(self) -> PowerReading:
        """This moment."""
        return self._read()

    @contextmanager
    def watched(self) -> Iterator[list[PowerReading]]:
        """Take readings while the block runs."""
        readings: list[PowerReading] = []
        ended = threading.Event()

        def watch() -> None:
            while True:
                readings.append(self._read())
                if ended.wait(_PERIOD_S):
                    return

        thread = start_thread("power", watch, self._fail)
        try:
            yield readings
        finally:
            ended.set()
            thread.join()

    def report(self, readings: list[PowerReading]) -> PowerReport:
        """The means of readings."""
        power = _means([reading.power_w for reading in readings])
        return PowerReport(self.source, power, _means([r.clock_mhz for r in readings]))

    def _fail(self, error: BaseException) -> None:
        self.source = f"{self.source}, until it failed: {explain(error)}"

    def _choose(self) -> tuple[str, Callable[[], PowerReading]]:
        if any(_rails(self._root)):
            return "INA3221 and devfreq of the board", self._read_jetson
        if shutil.which("nvidia-smi"):
            return "nvidia-smi", _ask_nvidia_smi
        return "not measured: neither INA3221 sensors nor nvidia-smi here", PowerReading

    def _read_jetson(self) -> PowerReading:
        power = {}
        for label, milli_volt, milli_ampere in _rails(self._root):
            power[label] = _number(milli_volt) * _number(milli_ampere) / 1e6
        clocks = {
            file.parent.name: _number(file) / 1e6
            for file in sorted(self._root.glob("sys/class/devfreq/*/cur_freq"))
        }
        return PowerReading(power, clocks)


def _rails(root: Path) -> Iterator[tuple[str, Path, Path]]:
    """Label, voltage (mV) and current (mA) of each rail of the INA3221 monitors."""
    for label in sorted(root.glob("sys/bus/i2c/drivers/ina3221/*/hwmon/hwmon*/in*_label")):
        number = label.name.removeprefix("in").removesuffix("_label")
        voltage, current = (label.with_name(f"{kind}{number}_input") for kind in ("in", "curr"))
        if voltage.is_file() and current.is_file():
            yield label.read_text(encoding="utf-8").strip(), voltage, current


def _number(file: Path) -> float:
    return float(file.read_text(encoding="utf-8"))


def _ask_nvidia_smi() -> PowerReading:
    program = shutil.which("nvidia-smi")
    if program is None:
        return PowerReading()
    command = [program, f"--query-gpu={','.join(_QUERY)}", "--format=csv,noheader,nounits"]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, check=True, timeout=_TIMEOUT_S
        )
    except (OSError, subprocess.SubprocessError):
        return PowerReading()
    first = (done.stdout.splitlines() or [""])[0]
    values = dict(zip(_QUERY, map(_try_number, first.split(",")), strict=False))
    power, clocks = values.pop("power.draw", None), values
    return PowerReading(
        {} if power is None else {"board": power},
        {name: value for name, value in clocks.items() if value is not None},
    )


def _try_number(text: str) -> float | None:
    """`[N/A]` stands where a board has no such sensor."""
    try:
        return float(text)
    except ValueError:
        return None


def _means(readings: list[dict[str, float]]) -> dict[str, float]:
    names = dict.fromkeys(name for reading in readings for name in reading)
    return {
        name: statistics.fmean(reading[name] for reading in readings if name in reading)
        for name in names
    }
