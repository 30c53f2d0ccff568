"""Reading and writing a bag, against the compression of its bytes alone."""

from __future__ import annotations

import tempfile
import zlib
from pathlib import Path

import numpy as np

from bench.rows import BenchRow, compare
from seg_perception.io.bag_reader import BagReader
from seg_perception.io.bag_writer import BagWriter
from seg_perception.io.mcap_format import COMPRESSORS, decompress_zstd

_MESSAGES, _CHUNK = 48, 1 << 20


def run() -> list[BenchRow]:
    """Messages of half a megabyte, a chunk each two, as a camera's labels and confidence are."""
    random = np.random.default_rng(0)
    blocks = random.integers(0, 64, (16, 32), dtype=np.uint8)
    smooth = np.kron(blocks, np.ones((32, 32), np.uint8))
    data = [(smooth + random.integers(0, 2, smooth.shape, np.uint8)).tobytes() for _ in range(4)]
    messages = [data[n % len(data)] for n in range(_MESSAGES)]
    raw = b"".join(messages)
    chunks = [raw[start : start + _CHUNK] for start in range(0, len(raw), _CHUNK)]
    packed = [bytes(COMPRESSORS["zstd"](chunk)) for chunk in chunks]
    with tempfile.TemporaryDirectory() as folder:
        target, bare = Path(folder) / "bag.mcap", Path(folder) / "bare"

        def write() -> None:
            target.unlink(missing_ok=True)
            with BagWriter(target) as bag:
                for number, message in enumerate(messages):
                    bag.write_raw("/labels", "sensor_msgs/msg/Image", message, number)

        def write_bare() -> None:
            with bare.open("wb") as file:
                for chunk in chunks:
                    file.write(COMPRESSORS["zstd"](chunk))
                    zlib.crc32(chunk)

        def read() -> int:
            with BagReader(target) as bag:
                return sum(len(message.raw) for message in bag.messages())

        def read_bare() -> int:
            total = 0
            for chunk in packed:
                records = decompress_zstd(chunk)
                zlib.crc32(records)
                total += len(records)
            return total

        zstd = "zstd and CRC of the same bytes"
        return [
            compare("bag of 24 MB written", write, write_bare, budget=1.5, name=zstd),
            compare("bag of 24 MB read", read, read_bare, budget=1.8, name=zstd),
        ]
