"""Loads what a project adds to its pages, so that this package need not know the project."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from verified_docs.lane import CONFIG, load_settings
from verified_docs.problem import Problem


def own_functions(root: Path) -> Callable[[str, str], dict[str, Any]]:
    """What a project adds to its pages: `functions = "module:name"` under `[tool.verified_docs]`.

    The function gets the project's folder, and gives one that gets a page's name and its way to the top of the site,
    and gives the names that the page may use. One of them may be `rewrite`: it gets the finished Markdown of the page,
    and gives what is published instead; code that ran has to stay as it is.

    Args:
        root: The project's folder.

    Raises:
        Problem: There is no such function, or it gives no names.
    """
    name = load_settings(root).get("functions")
    if name is None:
        return lambda page, up: {}
    module, _, attribute = str(name).partition(":")
    try:
        functions: Callable[[str, str], dict[str, Any]] = getattr(importlib.import_module(module), attribute)(root)
        if not isinstance(functions("index.md", ""), dict):
            raise TypeError("it gives no names")
    except (ImportError, AttributeError, ValueError, TypeError) as error:
        raise Problem(
            root / CONFIG,
            None,
            f"functions = {name!r} under [tool.verified_docs] cannot be used ({error})",
            "name a function as module:name, in a module that is installed, then make site",
            kind="config",
        ) from error
    return functions
