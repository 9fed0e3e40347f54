"""Changes what was built after it was built: served pages have to be what the evidence gives."""

from __future__ import annotations

import gzip
import shutil
from pathlib import Path

import pytest
from sample import rewrite

from verified_docs.built import check_built
from verified_docs.problem import Problem, Problems

FILES = {
    "index.md": "# Home\n\nIt takes 3 calls.\n",
    "evidence.json": '{"version": 1}\n',
    "how-to/log.html": "<p>2.22.5</p>\n",
    "sitemap.xml": "<urlset>\n<url><loc>x</loc><lastmod>2026-11-22</lastmod></url>\n</urlset>\n",
}


@pytest.fixture
def both(tmp_path: Path) -> tuple[Path, Path]:
    for name, text in FILES.items():
        rewrite(tmp_path / "expected" / name, text)
    packed = gzip.compress(FILES["sitemap.xml"].encode(), mtime=1)
    (tmp_path / "expected/sitemap.xml.gz").write_bytes(packed)
    shutil.copytree(tmp_path / "expected", tmp_path / "found")
    return tmp_path / "expected", tmp_path / "found"


def refused(both: tuple[Path, Path]) -> list[Problem]:
    with pytest.raises(Problems) as caught:
        check_built(*both)
    assert all((problem.kind, problem.fix) == ("built", "make site") for problem in caught.value.found)
    return caught.value.found


def test_the_same(both: tuple[Path, Path]) -> None:
    check_built(*both)


def test_another_day_of_the_build_is_the_same(both: tuple[Path, Path]) -> None:
    text = FILES["sitemap.xml"].replace("2026-11-22", "2026-11-23")
    rewrite(both[1] / "sitemap.xml", text)
    (both[1] / "sitemap.xml.gz").write_bytes(gzip.compress(text.encode(), mtime=2))
    check_built(*both)


def test_how_long_checks_took_is_not_compared(both: tuple[Path, Path]) -> None:
    row = "<tr><td>index.md</td><td>12</td><td>{}</td></tr>\n"
    index = '{{"docs": [{{"location": "reference/census/", "text": "{}"}}, {{"location": "x/", "text": "{}"}}]}}'
    for folder, seconds in zip(both, ("0.09", "0.16"), strict=True):
        rewrite(folder / "census.json", f'{{"page": "index.md", "line": 12, "seconds": {seconds}}}\n')
        rewrite(folder / "reference/census.md", row.format(seconds))
        rewrite(folder / "reference/census/index.html", row.format(seconds))
        rewrite(folder / "search/search_index.json", index.format(seconds, "same"))
    check_built(*both)
    rewrite(both[1] / "search/search_index.json", index.format("0.16", "other"))
    rewrite(both[1] / "reference/census.md", row.format("0.16").replace("12", "13"))
    assert [problem.path.name for problem in refused(both)] == ["census.md", "search_index.json"]


def test_how_long_checks_took_is_not_compared_in_markdown_either(both: tuple[Path, Path]) -> None:
    for folder, seconds in zip(both, ("0.05", "0.16"), strict=True):
        rewrite(folder / "reference/census.md", f"| a.md | 12 | ran | {seconds} |\n| b.md | 1.5 | ran | 3.25 |\n")
    check_built(*both)
    rewrite(both[1] / "reference/census.md", "| a.md | 12 | ran | 0.16 |\n| b.md | 1.6 | ran | 3.25 |\n")
    assert [problem.path.name for problem in refused(both)] == ["census.md"]


@pytest.mark.parametrize("name", list(FILES))
def test_another_content(both: tuple[Path, Path], name: str) -> None:
    rewrite(both[1] / name, FILES[name].replace("x", "y").replace("3", "4").replace("1", "2").replace("5", "6"))
    (problem,) = refused(both)
    assert problem.path == both[1] / name
    assert "another content" in problem.what


def test_a_packed_map_that_is_broken(both: tuple[Path, Path]) -> None:
    (both[1] / "sitemap.xml.gz").write_bytes(b"x")
    assert len(refused(both)) == 1


def test_gone_and_left_over(both: tuple[Path, Path]) -> None:
    (both[1] / "index.md").unlink()
    rewrite(both[1] / "old/page.md", "# Old\n")
    assert [problem.path.name for problem in refused(both)] == ["index.md", "page.md"]
    assert "2 in all" in refused(both)[0].what


def test_nothing_was_built(both: tuple[Path, Path]) -> None:
    shutil.rmtree(both[1])
    with pytest.raises(Problem, match="there is no"):
        check_built(*both)


def test_the_first_of_many(both: tuple[Path, Path]) -> None:
    for number in range(40):
        rewrite(both[1] / f"{number:02}.md", "x")
    found = refused(both)
    assert len(found) == 10
    assert "40 in all" in found[0].what
