"""Asks the strict build of the site about one page, with everything else built before."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

from verified_docs.problem import Problem


class WarmSite:
    """A site of which all pages were read, as the first half of `mkdocs build` does.

    Args:
        root: The project's folder.
        pages: The pages in Markdown, as published.
        into: Where the site would be written; nothing is.
    """

    def __init__(self, root: Path, pages: Path, into: Path) -> None:
        from mkdocs.config import load_config
        from mkdocs.structure.files import get_files, set_exclusions
        from mkdocs.structure.nav import get_navigation

        self._pages = pages
        self._config: Any = load_config(str(root / "mkdocs.yml"), docs_dir=str(pages), site_dir=str(into), strict=True)
        config = self._config.plugins.on_config(self._config)
        config.plugins.on_pre_build(config=config)
        files = get_files(config)
        environment = config.theme.get_env()
        files.add_files_from_theme(environment, config)
        self._files: Any = config.plugins.on_files(files, config=config)
        set_exclusions(self._files, config)
        config.plugins.on_nav(get_navigation(self._files, config), config=config, files=self._files)
        for file in self._files.documentation_pages():
            self._read(file)

    def check(self, names: list[str], text: Callable[[str], str]) -> None:
        """Reads some pages again, and follows the links of all.

        Args:
            names: The pages, by their paths below the published folder.
            text: Gives the Markdown of a page.

        Raises:
            Problem: The strict build would stop; the first warning is named.
        """
        warnings: list[str] = []

        class Kept(logging.Handler):
            def emit(self, record: logging.LogRecord) -> None:
                warnings.append(record.getMessage())

        handler = Kept(logging.WARNING)
        logger = logging.getLogger("mkdocs")
        logger.addHandler(handler)
        try:
            for name in names:
                (self._pages / name).write_text(text(name), "utf-8")
                file = self._files.get_file_from_path(name)
                # A file keeps what it held when it was read first.
                file.content_string = (self._pages / name).read_text("utf-8")
                self._read(file)
            for file in self._files.documentation_pages():
                file.page.validate_anchor_links(files=self._files, log_level=self._config.validation.links.anchors)
        finally:
            logger.removeHandler(handler)
        if warnings:
            raise Problem(self._pages / (names or [""])[0], None, warnings[0], "make site", kind="site")

    def _read(self, file: Any) -> None:
        from mkdocs.commands.build import _populate_page
        from mkdocs.structure.pages import Page

        if file.page is None:
            Page(None, file, self._config)
        _populate_page(file.page, self._config, self._files)
