"""One step of a message's way: what fails in it is counted and told, and costs no other message."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from seg_perception.core.drop_reasons import INTERNAL_ERROR
from seg_perception.core.errors import MemoryShortError, OutputError, SegPerceptionError
from seg_perception.core.issue_log import IssueLog
from seg_perception.core.message_accounting import MessageHandle


@contextmanager
def accounted(handle: MessageHandle, issues: IssueLog) -> Iterator[None]:
    """Drop the message under its reason where the block fails.

    Raises:
        OutputError: results can't be written any more; every further message would be lost.
    """
    try:
        yield
    except OutputError:
        raise
    except SegPerceptionError as error:
        handle.drop(error.reason)
        issues.add_error(handle.stream, error)
    except Exception as error:  # noqa: BLE001 (one message must not end all, nor go uncounted)
        if MemoryShortError.explains(error):
            short = MemoryShortError(f"no memory is left for it ({error}); close other programs")
            handle.drop(short.reason)
            issues.add_error(handle.stream, short)
            return
        handle.drop(INTERNAL_ERROR)
        issues.add_unforeseen(handle.stream, error)
