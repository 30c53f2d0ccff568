"""Whether there is an NVIDIA device here, found out without loading any of its libraries."""

from __future__ import annotations

import os
from pathlib import Path

# What the driver makes for a process that may use the device: desktop, Jetson to JetPack 5,
# Jetson from JetPack 6. (/proc/driver/nvidia shows in containers that have no device, too.)
_DEVICE_FILES = ("dev/nvidiactl", "dev/nvhost-gpu", "dev/nvgpu/igpu0")
# Windows gives its devices, NVIDIA's or not, to Linux through the first.
_WINDOWS_FILES = ("dev/dxg", "usr/lib/wsl/lib/libcuda.so.1")
_HIDDEN = ("", "-1", "none", "NoDevFiles")


def find_device(root: Path = Path("/")) -> str:
    """The file that shows an NVIDIA device; empty where there is none, or it is hidden."""
    if os.environ.get("CUDA_VISIBLE_DEVICES", "0").strip() in _HIDDEN:
        return ""
    files = [root / name for name in _DEVICE_FILES]
    if all((root / name).exists() for name in _WINDOWS_FILES):
        files.append(root / _WINDOWS_FILES[0])
    return next((str(file) for file in files if file.exists()), "")


def without_device() -> str:
    """Why no device was found, in half a sentence."""
    if os.environ.get("CUDA_VISIBLE_DEVICES", "0").strip() in _HIDDEN:
        return "CUDA_VISIBLE_DEVICES hides every NVIDIA device"
    return "no NVIDIA device here"
