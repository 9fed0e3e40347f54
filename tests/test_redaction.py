"""Tokens do not get through, whatever form they take on; everything else does."""

from __future__ import annotations

import base64
import json
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conftest import ROOT
from mlflow_gitlab import cli
from mlflow_gitlab.redaction import REDACTED, Redactor
from mlflow_gitlab.terminal import Exit, Refused, Terminal
from verified_docs.cassette import load_cassette

# What a token may be made of, and more: GitLab lets an administrator choose the prefix.
TOKENS = st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.+/=~%&<>", min_size=12, max_size=60)
AROUND = st.text(max_size=40)


@given(token=TOKENS, before=AROUND, after=AROUND)
def test_a_token_does_not_get_through(token: str, before: str, after: str) -> None:
    redactor = Redactor([token])
    forms = [token, quote(token, safe=""), quote_plus(token), json.dumps(token)[1:-1], json.dumps(json.dumps(token))]
    for form in forms:
        shown = redactor.text(f"{before}{form}{after}")
        assert REDACTED in shown
        assert form not in shown


@given(token=TOKENS, user=st.text("abcdefghij:.@-", max_size=9))
def test_neither_does_it_in_base64(token: str, user: str) -> None:
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        header = encode(f"{user}:{token}".encode()).decode()
        shown = Redactor([token]).text(f"Authorization: Basic {header}")
        readable = base64.urlsafe_b64decode(header.replace("+", "-").replace("/", "_"))
        assert token.encode() in readable
        assert REDACTED in shown
        assert header not in shown


@given(
    value=st.recursive(
        st.text() | st.integers() | st.none(), lambda one: st.lists(one) | st.dictionaries(st.text(), one)
    )
)
def test_data_keeps_its_shape(value: object) -> None:
    cleaned = Redactor(["one-secret-token"]).data({"answer": value, "token": "one-secret-token"})
    assert cleaned["token"] == REDACTED
    assert json.loads(json.dumps(cleaned)).keys() == {"answer", "token"}


@given(text=st.text(), token=TOKENS)
def test_once_is_enough(text: str, token: str) -> None:
    redactor = Redactor([token])
    assert redactor.text(redactor.text(text)) == redactor.text(text)


@pytest.mark.parametrize(
    "token", ["glpat-" + "aB3" * 7, "gldt-" + "aB3" * 7, "glcbt-64_" + "aB3" * 7, "GR1348941" + "x9" * 10]
)
def test_a_token_that_nobody_told_us_is_seen_by_its_shape(token: str) -> None:
    assert token not in Redactor().text(f"your new token is {token}, keep it")


def test_recorded_answers_come_through_as_they_are() -> None:
    redactor = Redactor()
    changed = []
    for path in sorted((ROOT / "cassettes").glob("gitlab-19.3/mlflow-3/errors/*.yaml")):
        for one in load_cassette(path).interactions:
            body = one.answer
            if isinstance(body, str) and redactor.text(body) != body:
                changed.append(path.name)
    assert changed == []


def test_short_words_are_no_secrets() -> None:
    assert Redactor(["", "abc"]).text("abc abc") == "abc abc"


def test_what_is_shown_at_the_terminal_is_clean(capsys: pytest.CaptureFixture[str]) -> None:
    terminal = Terminal(Redactor(["one-secret-token"]))
    terminal.console().print("[b]bold[/b] one-secret-token")
    terminal.data({"one-secret-token": ["one-secret-token"]})
    with pytest.raises(SystemExit) as stopped, terminal.told():
        raise Refused("GitLab said one-secret-token [with brackets]")
    assert stopped.value.code == Exit.SERVER
    assert stopped.value.__cause__ is None
    shown = capsys.readouterr()
    assert "one-secret-token" not in shown.out + shown.err
    assert "[with brackets]" in shown.err


def test_a_stop_by_hand_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped, Terminal().told():
        raise KeyboardInterrupt
    assert stopped.value.code == Exit.INTERRUPTED
    assert "the same command goes on" in capsys.readouterr().err


def test_an_unforeseen_failure_shows_neither_traceback_nor_token(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail() -> None:
        Redactor(["another-secret-token"])  # as of a file that was read
        raise RuntimeError("one-secret-token and another-secret-token do not fit")

    monkeypatch.setattr(cli, "app", fail)
    monkeypatch.setenv("MLFLOW_TRACKING_TOKEN", "one-secret-token")
    with pytest.raises(SystemExit) as stopped:
        cli.main()
    assert stopped.value.code == Exit.SERVER
    assert stopped.value.__suppress_context__
    said = capsys.readouterr().err
    assert said.startswith(
        f"mlflow-gitlab failed, and it should not have: RuntimeError: {REDACTED} and {REDACTED} do not fit"
    )
    assert "Traceback" not in said
