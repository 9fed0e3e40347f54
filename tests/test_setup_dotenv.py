"""Changes .env files of every shape, and looks at what else in them has moved."""

from __future__ import annotations

import os
import shlex
import stat
import subprocess
from io import StringIO
from pathlib import Path

import pytest
from dotenv import dotenv_values
from hypothesis import assume, given
from hypothesis import strategies as st

from mlflow_gitlab.setup.dotenv_file import DotenvFile, parse_errors, read_dotenv, refuse_if_tracked
from verified_docs.problem import Problem

KEY = "MLFLOW_TRACKING_TOKEN"
PATH = Path(".env")


def changed(text: str, **changes: str | None) -> str:
    return DotenvFile(PATH, text, 0o600).changed(changes)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", "K=new\n"),
        ("A=1", "A=1\nK=new\n"),
        ("A=1\r\n", "A=1\r\nK=new\r\n"),
        ("A=1\r\nB=2", "A=1\r\nB=2\r\nK=new\r\n"),
        ("K=old\nA=1\n", "K=new\nA=1\n"),
        ("K=old", "K=new"),
        ("K=\n", "K=new\n"),
        ("K\n", "K=new\n"),
        ("K = old\n", "K=new\n"),
        ("export K=old\n", "export K=new\n"),
        ("  export  K=old # why\n", "  export  K=new # why\n"),
        ("K='old value'#why\n", "K=new #why\n"),
        ('K="two\nlines"  # why\nA=1\n', "K=new  # why\nA=1\n"),
        ("K= # why\n", "K=new # why\n"),
        ("K=#part of it\n", "K=new\n"),
        ("K=old#part of it \n", "K=new \n"),
        ("\n\n# first\n\nK=old\r\n# last", "\n\n# first\n\nK=new\r\n# last"),
        ("K=1\nA=2\nK=3\n", "K=new\nA=2\nK=new\n"),
        ("\ufeffK=old\n", "\ufeffK=new\n"),
        ("\ufeffA=1\n", "\ufeffA=1\nK=new\n"),
        ("# K=old\n", "# K=old\nK=new\n"),
        ("KK=1\nK_=2\n", "KK=1\nK_=2\nK=new\n"),
        ("no equals sign here\nA=1\n", "no equals sign here\nA=1\nK=new\n"),
    ],
)
def test_only_the_value_changes(before: str, after: str) -> None:
    assert changed(before, K="new") == after


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("K=1\nA=2\n", "A=2\n"),
        ("A=2\n\n# the token\nexport K=1 # x\n\n# end\n", "A=2\n\n# the token\n\n# end\n"),
        ("\n\nK=1\r\nA=2", "\n\nA=2"),
        ("K='1\n2'\nK=3", ""),
        ("A=1\n", "A=1\n"),
    ],
)
def test_a_value_is_taken_out(before: str, after: str) -> None:
    assert changed(before, K=None) == after


@pytest.mark.parametrize(
    ("value", "line"),
    [
        ("a-b_c.d/e:f", "K=a-b_c.d/e:f"),
        ("two words", "K='two words'"),
        ("#no comment", "K='#no comment'"),
        ("it's", 'K="it\'s"'),
        ("", "K=''"),
        ("$HOME `x`", "K='$HOME `x`'"),
        ("größer", "K='größer'"),
    ],
)
def test_a_value_is_quoted_where_it_has_to_be(value: str, line: str) -> None:
    assert changed("", K=value) == f"{line}\n"


@pytest.mark.parametrize("value", ["a\nb", "a\rb", "a\0b", "${HOME}", "it's $5", "a'\\", "back\\slash"])
def test_a_value_that_would_be_read_in_two_ways_is_refused(value: str) -> None:
    with pytest.raises(Problem, match="the value of K cannot be written"):
        changed("", K=value)


def test_a_line_that_would_swallow_the_new_one_is_named(tmp_path: Path) -> None:
    with pytest.raises(Problem) as caught:
        changed("A=1\nB='open\n", K="two words")
    assert caught.value.line == 2
    assert caught.value.kind == "dotenv"


PIECES = st.one_of(
    st.sampled_from(
        [
            "# words\n",
            "\n",
            "  \n",
            "A=1\n",
            "A='x y'\r\n",
            'B="x\\ny" # c\n',
            "export C=3\n",
            "D\n",
            "E=\r\n",
            "K=1\n",
            " export K='1' # c\r\n",
            'K="a\nb"#c\n',
            "K=\n",
            "K = #x\n",
            "no key\n",
            "=\n",
            "F=a # b\n",
        ]
    ),
    st.text(st.characters(codec="utf-8", exclude_characters="\r\n"), max_size=12).map(lambda text: text + "\n"),
)
FILES = st.lists(PIECES, max_size=8).map("".join)
VALUES = st.one_of(
    st.from_regex(r"glx-[A-Za-z0-9_-]{20}", fullmatch=True), st.text(st.characters(codec="utf-8"), max_size=12)
)


def lines_without(text: str, key: str) -> list[str]:
    """The file's own lines, but those that give this key a value."""
    from dotenv.parser import parse_stream

    bindings = parse_stream(StringIO(text, newline=""))
    return [one.original.string.strip("\r\n \t") for one in bindings if one.key != key]


