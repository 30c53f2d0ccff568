"""Packages that others made: found, imported, and told apart from their namesakes."""

from __future__ import annotations

import importlib
from types import ModuleType


def import_foreign(name: str) -> ModuleType:
    """Import a module of a package that may be missing or broken.

    What lacks its libraries, or was made for another Python, raises whatever comes to it:
    here that is an ImportError, so that whoever has something else to take can take it.

    Raises:
        ModuleNotFoundError: it is not installed.
        ImportError: it is, and can't be imported.
    """
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name is not None and f"{name}.".startswith(f"{error.name}."):
            raise
        # The module is there; what it needs is not.
        raise ImportError(str(error), name=name) from error
    except ImportError:
        raise
    except Exception as error:
        msg = f"{type(error).__name__}: {error}"
        raise ImportError(msg, name=name) from error
