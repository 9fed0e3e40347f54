"""Follows each row of a finished page back to the row of its source."""

from __future__ import annotations

import jinja2
from hypothesis import given
from hypothesis import strategies as st

from verified_docs.origin import MarkRows, unmarked

_VALUES = {"one": "ONE", "two": "first\nsecond", "many": [1, 2], "yes": True}


def rendered(source: str) -> tuple[str, list[tuple[int, str]]]:
    """A template without marks, and with them: each row with the row of its source."""
    plain = jinja2.Environment(keep_trailing_newline=True).from_string(source).render(_VALUES)
    marked = jinja2.Environment(keep_trailing_newline=True, extensions=[MarkRows]).from_string(source).render(_VALUES)
    rows = unmarked(marked)
    assert rows.text == plain
    return plain, [(rows.source(number), row) for number, row in enumerate(rows.text.split("\n"), start=1)]


def test_a_row_of_text_comes_from_its_row() -> None:
    assert rendered("a\n\nb\n")[1] == [(1, "a"), (2, ""), (3, "b"), (3, "")]


def test_all_rows_of_an_expression_come_from_where_it_begins() -> None:
    _, rows = rendered('a\n{{ {\n  "x": two,\n}["x"] }}\nb\n')
    assert rows == [(1, "a"), (2, "first"), (2, "second"), (5, "b"), (5, "")]


def test_an_indented_expression_comes_from_its_row() -> None:
    _, rows = rendered('=== "T"\n\n    {{ two | indent(4) }}\nb')
    assert rows == [(1, '=== "T"'), (2, ""), (3, "    first"), (3, "    second"), (4, "b")]


def test_white_space_that_is_taken_away_moves_no_row() -> None:
    _, rows = rendered("{% set a = 1 -%}\n\n{% set b = 2 -%}\n\nx\ny")
    assert rows == [(5, "x"), (6, "y")]


def test_a_loop_gives_the_same_row_again() -> None:
    _, rows = rendered("a\n{% for n in many %}- {{ n }}\n{% endfor %}b\nc")
    assert [row for row in rows if row[1].startswith("-")] == [(2, "- 1"), (2, "- 2")]
    assert rows[-1] == (4, "c")


def test_raw_text_is_text() -> None:
    _, rows = rendered("{% raw %}\n{{ x }}\n{% endraw %}\nz")
    assert (2, "{{ x }}") in rows
    assert rows[-1] == (4, "z")


PIECES = st.sampled_from(
    ["text\n", "{{ one }}\n", "{{ two }}\n", "\n", "a {{ one }} b\n", "{% if yes %}\nx\n{% endif %}\n", "é\u2028\x0b\n"]
)


@given(st.lists(PIECES, max_size=12))
def test_marks_change_nothing_and_rows_only_go_forward(pieces: list[str]) -> None:
    source = "".join(pieces)
    _, rows = rendered(source)
    numbers = [number for number, _ in rows]
    assert numbers == sorted(numbers)
    texts = source.split("\n")
    for number, row in rows:
        if row == "text":
            assert texts[number - 1] == "text"
