"""`make gpu`, as far as that can be tried without a GPU."""

from __future__ import annotations

import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

import pytest

from bench.gpu import __main__ as command
from bench.gpu.page import page
from bench.gpu.plan import Plan
from bench.gpu.step import Outcome, Step, run_step


def python(name: str, code: str, budget_s: float = 60, **more: Any) -> Step:
    return Step(name, (sys.executable, "-c", code), budget_s, **more)


def test_a_step_hands_on_what_its_process_prints() -> None:
    outcome = run_step(python("one", "print('{\"ms\": 3}')"), 60, [])
    assert (outcome.state, outcome.why, outcome.document) == ("done", "", {"ms": 3})


def test_a_step_that_fails_says_its_last_line_and_keeps_its_document() -> None:
    code = "import sys; print('{}'); sys.exit('first\\nno such device')"
    outcome = run_step(python("one", code), 60, [])
    assert (outcome.state, outcome.document) == ("failed", {})
    assert outcome.why == "exit code 1: no such device"
    assert run_step(python("one", "print('no json')"), 60, []).state == "failed"


def test_a_step_ends_with_its_budget_and_everything_that_it_started() -> None:
    code = "import subprocess; subprocess.run(['sleep', '60'])"
    outcome = run_step(python("one", code, budget_s=0.5), 60, [])
    assert (outcome.state, outcome.why) == ("failed", "ended after 0 s")


def test_a_step_that_the_run_has_no_time_for_is_skipped_and_not_failed() -> None:
    outcome = run_step(python("one", "import time; time.sleep(60)"), 1.5, [])
    assert (outcome.state, outcome.why) == ("skipped", "no time left, ended after 2 s")


def test_a_process_that_left_the_group_does_not_hold_the_run_up(tmp_path: Path) -> None:
    """It keeps the pipe open for longer than a test may take."""
    pid = tmp_path / "pid"
    code = (
        "import subprocess, time; from pathlib import Path; "
        "left = subprocess.Popen(['sleep', '3600'], start_new_session=True); "
        f"Path({str(pid)!r}).write_text(str(left.pid)); time.sleep(3600)"
    )
    outcome = run_step(python("one", code, budget_s=5), 60, [])
    os.kill(int(pid.read_text()), signal.SIGKILL)
    assert (outcome.state, outcome.why) == ("failed", "ended after 5 s")


def test_what_is_not_installed_is_skipped_by_name() -> None:
    step = python("one", "print('{}')", needs=(("sys",), ("nonesuch", "nobody")))
    assert run_step(step, 60, []).why == "nonesuch and nobody not installed"
    one_of_two = python("one", "print('{}')", needs=(("nonesuch", "sys"),))
    assert run_step(one_of_two, 60, []).state == "done"


def test_what_rests_on_a_failed_step_and_what_has_no_time_is_skipped() -> None:
    failed = Outcome("import", "failed", "ended after 9 s")
    step = python("bench", "print('{}')", after=("import",))
    assert run_step(step, 60, [failed]).why == "import was not done"
    assert run_step(python("bench", "print('{}')"), 0.5, []).why == "no time left"


def test_a_run_goes_on_after_a_failure_and_leaves_document_and_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    steps = [python("machine", "raise SystemExit('gone')"), python("train x", "print('{}')")]
    steps[1] = python("train x", f"print({json.dumps(json.dumps(TRAINED))})")
    monkeypatch.setattr(Plan, "steps", lambda _: iter(steps))
    assert command.run(Plan.tiny(tmp_path / "gpu")) == 2
    result = json.loads((tmp_path / "gpu" / "result.json").read_text())
    assert [step["state"] for step in result["steps"]] == ["failed", "done"]
    text = (tmp_path / "gpu" / "page.md").read_text()
    assert "- machine: failed, exit code 1: gone" in text
    capsys.readouterr()
    assert command.main(["page", str(tmp_path / "gpu" / "result.json")]) == 0
    assert capsys.readouterr().out == text


def test_without_a_gpu_it_says_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(command, "find_device", str)
    assert command.main([]) == 2
    assert "nothing to measure; --tiny tries it on the CPU" in capsys.readouterr().out


