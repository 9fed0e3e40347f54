"""Plants secrets in texts and looks whether they are found, and labels, which must not be."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from verified_docs.leaks import find_leaks

WORD = st.text("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", min_size=20, max_size=40)
PREFIX = st.sampled_from(["glpat-", "gldt-", "glcbt-", "glrt-", "glptt-", "gloas-", "glagent-", "GR1348941"])
HARMLESS = st.text(st.characters(codec="ascii", exclude_characters="\r"), max_size=60)


@given(HARMLESS, PREFIX, WORD, HARMLESS)
def test_planted_token_is_found(before: str, prefix: str, word: str, after: str) -> None:
    leaks = list(find_leaks(f"{before}\n{prefix}{word} {after}"))
    assert leaks
    assert word not in repr(leaks)


@given(PREFIX, WORD)
def test_token_inside_base64_is_found(prefix: str, word: str) -> None:
    hidden = base64.b64encode(f"developer:{prefix}{word}".encode()).decode()
    assert list(find_leaks(f"Authorization: Basic {hidden}"))
    assert list(find_leaks(f'"{hidden}"'))


@given(WORD)
def test_credential_without_label_is_found(word: str) -> None:
    assert list(find_leaks(f"- Bearer {word}"))


@pytest.mark.parametrize(
    "text",
    [
        "eyJhbGciOiJIUzI1NiJ9." + "eyJzdWIiOiIxMjM0NTY3ODkwIn0." + "dozjgNryP4J3" + "jVmNHl0w5N",
        "-----BEGIN OPENSSH " + "PRIVATE KEY-----",
        "mail somebody@" + "corp.test now",
        "https:" + "//user:password@" + "gitlab.test/x",
        "https:" + "//t0ken-without-user@" + "gitlab.test/x",
        "GET /x?private_token=" + "aB3dE5fG7hJ9" + "kL1mN3pQ",
        "GET /x?a=b&job_token=" + "aB3dE5fG7hJ9",
        '{"runners_token":"' + "aB3dE5fG7hJ9kL1m" + '"}',
        '{"password": "' + "correct-horse" + '"}',
        "x?X-Amz-Signature=" + "0123456789abcdef0123",
        "AKIA" + "IOSFODNN7ABCDEFG",
        "Basic " + "dXNlcjpwdw==",
        "authorization: bearer " + "abcdefghij0123456789",
        "alice@" + "realexample.com",
        "glpat-" + "k3" * 10 + ".example.com",
        '{"d":"x\\nglpat-' + "k3" * 10 + '"}',
        "%3Dglpat-" + "k3" * 10,
        "TOKEN_glpat-" + "k3" * 10,
    ],
)
def test_found(text: str) -> None:
    assert list(find_leaks(text))


@pytest.mark.parametrize(
    "text",
    [
        "Bearer <project:developer:api>",
        "Basic <developer:project:developer:api>",
        "models:/wine-classifier@1.0.0",
        "noreply@example.com",
        "glpat-REDACTED-IN-RECORDING",
        "MLFLOW_TRACKING_TOKEN=your-project-access-token",
        "scikit-learn>=1.9",
        "<any bytes, recorded sha256:" + "ab" * 32 + ", 10 bytes>",
    ],
)
def test_not_a_secret(text: str) -> None:
    assert not list(find_leaks(text))


def test_line_is_named() -> None:
    (leak,) = find_leaks("a\nb\nglpat-" + "x1" * 10 + "\n")
    assert leak.line == 3


@pytest.mark.parametrize(
    "text",
    [
        "an OAuth token downloads files",
        "a token refresh.",
        "Basic authentication",
        'Bearer realm="x"',
        "Bearer downloads.",
    ],
)
def test_plain_words_after_a_scheme_are_prose(text: str) -> None:
    assert not list(find_leaks(text))


@pytest.mark.parametrize(
    "value",
    ["abcdefghijklmnopqrst", "abcdefgH", "abcdefg1", "abcdefg-hij", "abcdefgh.ijk", "ABCDEFGHIJ", "abcdefgh=="],
)
def test_what_is_not_a_plain_word_is_a_credential(value: str) -> None:
    for scheme in ("Bearer", "Basic", "token"):
        # Words with hyphens name something on pages: "with another token request-added".
        if (scheme, value) != ("token", "abcdefg-hij"):
            assert list(find_leaks(f"{scheme} {value}"))


SECRET = "AbCd1234" + "EfGh5678IjKl"


@pytest.mark.parametrize(
    "text",
    [
        f"private_token={SECRET}&x=1",
        f"a=1\nclient_secret={SECRET}",
        f'{{"source": "{{\\"private_token\\":\\"{SECRET}\\"}}"}}',
        f'{{"message": "see /x?a=1\\u0026private_token={SECRET}"}}',
        f'{{"static_object_token":"{SECRET}"}}',
        f'{{"ci_job_token": "{SECRET}"}}',
        f"GET /x?token={SECRET}",
        f"GET /x?X-Amz-Security-Token={SECRET}",
        f"glpat%2D{SECRET}",
        f'{{"value": "glpat\\u002d{SECRET}"}}',
        f'"\\"password\\": \\"{SECRET}\\""',
    ],
)
def test_a_secret_in_another_spelling_is_found(text: str) -> None:
    leaks = list(find_leaks(f"first\n{text}\nlast"))
    assert leaks
    assert {leak.line for leak in leaks} <= {2, 3}
    assert SECRET not in repr(leaks)


@pytest.mark.parametrize(
    "text",
    [
        '{"next_page_token": "page-100"}',
        "?page_token=abcdefgh12345",
        "    private_token=os.environ[",
        '"token": "<token>"',
        '{"runner_token_expiration_interval": null}',
    ],
)
def test_what_only_sounds_like_a_secret(text: str) -> None:
    assert not list(find_leaks(text))
