from pathlib import Path

import pytest

REAL = Path(__file__).resolve().parents[3] / "shared" / "data" / "real"


@pytest.fixture
def real_data():
    if not REAL.is_dir():
        pytest.skip(f"the recorded data is not at {REAL}")
    return REAL
