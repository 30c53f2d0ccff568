"""Power and clocks as a Jetson and as nvidia-smi tell them."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from seg_perception.inference.benchmark.power_monitor import PowerMonitor, PowerReading

SENSORS = "sys/bus/i2c/drivers/ina3221/1-0040/hwmon/hwmon3"


def test_a_jetson_tells_voltage_times_current_of_each_rail(tmp_path: Path) -> None:
    """19,000 mV by 600 mA are 11.4 W; a rail without a current is none."""
    files = {
        f"{SENSORS}/in1_label": "VDD_GPU_SOC\n",
        f"{SENSORS}/in1_input": "19000\n",
        f"{SENSORS}/curr1_input": "600\n",
        f"{SENSORS}/in7_label": "sum of shunt voltages\n",
        "sys/class/devfreq/17000000.gpu/cur_freq": "1300500000\n",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    power = PowerMonitor(tmp_path)
    assert power.source == "INA3221 and devfreq of the board"
    assert power.read() == PowerReading({"VDD_GPU_SOC": 11.4}, {"17000000.gpu": 1300.5})


def fake_smi(folder: Path, line: str, monkeypatch: pytest.MonkeyPatch) -> None:
    program = folder / "nvidia-smi"
    program.write_text(f"#!{sys.executable}\nprint({line!r})\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(folder))


@pytest.mark.parametrize(
    ("line", "reading"),
    [
        (
            "71.25, 1980, 2619",
            PowerReading({"board": 71.25}, {"clocks.sm": 1980, "clocks.mem": 2619}),
        ),
        ("[N/A], 1980, [N/A]", PowerReading({}, {"clocks.sm": 1980})),
        ("", PowerReading()),
    ],
)
def test_nvidia_smi_tells_what_the_board_has(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, line: str, reading: PowerReading
) -> None:
    fake_smi(tmp_path, line, monkeypatch)
    power = PowerMonitor(tmp_path)
    assert power.source == "nvidia-smi"
    assert power.read() == reading


def test_without_sensors_nothing_is_made_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    power = PowerMonitor(tmp_path)
    with power.watched() as readings:
        pass
    report = power.report(readings)
    assert report.source.startswith("not measured")
    assert report.power_w == {}


def test_a_report_is_the_mean_of_what_was_told(tmp_path: Path) -> None:
    power = PowerMonitor(tmp_path)
    readings = [PowerReading({"a": 1.0}), PowerReading({"a": 2.0, "b": 5.0}), PowerReading()]
    assert power.report(readings).power_w == {"a": 1.5, "b": 5.0}
