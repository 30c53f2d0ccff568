"""A fleet's bags through a command: here or on a cluster, and once more only what is not done."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from seg_perception.core.atomic_write import write_file
from seg_perception.core.disk_errors import full_disk, unwritable
from seg_perception.core.errors import FleetError
from seg_perception.core.locks import working_in
from seg_perception.core.ray_cluster import Cluster, run_on_cluster
from seg_perception.evaluation.document import Document
from seg_perception.fleet.order import BAGS, Bag, Order, name_bags
from seg_perception.fleet.page import write_pages
from seg_perception.fleet.tables import expect_parquet, tables, write_parquet
from seg_perception.fleet.work import ATTEMPT, Outcome, do_bag, read_outcome

FLEET = "fleet.json"
OnProgress = Callable[[int, int], None]


class Fleet(Document):
    """What a run's folder belongs to."""

    order: Order
    bags: tuple[Bag, ...]


@dataclass(frozen=True)
class FleetOptions:
    """What does the work.

    Attributes:
        processes: so many bags at once on this machine.
        cluster: in place of this machine; None: no cluster.
    """

    processes: int = 1
    cluster: Cluster | None = None


def run_fleet(
    order: Order, paths: Iterable[Path], options: FleetOptions, on_progress: OnProgress
) -> list[Outcome]:
    """Do what is not done yet, and write tables and pages of everything.

    Args:
        order: the command, and the folder of the run: new, or of the same command.
        paths: of bags; those of an earlier run in this folder stay in it.
        options: what does the work.
        on_progress: called with the bags that are done, and all.

    Raises:
        FleetError: the folder belongs to another command or can't be written, there is no such
            cluster, or pyarrow is missing.
    """
    expect_parquet()
    folder = Path(order.folder)
    with unwritable(folder, FleetError):
        (folder / BAGS).mkdir(parents=True, exist_ok=True)
    with working_in(folder, FleetError), full_disk(folder, FleetError):
        bags = _begin(order, folder, paths)
        outcomes = {bag.name: read_outcome(order, bag) for bag in bags}
        left = [bag for bag in bags if outcomes[bag.name] is None]

        def take(bag: Bag, text: str) -> None:
            outcomes[bag.name] = Outcome.model_validate_json(text)
            on_progress(sum(outcome is not None for outcome in outcomes.values()), len(bags))

        if options.cluster is not None:
            run_on_cluster(options.cluster, do_bag, order, left, take, FleetError)
        else:
            _run_here(order, left, take, options.processes)
        found = [outcome for outcome in outcomes.values() if outcome is not None]
        for table in tables(order, found):
            write_parquet(table, folder)
        write_pages(order, found)
    return found


def _begin(order: Order, folder: Path, paths: Iterable[Path]) -> list[Bag]:
    """The bags of the run: those of before, then the new ones."""
    before = _known(order, folder)
    named = name_bags(paths, before)
    bags = list({bag.name: bag for bag in (*before, *named)}.values())
    text = Fleet(order=order, bags=tuple(bags)).model_dump_json(indent=1)
    write_file(folder / FLEET, text, FleetError)
    for attempt in (folder / BAGS).glob(f".*{ATTEMPT}"):
        shutil.rmtree(attempt, ignore_errors=True)
    return bags


def _known(order: Order, folder: Path) -> Sequence[Bag]:
    path = folder / FLEET
    if not path.is_file():
        if any(entry.name != BAGS for entry in folder.iterdir()):
            msg = f"{folder}: expected a new folder, or one of the same command; choose another"
            raise FleetError(msg)
        return ()
    try:
        fleet = Fleet.model_validate_json(path.read_bytes())
    except ValidationError as error:
        msg = f"{path} can't be read: expected what a run wrote; choose another folder"
        raise FleetError(msg) from error
    if (fleet.order.command, fleet.order.options) != (order.command, order.options):
        was = " ".join((fleet.order.command, *fleet.order.options))
        msg = f"{folder} holds results of `{was}`: ask for the same, or choose another folder"
        raise FleetError(msg)
    return fleet.bags


def _run_here(
    order: Order, bags: Sequence[Bag], take: Callable[[Bag, str], None], processes: int
) -> None:
    """Each bag is a process; a thread waits for each."""
    with ThreadPoolExecutor(max(1, processes), thread_name_prefix="fleet") as pool:
        futures: dict[Future[str], Bag] = {pool.submit(do_bag, order, bag): bag for bag in bags}
        waiting = set(futures)
        try:
            while waiting:
                done, waiting = wait(waiting, return_when=FIRST_COMPLETED)
                for future in done:
                    take(futures[future], future.result())
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
