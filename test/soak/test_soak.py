"""A short soak with real processes; `make soak` is the long one."""

import json
import subprocess
import sys

import pytest

pytestmark = pytest.mark.ros

SECONDS = 25


@pytest.mark.timeout(180)
def test_a_short_run_among_faults(repo, ros_environment, colour_model, tmp_path):
    bundle = colour_model.write(tmp_path / "bundles", 64, 32)
    out = tmp_path / "soak"
    options = {
        "--minutes": SECONDS / 60,
        "--model": bundle,
        "--pace": 0.1,
        "--warm-up": 3,
        "--width": 64,
        "--height": 36,
        "--rings": 8,
        # Handles, threads and the account are exact; the rest is for longer runs and idle machines.
        "--memory-mib": 60,
        "--latency-ratio": 20,
        "-o": out,
    }
    command = [sys.executable, "-m", "soak", *(str(t) for pair in options.items() for t in pair)]
    done = subprocess.run(
        command, cwd=repo, env=ros_environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    document = json.loads((out / "soak.json").read_text())
    assert len(document["record"]["events"]) >= 5
    assert sum(count["sent"] for count in document["record"]["sent"].values()) > 500
    assert (out / "soak.svg").read_text().startswith("<svg")
