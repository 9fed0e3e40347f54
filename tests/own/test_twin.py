"""The Markdown twin of a page says what the page says, without a tag."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from verified_docs.plain_html import code, plain_html, rows_of_html
from verified_docs.twin import Twins, description

TOP = "https://docs.example.com/"
PAGES = {"index.md": "", "how-to/a.md": "how-to/a/", "how-to/b.md": "how-to/b/", "commands/index.md": "commands/"}
TWINS = Twins(PAGES, TOP)
ROWS = ["<div>", "</div>", "```", "    x", "!!! note", '=== "a"', "", "# h", "| a |", "<td"]


def twin(markdown: str, name: str = "how-to/a.md") -> str:
    text = TWINS.twin(name, markdown)
    end = f"\n\n---\n\nFor people: {TOP}{PAGES[name]}\n"
    assert text.endswith(end)
    return text.removesuffix(end)


# --- HTML ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("html", "markdown"),
    [
        ("<p>a <b>b</b> <a href='c/'>d</a></p><p>e</p>", "a **b** [d](c/)\n\ne"),
        ("<ul><li>a</li><li><em>b</em> c</li></ul>", "- a\n- b c"),
        ("<code>a_b</code> <kbd>c</kbd> <code>d`e</code>", "`a_b` `c` ``d`e``"),
        ("<pre><code>a\n  b &lt;c&gt;</code></pre>", "```text\na\n  b <c>\n```"),
        ("<details><summary>a</summary>b</details>", "**a**\n\nb"),
        ("<dl><dt>a</dt><dd>b</dd></dl>", "**a:**\nb"),
        ("<svg aria-label='a'><text>b</text></svg>", "a"),
        ("<svg><title>a</title><desc>b</desc><text>c</text></svg>", "a"),
        ("a<script>b</script><style>c</style><template>d</template>", "a"),
        ("<img alt='a' src='b.png'>", "![a](b.png)"),
        ("<a href='x'></a><span aria-hidden='true'>✓</span> a", "✓ a"),
        ("1 &lt; 2 &amp; 3", "1 \\< 2 & 3"),
        ("<b>a</b><samp>b</samp>", "**a** `b`"),
        ("<li><samp>{\n    a\n}</samp></li>", "-\n\n```text\n{\n    a\n}\n```"),
        (
            "<table><tr><td><samp>{\n  a}</samp></td><td><pre>b\n c</pre></td></tr></table>",
            "| `{ a}` | `b c` |\n|---|---|",
        ),
    ],
)
def test_html_becomes_markdown(html: str, markdown: str) -> None:
    assert plain_html(html) == markdown


def test_a_table_keeps_its_rows_and_says_wide_cells_once() -> None:
    html = (
        "<table><caption>t</caption><thead><tr><th rowspan=2>a</th><th colspan=2>b</th></tr>"
        "<tr><th>c</th><th>d</th></tr></thead><tbody>"
        "<tr><td>1|2</td><td><code>x|y</code><br>z</td><td><ul><li>p</li><li>q</li></ul></td></tr>"
        "<tr><td rowspan=3>r</td><td>s</td><td>t</td></tr><tr><td>u</td><td>v</td></tr>"
        "<tr><td>w</td></tr></tbody></table>"
    )
    assert plain_html(html).split("\n") == [
        "**t**",
        "",
        "| a | b |  |",
        "|---|---|---|",
        "| a | c | d |",
        "| 1\\|2 | `x\\|y` z | - p - q |",
        "| r | s | t |",
        "| r | u | v |",
        "| r | w |  |",
    ]


@pytest.mark.parametrize(
    ("rows", "count"),
    [
        (["<p>a</p>", "b"], 1),
        (["<div>", "<div>", "</div>", "", "</div>", "b"], 5),
        (["<table", 'class="a>b"', ">", "</table>", "b"], 4),
        (["<img src=x>", "b"], 1),
        (["<br/>", "b"], 1),
        (["<div>", "never ends"], 1),
        (["</div>", "b"], 1),
        (["<!-- a", "<div> -->", "b"], 2),
    ],
)
def test_html_goes_on_until_what_began_has_ended(rows: list[str], count: int) -> None:
    assert rows_of_html(rows) == count


@given(st.text(alphabet=st.sampled_from(list("ab`| \n<>&\"'/=")), max_size=60))
def test_no_html_breaks_the_reader(html: str) -> None:
    made = plain_html(html)
    assert not made.startswith("\n")
    assert "\n\n\n" not in made


@given(st.text(alphabet=st.characters(exclude_characters="\n\r", exclude_categories=["Cc", "Cs"]), min_size=1))
def test_code_comes_out_as_it_went_in(text: str) -> None:
    made = code(text)
    ticks = re.match(r"`+", made)
    assert ticks
    inner = made.removeprefix(ticks[0]).removesuffix(ticks[0])
    assert ticks[0] not in re.findall(r"`+", inner)
    assert inner in {text, f" {text} "}


# --- Markdown ---------------------------------------------------------------------------------------------------------


def test_front_matter_and_attributes_go() -> None:
    head = "---\nhide: [toc]\n---\n\n# A { #a }\n\n"
    markdown = f"{head}[b](b.md){{ .md-button }} ![c](c.png){{ width=3 }} `d`{{ .e }} {{kept}} `(f){{ #x }}`\n"
    assert twin(markdown) == "# A\n\n[b](b.md) ![c](c.png) `d` {kept} `(f){ #x }`"


def test_a_card_becomes_plain() -> None:
    markdown = (
        '<div class="recipe" markdown="1">\n\n```python title="examples/a.py"\nprint(1)\n\n\n\nprint(2)\n```\n\n'
        '```text title="Output"\n1\n```\n\n!!! failure "Fails with C 2"\n\n    ````text\n    ```\n    a\n    ````\n\n'
        '<ul class="chips"><li class="chip"><span aria-hidden="true">✓</span> S · C 1 <em>ran as shown</em></li>'
        '<li class="chip"><span aria-hidden="true">✕</span> S · C 2 <em>fails as shown</em></li></ul>\n\n</div>\n'
    )
    assert twin(markdown).split("\n") == [
        *(
            "examples/a.py:",
            "",
            "```python",
            "print(1)",
            "",
            "",
            "",
            "print(2)",
            "```",
            "",
            "Output:",
            "",
            "```text",
            "1",
        ),
        *("```", "", "**Fails with C 2**", "", "````text", "```", "a", "````", "", "- ✓ S · C 1 ran as shown"),
        "- ✕ S · C 2 fails as shown",
    ]


def test_what_folds_and_tabs_stands_open() -> None:
    markdown = '??? note "A"\n\n    a\n\n    ??? info "B"\n\n        - b\n\n=== "C"\n\n    ```sh\n    c\n    ```\n'
    markdown += "\n!!! tip\n\n    d\n"
    assert twin(markdown).split("\n") == [
        *("**A**", "", "a", "", "**B**", "", "- b", "", "**C**", "", "```sh", "c", "```", "", "d"),
    ]


def test_tags_in_a_row_go_but_not_in_code() -> None:
    assert twin('a <span id="x">b</span><br>c `<b>` ``<i>`</i>`` &#95;&lt;&#x27;') == "a b c `<b>` ``<i>`</i>`` _&lt;'"


def test_links_lead_from_twin_to_twin() -> None:
    links = "".join(
        f'<a href="{url}">x</a> '
        for url in ("../b/#y", "../../commands/", "../..", "#z", "../../f.json", "https://e.org/a/")
    )
    wanted = "[x](b.md#y) [x](../commands/index.md) [x](../index.md) [x](#z) [x](../f.json) [x](https://e.org/a/)"
    assert twin(f"<p>{links}</p>") == wanted
    assert twin('<p><a href="../how-to/a/">x</a></p>', "commands/index.md") == "[x](../how-to/a.md)"
    assert twin('<p><a href="how-to/a/">x</a></p>', "index.md") == "[x](how-to/a.md)"


def test_code_that_is_read_from_the_program_is_named() -> None:
    assert twin("::: a.b\n    options: { x: y }\n\nc\n") == f"`a.b`: {TOP}how-to/a/#a.b\n\nc"


@given(
    st.lists(
        st.sampled_from(["<div>", "</div>", "```", "    x", "!!! note", '=== "a"', "", "# h", "| a |", "<td"]),
        max_size=12,
    )
)
def test_no_page_breaks_the_maker(rows: list[str]) -> None:
    twin("\n".join(rows))


def test_the_description_is_the_first_sentence() -> None:
    assert description("# A\n\n**You need**\n\nUse [this](a.md) for\n`x.y`. Or not.\n") == "Use this for `x.y`."
    assert description("# A\n") == ""