@given(FILES, VALUES)
def test_whatever_the_file_the_value_reads_back_and_the_rest_stays(text: str, value: str) -> None:
    try:
        after = changed(text, K=value)
    except Problem:
        assume(False)
    read = dotenv_values(stream=StringIO(after, newline=""), interpolate=False)
    assert read.pop("K") == value
    before = dotenv_values(stream=StringIO(text, newline=""), interpolate=False)
    before.pop("K", None)
    assert read == before
    assert [one for one in lines_without(after, "K") if one] == [one for one in lines_without(text, "K") if one]


@given(FILES, VALUES)
def test_taking_out_what_was_put_in_gives_the_file_back(text: str, value: str) -> None:
    assume("K" not in DotenvFile(PATH, text, 0o600).values)
    try:
        after = changed(changed(text, K=value), K=None)
    except Problem:
        assume(False)
    assert after.removesuffix("\n").removesuffix("\r") == text.removesuffix("\n").removesuffix("\r")


@given(VALUES)
def test_a_shell_reads_the_same_value(value: str) -> None:
    try:
        line = changed("", K=value)
    except Problem:
        assume(False)
    assert shlex.split(line) == [f"K={value}"]


@given(FILES)
def test_a_change_of_nothing_changes_nothing(text: str) -> None:
    assert changed(text) == text


def test_the_shell_that_loads_it_agrees(tmp_path: Path) -> None:
    values = {"A": "it's", "B": '$HOME `id` "x"', "C": "two  words # x", "D": "plain"}
    file = read_dotenv(tmp_path / ".env")
    file.write(values)
    script = 'set -a; . ./.env; for name in A B C D; do eval "printf \'%s\\n\' \\"\\$$name\\""; done'
    told = subprocess.run(["sh", "-c", script], cwd=tmp_path, capture_output=True, text=True, check=True).stdout
    assert told.splitlines() == list(values.values())


def test_file_and_backup_are_for_the_owner_only(tmp_path: Path) -> None:
    path = tmp_path / ".env"
    path.write_text("A=1\n")
    path.chmod(0o644)
    before = os.umask(0)
    try:
        assert not read_dotenv(path).is_private
        read_dotenv(path).write({KEY: "first"})
        read_dotenv(path).write({KEY: "second"})
    finally:
        os.umask(before)
    assert path.read_text() == f"A=1\n{KEY}=second\n"
    assert (tmp_path / ".env.backup").read_text() == f"A=1\n{KEY}=first\n"
    for name in (".env", ".env.backup"):
        assert stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o600
    assert read_dotenv(path).is_private
    assert sorted(one.name for one in tmp_path.iterdir()) == [".env", ".env.backup"]


def test_only_the_rights_change_and_the_backup_stays(tmp_path: Path) -> None:
    path = tmp_path / ".env"
    path.write_text("A=1\n")
    path.chmod(0o664)
    read_dotenv(path).write({})
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert not (tmp_path / ".env.backup").exists()


def test_what_somebody_wrote_meanwhile_stays(tmp_path: Path) -> None:
    path = tmp_path / ".env"
    path.write_text("A=1\n")
    file = read_dotenv(path)
    path.write_text("A=1\nB=2\n")
    file.write({KEY: "value"})
    assert path.read_text() == f"A=1\nB=2\n{KEY}=value\n"


def test_nothing_is_left_if_writing_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / ".env"
    path.write_text("A=1\n")

    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(Problem, match="cannot be written: No space left"):
        read_dotenv(path).write({KEY: "value"})
    assert path.read_text() == "A=1\n"
    assert [one.name for one in tmp_path.iterdir()] == [".env"]


def test_a_link_is_refused(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").write_text("A=1\n")
    (tmp_path / ".env").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(Problem, match="a link to another file") as caught:
        read_dotenv(tmp_path / ".env")
    assert str(tmp_path / "elsewhere") in caught.value.fix
    (tmp_path / "elsewhere").unlink()
    with pytest.raises(Problem, match="a link"):
        read_dotenv(tmp_path / ".env")


def test_a_folder_and_other_encodings_are_refused(tmp_path: Path) -> None:
    with pytest.raises(Problem, match="not a file"):
        read_dotenv(tmp_path)
    (tmp_path / ".env").write_bytes(b"A=1\nB=\xff\n")
    with pytest.raises(Problem, match="not UTF-8") as caught:
        read_dotenv(tmp_path / ".env")
    assert caught.value.line == 2


def git(folder: Path, *command: str) -> None:
    subprocess.run(["git", "-C", str(folder), *command], check=True, capture_output=True)


def test_git_must_not_keep_it(tmp_path: Path) -> None:
    path = tmp_path / ".env"
    path.write_text("A=1\n")
    file = read_dotenv(path)
    git(tmp_path, "init", "--quiet")
    assert refuse_if_tracked(file) == [".env", ".env.backup"]
    (tmp_path / ".gitignore").write_text(".env\n")
    assert refuse_if_tracked(file) == [".env.backup"]
    (tmp_path / ".gitignore").write_text(".env*\n")
    assert refuse_if_tracked(file) == []
    git(tmp_path, "add", "--force", ".env")
    with pytest.raises(Problem, match="Git keeps this file") as caught:
        refuse_if_tracked(file)
    assert "git rm --cached" in caught.value.fix


def test_without_git_nothing_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert refuse_if_tracked(read_dotenv(tmp_path / ".env")) == []


def test_lines_that_are_no_assignments_are_counted() -> None:
    assert list(parse_errors("A=1\n'\nB=x\n=\n")) == [2, 4]
