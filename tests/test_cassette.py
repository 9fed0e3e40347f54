"""Checks the form of cassettes, and of every committed one."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conftest import LANES, ROOT
from verified_docs.cassette import (
    Cassette,
    Echo,
    Fingerprint,
    Interaction,
    cassette_path,
    list_cassettes,
    load_cassette,
    write_cassette,
)
from verified_docs.inventory import load_manifest
from verified_docs.leaks import find_leaks
from verified_docs.problem import Problem

SAMPLE = load_cassette(cassette_path(ROOT, LANES[-1], "tracking/check_connection"))
MANIFEST = load_manifest(ROOT)
texts = st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc"), include_characters="\n\t"), max_size=200)
fingerprints = st.builds(Fingerprint.of, st.binary(max_size=20), exact=st.booleans())


@given(
    st.lists(
        st.builds(
            Interaction,
            method=st.sampled_from(["GET", "POST", "PUT"]),
            uri=st.just("https://gitlab.example.com/api/v4/x?a=%20b"),
            headers=st.dictionaries(st.sampled_from(["Content-Type", "Authorization"]), st.just("a/b")),
            body=st.one_of(st.none(), texts, fingerprints),
            status=st.integers(100, 599),
            reason=st.just("OK"),
            answer_headers=st.just({}),
            answer=st.one_of(texts, st.binary(max_size=30)),
        ),
        max_size=5,
    )
)
def test_what_is_written_is_read(interactions: list[Interaction]) -> None:
    cassette = Cassette(SAMPLE.path, SAMPLE.provenance, tuple(interactions))
    again = load_cassette(cassette.path, cassette.text)
    assert again == cassette
    assert again.text == cassette.text


def test_a_secret_is_not_written(tmp_path: Path) -> None:
    first = replace(SAMPLE.interactions[0], answer='{"token": "glpat-' + "a1" * 10 + '"}')
    path = tmp_path / "x.yaml"
    path.write_text("before", "utf-8")
    with pytest.raises(Problem, match="GitLab token") as caught:
        write_cassette(Cassette(path, SAMPLE.provenance, (first,)))
    assert caught.value.kind == "secret"
    assert "a1a1" not in str(caught.value)
    assert [file.name for file in tmp_path.iterdir()] == ["x.yaml"]
    assert path.read_text("utf-8") == "before"


def test_an_echo_needs_an_upload(tmp_path: Path) -> None:
    first = replace(SAMPLE.interactions[0], answer=Echo(3, "0" * 64, 1))
    with pytest.raises(Problem, match="uploads no bytes"):
        load_cassette(tmp_path / "x.yaml", Cassette(tmp_path / "x.yaml", SAMPLE.provenance, (first,)).text)


@pytest.mark.parametrize("path", list_cassettes(ROOT), ids=lambda path: path.relative_to(ROOT / "cassettes").as_posix())
def test_committed_cassette(path: Path) -> None:
    text = path.read_text("utf-8")
    cassette = load_cassette(path)
    row = MANIFEST[path.relative_to(ROOT / "cassettes").with_suffix("").as_posix()]
    assert row["recording"] == cassette.provenance.recording_sha256
    assert cassette.text == text, "not in the form that an import writes"
    assert not list(find_leaks(text))
    assert len(text.encode()) <= 250_000
    for interaction in cassette.interactions:
        assert interaction.uri.startswith("https://gitlab.example.com/")
        assert {name.lower() for name in interaction.headers} <= {"authorization", "content-type", "private-token"}
        if isinstance(interaction.answer, Echo):
            upload = cassette.interactions[interaction.answer.index].body
            assert isinstance(upload, Fingerprint)
            assert (upload.sha256, upload.size) == (interaction.answer.sha256, interaction.answer.size)


def test_all_cassettes_together_are_small() -> None:
    assert sum(path.stat().st_size for path in list_cassettes(ROOT)) <= 8_000_000


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{}", '{"recordings": []}', '{"recordings": {"a": {"recording": "x"}}}', '{"recordings": {"a": 1}}'],
)
def test_broken_manifest(text: str, tmp_path: Path) -> None:
    (tmp_path / "cassettes").mkdir()
    (tmp_path / "cassettes" / "manifest.json").write_text(text, "utf-8")
    with pytest.raises(Problem) as caught:
        load_manifest(tmp_path)
    assert caught.value.kind == "manifest"
