"""Reads every kind of file that a project holds: notebooks, archives, pages, and broken ones."""

from __future__ import annotations

import base64
import gzip
import io
import json
import zipfile
import zlib

import pytest

import planted
from verified_docs import unpacked
from verified_docs.leaks import TOO_LARGE, find_leaks_in_bytes

TOKEN = "glpat-" + "Ab3dE5fG7h" * 2


def notebook(source: str, text: str, picture: bytes = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 40) -> str:
    output = {
        "output_type": "display_data",
        "data": {"image/png": base64.encodebytes(picture).decode(), "text/plain": [text]},
    }
    cell = {"cell_type": "code", "source": [f"{source}\n", "x"], "outputs": [output], "execution_count": 1}
    return json.dumps({"cells": [cell], "nbformat": 4, "nbformat_minor": 5, "metadata": {}}, indent=1)


def test_a_notebook() -> None:
    assert list(find_leaks_in_bytes(notebook("x = 1", "a").encode())) == []
    in_source = list(find_leaks_in_bytes(notebook(f"os.environ['GITLAB_TOKEN'] = '{TOKEN}'", "a").encode()))
    assert {leak.line for leak in in_source} == {6}
    assert list(find_leaks_in_bytes(notebook("x", f"<Response {TOKEN}>").encode()))
    # In the text of a picture, too.
    assert list(find_leaks_in_bytes(notebook("x", "a", b"\x89PNG\r\n\x1a\n\0tEXt" + TOKEN.encode()).encode()))


@pytest.mark.parametrize(
    "text",
    [
        f'<div><pre><span class="n">glpat</span><span class="o">-</span><span>{TOKEN[6:]}</span></pre>',
        '<code>"access<wbr>_token"</code>: <code>&quot;' + "0123456789abcdef" * 4 + "&quot;</code>",
        f"- [Page](https://x.example.com/?private_token={TOKEN[6:]}): llms.txt",
        f"headers:\n  Private-Token:\n  - {TOKEN[6:]}\n",
        f"body: |\n  first\n  token={TOKEN[6:]}\n",
        f'body: "{{\\"token\\":\\n  \\"{TOKEN[6:]}\\"}}"\n',
        "Authorization: Basic " + base64.b64encode(b"me:correct horse").decode(),
    ],
)
def test_texts_of_a_site_and_of_a_cassette(text: str) -> None:
    assert list(find_leaks_in_bytes(text.encode()))


def test_an_archive_names_the_file_in_it() -> None:
    (leak,) = find_leaks_in_bytes(planted.PACKINGS["zip"](f"x\n{TOKEN}\n"))
    assert (leak.kind, leak.inside, leak.line) == ("GitLab token", " in notes/secret.txt", 1)


def test_the_name_of_an_archived_file_and_the_remark_on_an_archive() -> None:
    for name, comment in ((TOKEN, b""), ("x", TOKEN.encode())):
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as archive:
            row = zipfile.ZipInfo(name)
            row.comment = comment
            archive.writestr(row, "x")
        found = list(find_leaks_in_bytes(packed.getvalue()))
        assert "GitLab token" in {leak.kind for leak in found}
        assert TOKEN not in repr(found)


def test_an_index_of_objects() -> None:
    head = b"# Sphinx inventory version 2\n# Project: x\n# Version: 1\n# The remainder is compressed using zlib.\n"
    assert list(find_leaks_in_bytes(head + zlib.compress(b"a.b py:class 1 x -\n"))) == []
    assert list(find_leaks_in_bytes(head + zlib.compress(TOKEN.encode())))
    assert list(find_leaks_in_bytes(head.replace(b"Project: x", TOKEN.encode()) + zlib.compress(b"x")))


def test_a_bomb_is_not_unpacked() -> None:
    bomb = gzip.compress(bytes(unpacked.LIMIT + 1))
    deep = b"x"
    for _ in range(9):
        deep = gzip.compress(deep)
    for content in (bomb, planted._zipped(bomb), planted._zipped(bytes(unpacked.LIMIT + 1)), deep):
        assert len(content) < 2**20
        assert [leak.kind for leak in find_leaks_in_bytes(content)] == [TOO_LARGE]


def test_members_share_one_limit() -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(4):
            archive.writestr(str(number), bytes(400))
    with pytest.raises(unpacked.TooLargeError):
        list(unpacked.members(packed.getvalue(), 1000))
    assert sum(len(inside) for name, inside in unpacked.members(packed.getvalue(), 2000) if name) == 1600


@pytest.mark.parametrize("cut", [3, 20, 40, -3])
@pytest.mark.parametrize("packing", ["gzip", "zip", "gzip in zip"])
def test_a_broken_archive_is_read_as_far_as_it_goes(packing: str, cut: int) -> None:
    list(find_leaks_in_bytes(planted.PACKINGS[packing]("some text that is long enough")[:cut]))
    # Behind what is packed, and in what only pretends to be.
    assert list(find_leaks_in_bytes(planted.PACKINGS[packing]("some text")[:cut] + TOKEN.encode()))


def test_an_archive_with_a_password_is_read_as_it_is() -> None:
    locked = bytearray(planted.PACKINGS["zip"]("x"))
    for place in (6, locked.index(b"PK\x01\x02") + 8):
        locked[place] |= 1
    assert list(find_leaks_in_bytes(bytes(locked))) == []
