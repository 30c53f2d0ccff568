"""Nothing half-written, foreign or stale is ever loaded, whoever writes at the same time."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from full_disk import full_disk
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from seg_perception.core.errors import EngineError
from seg_perception.inference.tensorrt.cache import EngineCache, StaleEngineError
from seg_perception.inference.tensorrt.engine_metadata import EngineMetadata
from seg_perception.inference.tensorrt.key import EngineKey

if TYPE_CHECKING:
    from conftest import MakeBundle, Stripes
    from seg_perception.inference.tensorrt.conftest import SimulatedMachine

PLAN = bytes(range(256)) * 4
KEY = EngineKey(
    bundle="tiny 1",
    model_sha256="0" * 64,
    variant="gather_fp32",
    input_shape=(1, 8, 16, 3),
    module="tensorrt",
    module_version="10.3.0",
    gpu="Orin",
    compute_capability="8.7",
    driver="12.6",
    cuda="12.6",
    machine="aarch64",
    workspace_mib=0,
    optimization_level=3,
)


def metadata(key: EngineKey = KEY) -> EngineMetadata:
    import hashlib

    return EngineMetadata(
        key=key,
        plan_sha256=hashlib.sha256(PLAN).hexdigest(),
        plan_bytes=len(PLAN),
        built_at="2026-01-01T00:00:00+00:00",
        build_s=1.0,
        strongly_typed=True,
        inputs=(),
        outputs=(),
    )


def stored(folder: Path) -> EngineCache:
    cache = EngineCache(folder)
    folder.mkdir(exist_ok=True)
    cache.draft(KEY).write_bytes(PLAN)
    cache.store(cache.draft(KEY), metadata())
    return cache


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> EngineCache:
    return stored(tmp_path_factory.mktemp("cache"))


def files(cache: EngineCache) -> tuple[Path, Path]:
    (plan,), (document,) = cache.folder.glob("*.plan"), cache.folder.glob("*.json")
    return plan, document


def test_what_was_stored_comes_back(cache: EngineCache) -> None:
    assert cache.read(KEY) == (PLAN, metadata())
    assert sorted(file.suffix for file in cache.folder.iterdir()) == [".json", ".plan"]


SAME_FOLDER = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])


@SAME_FOLDER
@given(length=st.integers(0, len(PLAN) - 1))
def test_a_plan_cut_at_any_byte_is_refused(cache: EngineCache, length: int) -> None:
    plan, _ = files(cache)
    plan.write_bytes(PLAN[:length])
    try:
        with pytest.raises(StaleEngineError, match=f"got {length}: it was cut; build it again"):
            cache.read(KEY)
        assert [entry.problem != "" for entry in cache.entries()] == [True]
    finally:
        plan.write_bytes(PLAN)


@SAME_FOLDER
@given(place=st.integers(0, len(PLAN) - 1), flip=st.integers(1, 255))
def test_a_plan_with_any_other_byte_is_refused(cache: EngineCache, place: int, flip: int) -> None:
    plan, _ = files(cache)
    altered = bytearray(PLAN)
    altered[place] ^= flip
    plan.write_bytes(altered)
    try:
        with pytest.raises(StaleEngineError, match="it was altered; build it again"):
            cache.read(KEY)
    finally:
        plan.write_bytes(PLAN)


@SAME_FOLDER
@given(data=st.data())
def test_metadata_cut_at_any_byte_are_refused(cache: EngineCache, data: Any) -> None:
    _, document = files(cache)
    whole = document.read_bytes()
    document.write_bytes(whole[: data.draw(st.integers(0, len(whole) - 2))])
    try:
        with pytest.raises(StaleEngineError, match="is no metadata of an engine"):
            cache.read(KEY)
    finally:
        document.write_bytes(whole)


@pytest.mark.parametrize("field", list(EngineKey.model_fields))
def test_another_value_of_any_part_of_the_key_is_another_engine(field: str) -> None:
    value = getattr(KEY, field)
    other: Any = (1,) if isinstance(value, tuple) else 7 if isinstance(value, int) else "other"
    assert KEY.model_copy(update={field: other}).digest != KEY.digest


def test_a_foreign_engine_under_this_name_is_refused(tmp_path: Path) -> None:
    cache = stored(tmp_path)
    foreign = metadata(KEY.model_copy(update={"gpu": "Thor"}))
    files(cache)[1].write_text(foreign.model_dump_json())
    with pytest.raises(StaleEngineError, match="its metadata is that of tiny_1_gather_fp32"):
        cache.read(KEY)


def test_without_its_metadata_a_plan_is_not_there(tmp_path: Path) -> None:
    cache = stored(tmp_path)
    files(cache)[1].unlink()
    with pytest.raises(StaleEngineError, match="there is no engine tiny_1_gather_fp32"):
        cache.read(KEY)
    (entry,) = cache.entries()
    assert entry.metadata is None


def test_a_full_disk_leaves_the_old_metadata(tmp_path: Path) -> None:
    cache = stored(tmp_path)
    with full_disk(10), pytest.raises(EngineError, match="can't be written"):
        cache.update(metadata().model_copy(update={"build_s": 2.0}))
    assert cache.read(KEY)[1].build_s == 1.0
    assert len(list(tmp_path.iterdir())) == 2


def test_a_link_under_the_locks_name_reaches_nobodys_file(tmp_path: Path) -> None:
    cache = EngineCache(tmp_path / "engines")
    cache.folder.mkdir(0o700)
    victim = tmp_path / "victim"
    victim.write_text("mine")
    lock = cache.folder / f"{KEY.stem}.lock"
    for plant in (Path.symlink_to, Path.hardlink_to):
        plant(lock, victim)
        with pytest.raises(EngineError, match=r"set tensorrt\.cache"), cache.lock(KEY, 0.1):
            pass
        lock.unlink()
    assert victim.read_text() == "mine"
    with cache.lock(KEY, 0.1):
        assert lock.read_text() == str(os.getpid())


def test_a_folder_that_others_write_into_gives_no_engine_and_takes_none(tmp_path: Path) -> None:
    cache = stored(tmp_path)
    tmp_path.chmod(0o777)
    with pytest.raises(EngineError, match=r"nobody else writes to, but everybody .* go-w"):
        cache.read(KEY)
    with pytest.raises(EngineError, match="everybody may write"), cache.lock(KEY, 0.1):
        pass
    assert "everybody may write" in cache.entries()[0].problem
    tmp_path.chmod(0o700)
    assert cache.read(KEY)[0] == PLAN


def test_an_engine_that_somebody_else_planted_is_not_loaded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = stored(tmp_path)
    for file in files(cache):
        file.chmod(0o666)
        with pytest.raises(StaleEngineError, match="everybody may write to it"):
            cache.read(KEY)
        file.chmod(0o600)
    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 12345)
    if os.getuid():
        with pytest.raises(EngineError, match="it belongs to user"):
            cache.read(KEY)


def test_a_link_to_an_engine_elsewhere_is_not_followed(tmp_path: Path) -> None:
    cache = stored(tmp_path)
    plan = files(cache)[0]
    plan.rename(tmp_path / "elsewhere")
    plan.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(StaleEngineError, match="it is a link"):
        cache.read(KEY)


def test_leftovers_of_dead_builders_go_and_those_of_living_ones_stay(tmp_path: Path) -> None:
    cache = stored(tmp_path)
    cache.draft(KEY).write_bytes(b"mine")
    dead = tmp_path / f"{KEY.stem}.draft999999999"
    dead.write_bytes(b"dead")
    assert cache.remove_leftovers() == 1
    assert cache.draft(KEY).exists()
    assert not dead.exists()


def test_a_builder_that_does_not_end_is_not_waited_for_longer_than_told(tmp_path: Path) -> None:
    cache = EngineCache(tmp_path)
    with (
        cache.lock(KEY, 1.0),
        pytest.raises(EngineError, match=f"process {os.getpid()} has been building"),
        cache.lock(KEY, 0.2),
    ):
        pass


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    cache = EngineCache(tmp_path / "file" / "engines")
    with (
        pytest.raises(EngineError, match=r"engines can't be kept in .*; set tensorrt\.cache"),
        cache.lock(KEY, 1.0),
    ):
        pass


def test_two_processes_that_need_one_engine_build_it_once(
    make_bundle: MakeBundle, machine: SimulatedMachine, let_build: Callable[[], None]
) -> None:
    program = textwrap.dedent("""
        import sys
        from seg_perception.config import SegmentationConfig, TensorRtConfig
        from seg_perception.inference import tensorrt_engine
        from seg_perception.inference.bundle import Bundle
        from seg_perception.inference.engine import create_engine

        tensorrt_engine.find_device = lambda: "/dev/nvidiactl"
        config = SegmentationConfig(engine="tensorrt", spot_check_period_s=0.0)
        tensorrt = TensorRtConfig(cache=sys.argv[2], module="tensorrt")
        print("asks", flush=True)
        engine = create_engine(Bundle.load(sys.argv[1]), config, tensorrt)
        print(engine.description)
        engine.close()
    """)
    command = [sys.executable, "-c", program, str(make_bundle().folder), str(machine.cache)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    both = [
        subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    for process in both:
        assert process.stdout.readline() == "asks\n"
    let_build()
    outputs = [process.communicate(timeout=60)[0] for process in both]
    assert [process.returncode for process in both] == [0, 0]
    assert all("Simulated GPU" in text for text in outputs)
    assert machine.builds == 1


def test_an_engine_cut_in_the_cache_is_built_again_before_it_is_loaded(
    make_bundle: MakeBundle, stripes: Stripes, machine: SimulatedMachine
) -> None:
    bundle = make_bundle()
    machine.create(bundle).close()
    (plan,) = machine.cache.glob("*.plan")
    plan.write_bytes(plan.read_bytes()[:-1])
    engine = machine.create(bundle)
    assert machine.builds == 2
    assert engine.refused == ()
    np.testing.assert_array_equal(engine.infer(stripes[0])[0], stripes[1])


def test_without_a_home_engines_are_kept_among_temporary_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unknown(*_: object) -> Path:
        message = "Could not determine home directory."
        raise RuntimeError(message)

    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert EngineCache.at("").folder == tmp_path / ".cache" / "seg_perception" / "engines"
    monkeypatch.setattr(Path, "expanduser", unknown)
    assert str(os.geteuid()) in EngineCache.at("").folder.parts[2]
    assert EngineCache.at("~nobody-there/engines").folder == Path("~nobody-there/engines")


@pytest.mark.parametrize("name", ["file", "x" * 300])
def test_a_folder_that_can_not_be_read_has_no_engine_and_says_so(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").touch()
    cache = EngineCache(tmp_path / name)
    assert not cache.has(KEY)
    with pytest.raises(EngineError, match="can't be read"):
        cache.entries()
    with pytest.raises(EngineError), cache.lock(KEY, 0.1):
        pass
