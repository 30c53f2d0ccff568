"""Open3D, which only some installations have."""

from __future__ import annotations

import platform
from typing import Any

from seg_perception.core.errors import SegPerceptionError

# What the wheels of Open3D need of the system, by the name of the file, and who has it on Debian.
_SYSTEM = {
    "libEGL.so": "libegl1",
    "libGL.so": "libgl1",
    "libX11.so": "libx11-6",
    "libgomp.so": "libgomp1",
    "libidn2.so": "libidn2-0",
    "libudev.so": "libudev1",
    "libusb-1.0.so": "libusb-1.0-0",
}


def load_open3d(purpose: str) -> Any:
    """The module open3d.

    Args:
        purpose: what needs it, for the error.

    Raises:
        SegPerceptionError: it is not installed, or the system lacks what it needs.
    """
    try:
        import open3d
    except (ImportError, OSError) as error:
        msg = f"{purpose} needs Open3D: {_mend(error)}"
        raise SegPerceptionError(msg) from error
    return open3d


def _mend(error: ImportError | OSError) -> str:
    for library, package in _SYSTEM.items():
        if library in str(error):
            return f"the system lacks {library} ({error}); sudo apt-get install {package}"
    x86 = platform.machine() == "x86_64" and platform.system() == "Linux"
    return f"pip install {'open3d-cpu' if x86 else 'open3d'} ({error})"
