"""The whole runtime on a simulated device: buffers, order of calls, faults while it runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from conftest import MakeBundle, Stripes
    from seg_perception.inference.tensorrt.conftest import SimulatedMachine


def test_one_upload_and_two_bytes_a_pixel_back(
    make_bundle: MakeBundle, stripes: Stripes, machine: SimulatedMachine
) -> None:
    engine = machine.create(make_bundle())
    assert engine.refused == ()
    assert engine.description.startswith(
        "tensorrt 10.3.0, Simulated GPU, plain: tiny 1 (16x8), loaded in"
    )
    machine.device.calls.clear()
    labels, confidence = engine.infer(stripes[0])
    np.testing.assert_array_equal(labels, stripes[1])
    np.testing.assert_array_equal(confidence, np.full_like(labels, 200))
    assert machine.device.calls == [
        "cudaSetDevice",
        "cudaMemcpyHostToDevice",
        "execute_async_v3",
        "cudaMemcpyDeviceToHost",
        "cudaMemcpyDeviceToHost",
        "cudaStreamSynchronize",
    ]
    engine.close()
    assert machine.device.memory == {}
    assert machine.device.queues == {}
