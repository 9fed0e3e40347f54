"""Hides fences where other finders lose them, and counts."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conftest import ADAPTER, ROOT
from verified_docs.census import Fence, find_fences, language_of, take_census
from verified_docs.checkers import check_fences
from verified_docs.problem import Problem, Problems
from verified_docs.verify import verify_fence

PAGE = Path("page.md")


def contents(text: str) -> list[tuple[str, str]]:
    return [(fence.language, fence.content) for fence in find_fences(PAGE, text)]


@pytest.mark.parametrize(
    "text",
    [
        "```python\nx = 1\n```\n",
        "``` { .python }\nx = 1\n```\n",
        '```{.python title="a"}\nx = 1\n```\n',
        '```python title="a b" hl_lines="1"\nx = 1\n```\n',
        "~~~python\nx = 1\n~~~\n",
        "````python\nx = 1\n````\n",
        '=== "Tab"\n\n    ```python\n    x = 1\n    ```\n',
        '===! "Tab"\n\n    ```python\n    x = 1\n    ```\n',
        '!!! note "Title"\n\n    ```python\n    x = 1\n    ```\n',
        "??? note\n\n    ```python\n    x = 1\n    ```\n",
        '!!! note\n\n    === "Tab"\n\n        ```python\n        x = 1\n        ```\n',
        "- item\n\n    ```python\n    x = 1\n    ```\n",
        "1. item\n\n    ```python\n    x = 1\n    ```\n",
        "> ```python\n> x = 1\n> ```\n",
        '<div markdown="1">\n\n```python\nx = 1\n```\n\n</div>\n',
        "Term\n:   Meaning\n\n    ```python\n    x = 1\n    ```\n",
        "A[^1]\n\n[^1]: Note\n\n    ```python\n    x = 1\n    ```\n",
        "```python\r\nx = 1\r\n```\r\n".replace("\r\n", "\n"),
        "```PYTHON\nx = 1\n```\n",
        '===+! "Tab"\n\n    ```python\n    x = 1\n    ```\n',
        "- item\n\n    !!! note\n\n        ```python\n        x = 1\n        ```\n",
    ],
)
def test_found(text: str) -> None:
    assert contents(text) == [("python", "x = 1\n")]


def test_four_backticks_hold_three() -> None:
    text = "````text\n```python\nx = 1\n```\n````\n\n```python\ny = 2\n```\n"
    assert contents(text) == [("text", "```python\nx = 1\n```\n"), ("python", "y = 2\n")]


def test_a_tab_inside_a_fence_is_text() -> None:
    text = '```text\n=== "Tab"\n```\n'
    assert contents(text) == [("text", '=== "Tab"\n')]


def test_blank_rows_do_not_end_a_container() -> None:
    body = "def f():\n    pass\n\n\ndef g():\n    pass\n"
    text = '=== "Tab"\n\n' + _indented(f"```python\n{body}```\n")
    assert contents(text) == [("python", body)]


@pytest.mark.parametrize(
    "text",
    [
        "Text\n\n    x = 1\n",
        "- item\n\n      ```python\n      x = 1\n      ```\n\n          y = 2\n",
        "<details markdown='1'>\n```python\nx = 1\n```\n</details>\n",
        "<div markdown='1'>\n~~~python\nx = 1\n~~~\n</div>\n",
        "<pre><code>x = 1</code></pre>\n",
        '> === "Tab"\n>\n>     ```python\n>     x = 1\n>     ```\n',
        "```python title=`x`\nx = 1\n```\n",
        "```python\nx = 1\n",
        '    === "Tab"\n',
        "~~~python\n\n> ~~~\n",
        "Text\n```python\nx = 1\n```\n",
        "- item\n\n\t```python\n\tx = 1\n\t```\n",
        "=== 'Tab'\n\n    ```python\n    x = 1\n    ```\n",
        "Text\n- item\n\n    ```python\n    x = 1\n    ```\n",
        "!!! note\n\n    [^1]: Note\n\n        ```python\n        x = 1\n        ```\n",
    ],
)
def test_what_looks_like_code_and_is_no_fence_is_refused(text: str) -> None:
    with pytest.raises(Problem) as caught:
        find_fences(PAGE, text)
    assert caught.value.kind == "census"
    assert caught.value.line


def test_a_page_of_another_suffix_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("```text\n```\n", "utf-8")
    (tmp_path / "b.markdown").write_text("```python\n1/0\n```\n", "utf-8")
    with pytest.raises(Problem, match=r"has to end in \.md"):
        take_census(tmp_path)


def test_comments_and_inline_code_are_not_fences() -> None:
    assert contents("<!--\n```python\nx\n```\n-->\n\nA `python` word.\n") == []


def test_line_is_where_the_fence_opens() -> None:
    (fence,) = find_fences(PAGE, 'a\n\n=== "Tab"\n\n    ```python\n    x = 1\n    ```\n')
    assert fence.line == 5


BLOCKS = {
    "plain": lambda body: body,
    "tab": lambda body: '=== "Tab"\n\n' + _indented(body),
    "admonition": lambda body: "!!! note\n\n" + _indented(body),
    "list": lambda body: "- item\n\n" + _indented(body),
    "nested": lambda body: "!!! note\n\n" + _indented('=== "Tab"\n\n' + _indented(body)),
    "quote": lambda body: "".join(f"> {row}\n" if row else ">\n" for row in body.split("\n")[:-1]),
}


def _indented(body: str) -> str:
    return "".join(f"    {row}\n" if row else "\n" for row in body.split("\n")[:-1])


@given(
    st.lists(
        st.tuples(
            st.sampled_from(sorted(BLOCKS)),
            st.sampled_from(["```", "````", "~~~", "~~~~~"]),
            st.sampled_from(["python", "bash", "json", "{ .python }"]),
            st.lists(st.sampled_from(["x = 1", "", "# Title", "- a", "> b", "=== c", "| a |", "    deep"]), max_size=4),
        ),
        max_size=6,
    )
)
def test_as_many_come_out_as_went_in(blocks: list[tuple[str, str, str, list[str]]]) -> None:
    text = "# Page\n\n"
    for place, ticks, info, rows in blocks:
        body = "\n".join([f"{ticks}{info}", *rows, ticks]) + "\n"
        text += BLOCKS[place](body) + "\nBetween.\n\n"
    assert [language for language, _ in contents(text)] == [language_of(info) for _, _, info, _ in blocks]


@pytest.mark.parametrize(
    ("fence", "message"),
    [
        ("```\nx\n```\n", "names no language"),
        ("```ruby\nx\n```\n", "neither run nor checked"),
        ("```python\nx = (\n```\n", "not valid Python"),
        ("```json\n{\n```\n", "not valid JSON"),
        ("```yaml\na: [\n```\n", "not valid YAML"),
        ("```toml\na = \n```\n", "not valid TOML"),
        ("```bash\nif x\n```\n", "not sound shell"),
        ("```bash\necho hello\nread x\n```\n", "read without -r"),
    ],
)
def test_malformed_fence(fence: str, message: str, tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("# Page\n\n" + fence, "utf-8")
    with pytest.raises(Problems) as caught:
        check_fences(take_census(tmp_path))
    (problem,) = caught.value.found
    assert message in problem.what
    assert problem.path == page
    assert problem.line is not None
    assert problem.line >= 3


@pytest.mark.parametrize("pages", [{}, {"a.md": "# No fence\n"}])
def test_finding_nothing_is_a_failure(pages: dict[str, str], tmp_path: Path) -> None:
    for name, text in pages.items():
        (tmp_path / name).write_text(text, "utf-8")
    with pytest.raises(Problem, match="there is no"):
        take_census(tmp_path)


@pytest.mark.parametrize(
    ("content", "kind", "line"),
    [
        ('print("a")\n#> b\n', "output", 11),
        ("1 / 0\n", "exception", 11),
        ('print("a")\n', "output", 11),
        ("x = 1\n#> a\n", "output", 12),
        (
            "import socket\ntry:\n    socket.create_connection(('192.0.2.1', 1))\nexcept OSError:\n    pass\n",
            "network",
            10,
        ),
    ],
)
def test_broken_python_fence(content: str, kind: str, line: int, tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(content, "utf-8")
    with pytest.raises(Problem) as caught:
        verify_fence(Fence(page, 10, "python", content), ROOT, ADAPTER)
    assert (caught.value.kind, caught.value.line) == (kind, line)
    assert caught.value.path == page


def test_every_fence_of_the_docs_is_accounted_for() -> None:
    fences = take_census(ROOT / "docs")
    counts = check_fences(fences)
    assert sum(counts.values()) == len(fences) > 0
