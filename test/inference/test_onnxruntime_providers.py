"""What is handed to ONNX Runtime for a device: by its documentation, since none is here."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from seg_perception.config import TensorRtConfig
from seg_perception.core.errors import EngineError
from seg_perception.inference import onnxruntime_engine, onnxruntime_providers
from seg_perception.inference.onnxruntime_engine import OnnxRuntimeLoader
from seg_perception.inference.onnxruntime_providers import (
    CPU_PROVIDER,
    CUDA_PROVIDER,
    TENSORRT_PROVIDER,
    cache_folder,
    preload_libraries,
)
from seg_perception.inference.tensorrt.cuda import DeviceFacts

if TYPE_CHECKING:
    from conftest import MakeBundle

EVERY = [TENSORRT_PROVIDER, CUDA_PROVIDER, CPU_PROVIDER]
ORIN = DeviceFacts("Orin", "8.7", "12.6", "12.6", integrated=True)


class Handed:
    """What the last session got; it runs on the CPU."""

    providers: list[tuple[str, dict[str, str]]]


@pytest.fixture
def handed(monkeypatch: pytest.MonkeyPatch) -> Handed:
    """An ONNX Runtime that has every provider."""
    import onnxruntime

    real, seen = onnxruntime.InferenceSession, Handed()

    def open_session(path: str, options: Any, providers: Any) -> Any:
        seen.providers = providers
        session = real(path, options, providers=[CPU_PROVIDER])
        monkeypatch.setattr(session, "get_providers", lambda: [name for name, _ in providers])
        return session

    monkeypatch.setattr(onnxruntime, "InferenceSession", open_session)
    monkeypatch.setattr(onnxruntime_engine, "available_providers", lambda: EVERY)
    monkeypatch.setattr(onnxruntime_engine, "prepare_device", lambda _: ORIN)
    return seen


def load(bundle: Any, choice: str, config: TensorRtConfig) -> None:
    OnnxRuntimeLoader(bundle, 1, config).load(choice, may_build=True).engine.close()


def test_the_device_is_the_one_that_the_parameter_names(
    make_bundle: MakeBundle, handed: Handed
) -> None:
    load(make_bundle(), CUDA_PROVIDER, TensorRtConfig(device=2))
    assert handed.providers == [(CUDA_PROVIDER, {"device_id": "2"}), (CPU_PROVIDER, {})]


def test_the_cpu_is_told_nothing(make_bundle: MakeBundle, handed: Handed, tmp_path: Path) -> None:
    load(make_bundle(), CPU_PROVIDER, TensorRtConfig(cache=str(tmp_path / "cache")))
    assert handed.providers == [(CPU_PROVIDER, {})]
    assert not (tmp_path / "cache").exists()


def test_tensorrt_keeps_its_engines_and_measurements_in_our_cache(
    make_bundle: MakeBundle, handed: Handed, tmp_path: Path
) -> None:
    bundle = make_bundle()
    config = TensorRtConfig(
        cache=str(tmp_path / "cache"), device=1, workspace_mib=64, optimization_level=2
    )
    load(bundle, TENSORRT_PROVIDER, config)
    (name, options), (helper, helped), cpu = handed.providers
    folder = Path(options["trt_engine_cache_path"])
    assert (name, helper, cpu) == (TENSORRT_PROVIDER, CUDA_PROVIDER, (CPU_PROVIDER, {}))
    assert helped == {"device_id": "1"}
    assert options == {
        "device_id": "1",
        "trt_engine_cache_enable": "True",
        "trt_engine_cache_path": str(folder),
        "trt_timing_cache_enable": "True",
        "trt_timing_cache_path": str(folder),
        "trt_fp16_enable": "False",
        "trt_int8_enable": "False",
        "trt_builder_optimization_level": "2",
        "trt_max_workspace_size": str(64 * 2**20),
    }
    assert folder.parent == tmp_path / "cache" / "other_runtimes"
    assert folder.is_dir()
    assert folder.stat().st_mode & 0o777 == 0o700


def test_engines_of_another_combination_are_kept_apart(
    make_bundle: MakeBundle, tmp_path: Path
) -> None:
    """ONNX Runtime's key knows little more than the graph and the compute capability."""
    bundle, config = make_bundle(), TensorRtConfig(cache=str(tmp_path / "cache"))
    driver = DeviceFacts("Orin", "8.7", "12.8", "12.6", integrated=True)
    faster = TensorRtConfig(cache=config.cache, optimization_level=5)
    folders = [
        cache_folder(bundle, config, ORIN, "1.22"),
        cache_folder(bundle, config, ORIN, "1.23"),
        cache_folder(bundle, config, driver, "1.22"),
        cache_folder(bundle, config, None, "1.22"),
        cache_folder(bundle, faster, ORIN, "1.22"),
    ]
    assert len(set(folders)) == len(folders)
    assert cache_folder(bundle, config, ORIN, "1.22") == folders[0]


def test_a_cache_that_others_write_to_is_refused(make_bundle: MakeBundle, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    cache.mkdir()
    cache.chmod(0o777)
    with pytest.raises(EngineError, match=r"can't be kept in .*everybody may write.*tensorrt.cach"):
        cache_folder(make_bundle(), TensorRtConfig(cache=str(cache)), ORIN, "1.22")


def test_what_onnx_runtime_prints_of_libraries_stays_out_of_documents(
    capsys: pytest.CaptureFixture[str],
) -> None:
    class Runtime:
        @staticmethod
        def preload_dlls() -> None:
            print("Failed to load libcudnn.so.9")  # noqa: T201 (as ONNX Runtime does)

    preload_libraries(Runtime)
    preload_libraries(sys)  # an older version has no such function
    out, err = capsys.readouterr()
    assert (out, err) == ("", "Failed to load libcudnn.so.9\n")


def test_without_cuda_onnx_runtime_is_asked_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(device: int) -> None:
        msg = f"no CUDA device {device}"
        raise EngineError(msg)

    monkeypatch.setattr(onnxruntime_providers, "open_cuda", fail)
    assert onnxruntime_providers.prepare_device(TensorRtConfig()) is None
