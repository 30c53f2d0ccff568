"""Work on the machines of a Ray cluster (extra `cluster`).

Files have to lie under the same paths everywhere. A worker that is lost costs only what it worked
on: Ray gives that to another one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

from seg_perception.core.errors import SegPerceptionError

LOCAL = "local"
_RETRIES = 3
# Work in flight for each worker: results wait in the object store until they are taken.
_AHEAD = 2

Item = TypeVar("Item")


@dataclass(frozen=True)
class Cluster:
    """Which cluster, and what a piece of work needs of it.

    Attributes:
        address: of the cluster, `auto` for the one this machine belongs to, or `local` for one
            that is started here and ends with the work.
        cpus, gpus: what a piece needs; may be a fraction.
    """

    address: str
    cpus: float = 1
    gpus: float = 0


def run_on_cluster(
    cluster: Cluster,
    work: Callable[..., Any],
    common: Any,
    items: Sequence[Item],
    take: Callable[[Item, Any], None],
    kind: type[SegPerceptionError],
) -> None:
    """Have all items worked on.

    Args:
        cluster: see there.
        work: called with `common` and an item on some machine of the cluster.
        common: sent to each machine once.
        items: what is still to be done.
        take: called here with an item and what the work gave for it, as they come.
        kind: the error to raise.

    Raises:
        SegPerceptionError: of `kind`: Ray is not installed, there is no such cluster, or an item
            was lost too often; else of the first item that can't be done.
    """
    ray = _import_ray(kind)
    with _connected(ray, cluster.address, kind):
        try:
            _run_all(ray, cluster, work, common, items, take)
        except ray.exceptions.RayTaskError as error:
            if isinstance(error.cause, SegPerceptionError):
                raise error.cause from None
            raise
        except ray.exceptions.RayError as error:
            msg = f"work was lost {_RETRIES + 1} times ({error}); start again, the run goes on"
            raise kind(msg) from error


def _run_all(
    ray: Any,
    cluster: Cluster,
    work: Callable[..., Any],
    common: Any,
    items: Sequence[Item],
    take: Callable[[Item, Any], None],
) -> None:
    needs = {"num_cpus": cluster.cpus, "num_gpus": cluster.gpus, "max_retries": _RETRIES}
    remote, sent = ray.remote(**needs)(work), ray.put(common)
    workers = int(ray.cluster_resources().get("CPU", 1) / max(cluster.cpus, 1e-3))
    limit = max(1, workers) * _AHEAD
    waiting: dict[Any, Item] = {}
    left = list(reversed(items))
    while left or waiting:
        while left and len(waiting) < limit:
            item = left.pop()
            waiting[remote.remote(sent, item)] = item
        ready, _ = ray.wait(list(waiting), num_returns=1)
        take(waiting.pop(ready[0]), ray.get(ready[0]))


def _import_ray(kind: type[SegPerceptionError]) -> Any:
    try:
        import ray
    except ImportError as error:
        msg = "Ray is not installed: pip install ray"
        raise kind(msg) from error
    return ray


@contextmanager
def _connected(ray: Any, address: str, kind: type[SegPerceptionError]) -> Iterator[None]:
    """Be connected; a connection that was there before stays."""
    if ray.is_initialized():
        yield
        return
    # A cluster that is there has decided about its dashboard.
    more = {"include_dashboard": False} if address == LOCAL else {}
    try:
        ray.init(address=address, log_to_driver=False, **more)
    except (ConnectionError, ValueError) as error:
        msg = f"no Ray cluster at {address!r} ({error}); start one with `ray start --head`"
        raise kind(msg) from error
    try:
        yield
    finally:
        ray.shutdown()
