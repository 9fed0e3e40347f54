"""The command that shows the site in a browser, and keeps it up to date while somebody writes."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Annotated

import typer

from verified_docs.problem import Problem
from verified_docs.terminal import Root, err, told

_HOST = "127.0.0.1"


def watch(
    port: Annotated[int, typer.Option(help="The port on 127.0.0.1.", min=1, max=65535)] = 8000,
    root: Root = Path(),
) -> None:
    """Show the site, and verify, publish and build again whenever a file is saved; the open page reloads.

    Ends with Ctrl-C. What fails is told here, and the site stays as it was until it is right.
    """
    with told():
        from mkdocs.commands.serve import serve
        from mkdocs.utils.yaml import yaml_load
        from rich.markup import escape

        from verified_docs import watch_hooks
        from verified_docs.watch import Watch, current

        root = root.resolve()
        config = root / "mkdocs.yml"
        if not config.is_file():
            raise Problem(config, None, "there is no site here to watch", "verified-docs watch --root FOLDER")
        with config.open(encoding="utf-8") as file:
            settings = yaml_load(file)
        _check_free(port)
        pages = Path(settings.get("docs_dir", "docs"))
        watching = Watch(root, pages, lambda text: err.print(f"[bold]watch[/] {escape(text)}"))
        if not watching.refresh() and not (root / pages).is_dir():
            raise typer.Exit(1)
        current.append(watching)
        watching.tell(f"building the site for http://{_HOST}:{port}/")
        hooks = [*settings.get("hooks", []), str(Path(watch_hooks.__file__))]
        serve(config_file=str(config), hooks=hooks, dev_addr=f"{_HOST}:{port}")


def _check_free(port: int) -> None:
    """Refuses a port that another program has, before anything takes time."""
    with socket.socket() as one:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            one.bind((_HOST, port))
        except OSError as error:
            what = f"port {port} cannot be taken: {error.strerror}"
            fix = f"verified-docs watch --port {port + 1 if port < 65535 else 8000}"
            raise Problem(Path("--port"), None, what, fix, kind="usage") from error
