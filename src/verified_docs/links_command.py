"""The commands that keep addresses alive: the site's own, and those that it leads to."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from verified_docs.problem import Problem, read_text, shown
from verified_docs.terminal import Root, Today, out, told

if TYPE_CHECKING:
    from verified_docs.hypertext import Site

SITE = Path("site")
_SITE_URL = re.compile(r"^site_url:\s*[\"']?(?P<url>[^\s\"'#]+)", re.M)
_COLOURS = {"broken": "red", "moved": "yellow", "unsure": "yellow"}
BuiltSite = Annotated[Path, typer.Option(help="The folder of the built site, below the root.")]


def load_site(root: Path, folder: Path) -> Site:
    """The built site.

    Raises:
        Problem: It was not built, or mkdocs.yml does not say at which address it will stand.
    """
    from verified_docs.hypertext import Site

    config = root / "mkdocs.yml"
    found = _SITE_URL.search(read_text(config))
    if not found:
        raise Problem(config, None, "there is no site_url", "write site_url: https://docs.example.com/", kind="config")
    if not (root / folder / "index.html").is_file():
        raise Problem(
            root / folder, None, f"there is no {shown(root / folder / 'index.html')}", "make site", kind="site"
        )
    return Site((root / folder).resolve(), f"{found['url'].rstrip('/')}/")


def links(
    site: BuiltSite = SITE,
    json: Annotated[Path | None, typer.Option(help="Where to write the report for a program.")] = None,
    markdown: Annotated[Path | None, typer.Option(help="Where to write the report for people.")] = None,
    timeout: Annotated[float, typer.Option(min=0.1, help="Seconds until an answer is given up.")] = 20.0,
    list_only: Annotated[bool, typer.Option("--list", help="Only list the addresses; ask none.")] = False,
    today: Today = None,
    root: Root = Path(),
) -> None:
    """Ask every address outside that the pages lead to. For a scheduled job: no build and no test does.

    Exit codes: 0 none is broken and none has moved, 1 one is or has.
    """
    with told():
        from verified_docs.day import today as day
        from verified_docs.links import check_links, find_links, load_skips
        from verified_docs.whole import write_whole

        root = root.resolve()
        found = find_links(root, load_site(root, site))
        if list_only:
            for url, places in found.items():
                out.print(escape(f"{url}  {', '.join(f'{place.file}:{place.line}' for place in places)}"))
            return
        report = check_links(found, load_skips(root), day(today).isoformat(), timeout)
        if json:
            write_whole(json, report.to_json())
        if markdown:
            write_whole(markdown, report.to_markdown())
        for one in report.links:
            if one.verdict in _COLOURS:
                where = ", ".join(f"{place.file}:{place.line}" for place in one.places)
                said = escape(f"{where}: {one.url}: {one.why}")
                out.print(f"[{_COLOURS[one.verdict]}]{one.verdict}[/] {said}\n    fix: {escape(one.fix)}")
        out.print(
            f"{len(report.links)} addresses: {', '.join(f'{n} {verdict}' for verdict, n in report.totals.items())}"
        )
        if report.totals["broken"] or report.totals["moved"]:
            raise typer.Exit(1)


def addresses(
    site: BuiltSite = SITE,
    update: Annotated[bool, typer.Option("--update", help="Add the site's addresses to the list.")] = False,
    root: Root = Path(),
) -> None:
    """Check that every address that was ever published still leads somewhere, and each link within the site.

    Exit codes: 0 all do, 1 one does not, or the site has one that is not on the list.
    """
    with told():
        from verified_docs.addresses import FILE, check_addresses, load_addresses, update_addresses
        from verified_docs.problem import Problems

        root = root.resolve()
        built = load_site(root, site)
        if update:
            added = update_addresses(root, built)
            out.print(f"{shown(root / FILE)}: {added} addresses are [green]new[/]")
        check_addresses(root, built)
        if broken := built.broken():
            raise Problems(
                [
                    Problem(
                        one.path, one.line, f"{one.url}: {one.why}", "correct the link, then make site", kind="link"
                    )
                    for one in broken
                ]
            )
        kept = len(load_addresses(root))
        out.print(f"{kept} addresses are [green]kept[/], and every link within the site leads somewhere")
