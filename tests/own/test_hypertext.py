"""Finds links as a browser and a reader of Markdown do, and says which lead nowhere."""

from __future__ import annotations

from pathlib import Path

import pytest
from sample import rewrite

from verified_docs.hypertext import Site, read_html, read_markdown

TOP = "https://docs.example.com/"


def site(folder: Path, **files: str) -> Site:
    """A site of some files; in their names `__` stands for a slash, and `_` for a dot."""
    for name, text in files.items():
        rewrite(folder / name.replace("__", "/").replace("_", "."), text)
    return Site(folder, TOP)


def whys(one: Site) -> list[tuple[str, int, str, str]]:
    return [(fault.path.name, fault.line, fault.url, fault.why) for fault in one.broken()]


@pytest.mark.parametrize(
    ("html", "urls"),
    [
        ('<a href="a/">x</a><area href="b/">', ["a/", "b/"]),
        ('<link rel="stylesheet" href="s.css"><script src="j.js"></script>', ["s.css", "j.js"]),
        ('<img src="i.png" srcset="i2.png 2x, i3.png 3x">', ["i.png", "i2.png", "i3.png"]),
        ('<object data="d.svg"></object><video poster="p.png" src="v.mp4"></video>', ["d.svg", "p.png", "v.mp4"]),
        ('<svg><use href="#sign"/><a xlink:href="c/">x</a></svg>', ["#sign", "c/"]),
        ('<meta http-equiv="refresh" content="0; url=../new/">', ["../new/"]),
        ('<a href="x?a=1&amp;b=2">x</a>', ["x?a=1&b=2"]),
        ('<a>no address</a><a href="">empty</a><td data="7">a cell</td><!-- <a href="no/"> -->', []),
    ],
)
def test_every_address_of_html_is_found(html: str, urls: list[str], tmp_path: Path) -> None:
    rewrite(tmp_path / "x.html", f"<p>\n{html}")
    found = read_html(tmp_path / "x.html").references
    assert [one.url for one in found] == urls
    assert {one.line for one in found} <= {2}


def test_links_of_markdown_are_found_but_none_in_code(tmp_path: Path) -> None:
    text = "[a](a.md)\n\n```text\n[b](b.md)\n```\n"
    text += "`[c](c.md)` ![d](d.png) [e](e_(1).md#x) <https://e.example.org/> ``[f`](f.md)``\n"
    rewrite(tmp_path / "x.md", text)
    found = [(one.url, one.line) for one in read_markdown(tmp_path / "x.md").references]
    assert found == [("a.md", 1), ("d.png", 6), ("e_(1).md#x", 6), ("https://e.example.org/", 6)]


def test_a_sound_site_has_nothing_broken(tmp_path: Path) -> None:
    one = site(
        tmp_path,
        index_html='<h1 id="top"></h1><a href="a/#b">x</a><a href="https://else.example.org/no">x</a>',
        a__index_html=f'<p id="b"></p><a href="../#top">x</a><a href="/f.json">x</a><a href="{TOP}a/">x</a>',
        b__index_html='<p id="c"></p><a href="data:,x">x</a><a href="#c">x</a>',
        f_json="{}",
        a_md=f"[x](index.md#top) [y]({TOP}a.md#b) [z](f.json)",
        index_md="[x](a.md#b)",
        llms_txt=f"[x]({TOP}a.md)",
        old__index_html='<meta http-equiv="refresh" content="0; url=../a/">',
    )
    assert whys(one) == []
    assert sorted(one.pages) == ["", "a/", "b/", "old/"]
    assert [reference.url for _, reference in one.external()] == ["https://else.example.org/no"]


@pytest.mark.parametrize(
    ("name", "text", "url", "why"),
    [
        ("a__index_html", '\n<a href="../b/">', "../b/", "there is no such file"),
        ("a__index_html", '\n<a href="../#c">', "../#c", "there is no 'c' on that page"),
        ("a__index_html", '\n<a href="#c">', "#c", "there is no 'c' on that page"),
        ("a__index_html", '\n<img src="no.png">', "no.png", "there is no such file"),
        ("a__index_html", '\n<a href="../../x">', "../../x", "it leads out of the site"),
        ("a__index_html", f'\n<a href="{TOP}no/">', f"{TOP}no/", "there is no such file"),
        ("a__index_html", '\n<meta http-equiv="refresh" content="0;url=no/">', "no/", "there is no such file"),
        ("a_md", "\n[x](b.md)", "b.md", "there is no such file"),
        ("a_md", "\n[x](index.md#c)", "index.md#c", "there is no 'c' on that page"),
        ("llms_txt", f"\n[x]({TOP}b.md)", f"{TOP}b.md", "there is no such file"),
    ],
)
def test_what_leads_nowhere_is_named(name: str, text: str, url: str, why: str, tmp_path: Path) -> None:
    one = site(tmp_path, index_html='<h1 id="top"></h1>', index_md="x", **{name: text})
    assert whys(one) == [(name.replace("__", "/").replace("_", ".").split("/")[-1], 2, url, why)]
