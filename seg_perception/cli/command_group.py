"""How the command ends: whatever goes wrong is one sentence, with an exit code that says which.

0 is success and 2 a mistake that the sentence mends; a command may say more by 1. A defect of ours
is 70 (EX_SOFTWARE of sysexits.h), which no condition of a command is mistaken for; a signal, and a
reader that went away, 128 and the signal's number, as a shell has it.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import typer
from typer.core import TyperGroup

from seg_perception.core.disk_errors import OF_DISKS, cant, mend_of
from seg_perception.core.errors import SegPerceptionError, StoppedError

BAD_INPUT = 2
DEFECT = 70
INTERRUPTED = 128 + signal.SIGINT
READER_GONE = 128 + signal.SIGPIPE


class CommandGroup(TyperGroup):
    """Turns an error that the user can mend into one line and exit code 2."""

    def make_context(self, *arguments: Any, **more: Any) -> Any:
        """Read the command line; `--help` and `--version` print while it is read."""
        with _ended_in_words():
            return super().make_context(*arguments, **more)

    def invoke(self, ctx: Any) -> Any:
        """Run the command, and see that what it printed arrived."""
        with _ended_in_words():
            result = super().invoke(ctx)
            if sys.stdout is not None:
                sys.stdout.flush()
            return result


@contextmanager
def _ended_in_words() -> Iterator[None]:
    try:
        yield
    except StoppedError as error:
        _say(str(error))
        raise typer.Exit(128 + error.number) from error
    except SegPerceptionError as error:
        # Some tell of several mistakes, a sentence a line.
        _say("\n".join(f"error: {line}" for line in str(error).splitlines()))
        raise typer.Exit(BAD_INPUT) from error
    except BrokenPipeError as error:
        _let_go_of_output()
        raise typer.Exit(READER_GONE) from error
    except OSError as error:
        _say(f"error: {_explain(error)}")
        raise typer.Exit(BAD_INPUT) from error
    except KeyboardInterrupt as error:
        _say("interrupted")
        raise typer.Exit(INTERRUPTED) from error


def _explain(error: OSError) -> str:
    if error.filename is not None:
        return cant("used", error.filename, error)
    if error.errno in OF_DISKS:
        # Whoever writes a file names it in a sentence of its own.
        _let_go_of_output()
        return cant("written", "standard output", error)
    return f"{error.strerror or error}; {mend_of(error)}"


def _let_go_of_output() -> None:
    """Send what still waits nowhere; Python would complain about it at the very end."""
    with suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)


def _say(text: str) -> None:
    with suppress(OSError):
        typer.echo(text, err=True)
