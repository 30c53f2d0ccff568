"""`python -m seg_perception.training.model_soup A.pt=0.5 B.pt=0.5 -o C.pt`: the mean of runs.

Runs that started from one another lie in one valley of the loss; the mean of their
weights often generalises better than each (Wortsman et al., "Model soups", ICML 2022).
"""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Sequence
from pathlib import Path

from seg_perception.core.errors import SegPerceptionError, TrainingError
from seg_perception.training.checkpoint import Checkpoint


def average_checkpoints(shares: Sequence[tuple[Path, float]]) -> Checkpoint:
    """The weighted mean of the averaged weights; everything else is that of the last checkpoint.

    Args:
        shares: checkpoints with their shares, which sum to 1.

    Raises:
        TrainingError: not checkpoints of one architecture, or other shares.
    """
    total = math.fsum(share for _, share in shares)
    if not math.isclose(total, 1, abs_tol=1e-6):
        msg = f"expected shares that sum to 1, got {total:g}: correct them"
        raise TrainingError(msg)
    checkpoints = [Checkpoint.load(path) for path, _ in shares]
    last = checkpoints[-1]
    shapes = {name: tensor.shape for name, tensor in last.average.items()}
    for (path, _), checkpoint in zip(shares, checkpoints, strict=True):
        if {name: tensor.shape for name, tensor in checkpoint.average.items()} != shapes:
            msg = f"{path}: of another architecture than {shares[-1][0]}: mix runs of one network"
            raise TrainingError(msg)
    mean = {
        name: sum(
            c.average[name] * share for c, (_, share) in zip(checkpoints, shares, strict=True)
        )
        if tensor.is_floating_point()
        else tensor
        for name, tensor in last.average.items()
    }
    return last.model_copy(update={"average": mean, "scores": {}})


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; 0 is success, 2 a mistake that the message explains."""
    parser = argparse.ArgumentParser(prog="python -m seg_perception.training.model_soup")
    parser.add_argument("shares", nargs="+", metavar="CHECKPOINT=SHARE")
    parser.add_argument("-o", "--output", type=Path, required=True, help="checkpoint to write")
    options = parser.parse_args(arguments)
    try:
        average_checkpoints([_share(text) for text in options.shares]).save(options.output)
    except SegPerceptionError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    return 0


def _share(text: str) -> tuple[Path, float]:
    path, found, share = text.rpartition("=")
    try:
        return Path(path if found else text), float(share if found else "")
    except ValueError as error:
        msg = f"{text!r}: expected CHECKPOINT=SHARE, for instance runs/a/last.pt=0.5"
        raise TrainingError(msg) from error


if __name__ == "__main__":
    sys.exit(main())
