"""Lets the server of MkDocs watch what pages are made from, and keep the last good site when something fails."""

from __future__ import annotations

from typing import Any

from verified_docs.watch import current


def on_serve(server: Any, config: Any, builder: Any) -> Any:
    """Watches the sources instead of the pages, and verifies and publishes before each build."""
    watch = current[-1]
    # Publishing writes it: the server would never come to rest.
    server.unwatch(config.docs_dir)
    for path in watch.watched:
        server.watch(str(path))

    def build() -> None:
        if watch.refresh():
            builder()
            watch.tell("the site is up to date")
        else:
            # Raising would let every request wait until the next build.
            watch.tell("the site stays as it was; save the file again when it is right")

    server.builder = build
    watch.tell(f"serving on {server.url}, until Ctrl-C")
    return server
