# ruff: noqa: E402  (torch, which may be absent, is looked for first)
from pathlib import Path

import pytest

torch = pytest.importorskip("torch", reason="training needs torch: install the extra [train]")

from seg_perception.core.errors import TrainingError
from seg_perception.training.checkpoint import Checkpoint


def checkpoint(step: int) -> Checkpoint:
    return Checkpoint(
        config="{}", step=step, network={"w": torch.ones(2)}, average={}, optimizer={}
    )


def test_round_trip(tmp_path: Path) -> None:
    checkpoint(3).save(tmp_path / "new" / "a.pt")
    read = Checkpoint.load(tmp_path / "new" / "a.pt")
    assert read.step == 3
    assert read.network["w"].tolist() == [1.0, 1.0]


def test_a_full_disk_keeps_the_last_good_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.pt"
    checkpoint(1).save(path)

    def refuse(state: object, file: Path) -> None:
        file.write_bytes(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(torch, "save", refuse)
    with pytest.raises(
        TrainingError, match=r"a.pt: can't be written .*No space left.*free some space and resume"
    ):
        checkpoint(2).save(path)
    assert Checkpoint.load(path).step == 1
    assert [p.name for p in tmp_path.iterdir()] == ["a.pt"]


def test_code_in_a_pickle_is_not_run(tmp_path: Path) -> None:
    class Evil:
        def __reduce__(self):
            return (Path.touch, (tmp_path / "touched",))

    torch.save({"step": Evil()}, tmp_path / "evil.pt")
    with pytest.raises(TrainingError, match=r"evil.pt: not a checkpoint of this project"):
        Checkpoint.load(tmp_path / "evil.pt")
    assert not (tmp_path / "touched").exists()


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 no archive"])
def test_other_files_are_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.pt").write_bytes(content)
    with pytest.raises(TrainingError, match=r"a.pt: not a checkpoint"):
        Checkpoint.load(tmp_path / "a.pt")
    with pytest.raises(TrainingError, match=r"b.pt not found"):
        Checkpoint.load(tmp_path / "b.pt")
