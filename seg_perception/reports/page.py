"""Templates to pages, pages to files."""

from __future__ import annotations

import os
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from seg_perception import __version__
from seg_perception.core.errors import ReportError
from seg_perception.reports.formatting import FILTERS


def render(template: str, **values: Any) -> str:
    """Fill a template of `reports/templates/`.

    Whatever is not `Markup` is escaped, and the page's policy forbids scripts and the network.
    """
    return _environment().get_template(template).render(version=__version__, **values)


def write_page(file: Path, text: str) -> None:
    """Write a text file so that it is there whole or not at all.

    Raises:
        ReportError: the folder can't be written to.
    """
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=f".{file.name}.", dir=file.parent)
        with open(handle, "w", encoding="utf-8") as stream:  # noqa: PTH123 (a descriptor)
            stream.write(text)
        Path(name).chmod(0o666 & ~_umask())
        Path(name).replace(file)
    except OSError as error:
        msg = f"{file} can't be written ({error}); name another folder"
        raise ReportError(msg) from error


def _umask() -> int:
    """A temporary file is readable by its owner alone; a page is as any other file."""
    mask = os.umask(0)
    os.umask(mask)
    return mask


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("seg_perception.reports"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters.update(FILTERS)
    return environment
