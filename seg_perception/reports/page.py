"""Templates to pages, pages to files."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from seg_perception import __version__
from seg_perception.core.atomic_write import write_file
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
        ReportError: the disk refuses; an older file of its name is unchanged.
    """
    write_file(file, text, ReportError)


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