TRAINED = {"network": "eomt S", "size": "64x64", "batch": 2, "ms": 41.4, "memory_gb": 2.04}
DEVICE = {"name": "Orin", "compute_capability": "8.7", "driver": "12.6", "runtime": "12.4"}
THROUGHPUT = {"peak_rate_fps": 91.26, "p50_latency_ms": 10.94, "p95_latency_ms": 12.0}
RESULTS = [
    {
        "name": "tensorrt/fp32",
        "missing": "",
        "throughput": THROUGHPUT,
        "self_test": {"agreement": 0.9991},
        "power": {"power_w": {"GPU": 31.6}},
    },
    {
        "name": "torch",
        "missing": "no checkpoint",
        "throughput": None,
        "self_test": None,
        "power": None,
    },
]
ROW = {
    "network": "eomt S",
    "width": 512,
    "height": 512,
    "computed_ms": {"cuda": 1.24},
    "measured": {
        "cuda": {"ms": 8.04, "source": "measured here"},
        "orin": {"ms": 9.0, "source": "a paper"},
    },
}


def test_the_page_holds_what_was_measured_and_what_was_not() -> None:
    steps = [
        Outcome("machine", "done", "", 1, {"device": DEVICE, "versions": {"torch": "2.13"}}),
        Outcome("bench field_tiny", "done", "", 1, {"results": RESULTS}),
        Outcome("table", "done", "", 1, {"rows": [ROW]}),
        Outcome("train eomt S", "done", "", 1, TRAINED),
        Outcome("import eomt_L", "skipped", "no time left"),
    ]
    lines = page({"steps": [step.to_json() for step in steps]}).splitlines()
    assert lines[0] == "Orin, compute capability 8.7, driver 12.6, CUDA 12.4; torch 2.13"
    assert "| field_tiny | tensorrt/fp32 | 91.3 | 10.9 | 12.0 | 32 | 99.91% |" in lines
    assert "| eomt S | 512x512 | cuda | 8.0 | 1.2 |" in lines
    assert "| eomt S | 64x64 | 2 | 41 | 2.0 |" in lines
    assert not any("a paper" in line or "9.0" in line for line in lines)
    assert lines[-2:] == [
        "- import eomt_L: skipped, no time left",
        "- bench field_tiny, torch: no checkpoint",
    ]


def test_the_plan_builds_verifies_and_measures_each_bundle(tmp_path: Path) -> None:
    names = [step.name for step in Plan.of_gpu(tmp_path).steps()]
    for bundle in ("field_tiny", "eomt_S", "eomt_L", "mask2former_S", "mask2former_L"):
        places = [names.index(f"{verb} {bundle}") for verb in ("build", "verify", "bench")]
        assert places == list(range(places[0], places[0] + 3))
    assert "train eomt L" in names
    assert all(step.budget_s <= 150 for step in Plan.of_gpu(tmp_path).steps())


@pytest.mark.parametrize(
    ("name", "millions"),
    [("eomt_S", 24), ("eomt_L", 315), ("mask2former_S", 68), ("mask2former_L", 215)],
)
def test_members_have_the_size_that_they_are_named_after(name: str, millions: int) -> None:
    """Within a tenth of what the papers say of the same networks."""
    torch = pytest.importorskip("torch", reason="members need torch")
    pytest.importorskip("transformers", reason="members need transformers")
    from bench.gpu.members import MEMBERS

    with torch.device("meta"):
        network = MEMBERS[name]().make()
    count = sum(parameter.numel() for parameter in network.parameters())
    assert count == pytest.approx(millions * 1e6, rel=0.1)


@pytest.mark.long
@pytest.mark.timeout(900)
def test_every_step_works_with_tiny_networks_on_the_cpu(tmp_path: Path) -> None:
    for module in ("torch", "transformers", "onnx", "onnxruntime"):
        pytest.importorskip(module)
    assert command.main(["--tiny", "--folder", str(tmp_path / "gpu")]) == 0
    result = json.loads((tmp_path / "gpu" / "result.json").read_text())
    assert {step["state"] for step in result["steps"]} == {"done"}
    benches = [s["document"]["results"] for s in result["steps"] if s["name"].startswith("bench")]
    assert len(benches) == 3
    assert all(found[0]["throughput"]["peak_rate_fps"] > 0 for found in benches)
