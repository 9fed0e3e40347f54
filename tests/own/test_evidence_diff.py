"""Two files of evidence, compared for the readers of a merge request."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from sample import EXAMPLE, LANE, NAME, evidence, replace_in, run, verified

from verified_docs.badge import svg
from verified_docs.evidence import Evidence, Proof, Result
from verified_docs.evidence_diff import MARK, compare, headline, markdown
from verified_docs.freshness import badge
from verified_docs.problem import Problem
from verified_docs.provenance import Failure
from verified_docs.scaffold import scaffold

GOLDEN = Path(__file__).parent / "golden/evidence.md"
OTHER = "gitlab-18.9/python-gitlab-8"


def proof(**results: Result) -> Proof:
    lanes = {"new": LANE, "old": OTHER}
    rows = {lanes[name]: result for name, result in results.items()}
    return Proof(title="T", role="R", scope="api", tokens={}, path="examples/a/b.py", sha256="1", results=rows)


def document(**examples: Proof) -> Evidence:
    return Evidence(lanes={}, examples={f"area/{name}": one for name, one in examples.items()})


PASSES = Result(verdict="passes", output="one\ntwo\n", requests=2, cassette_sha256="a", recorded_at="2026-11-22")
FAILS = Result(verdict="fails_as_shown", exception=Failure(type="E", message="no | `way`"), requests=1)
BEFORE = document(read=proof(new=PASSES, old=FAILS), gone=proof(new=PASSES), same=proof(new=PASSES))
AFTER = document(
    read=proof(
        new=PASSES.model_copy(
            update={
                "output": "one\nthree @all ```\n",
                "requests": 3,
                "cassette_sha256": "b",
                "recorded_at": "2026-11-23",
            }
        ),
        old=PASSES,
    ).model_copy(update={"sha256": "2"}),
    fresh=proof(new=PASSES),
    same=proof(new=PASSES),
)


def test_every_kind_of_difference_is_found_once() -> None:
    found = [(one.kind, one.example, one.lane) for one in compare(BEFORE, AFTER)]
    assert found == [
        ("verdict", "area/read", OTHER),
        ("output", "area/read", LANE),
        ("requests", "area/read", LANE),
        ("added", "area/fresh", ""),
        ("removed", "area/gone", ""),
        ("code", "area/read", ""),
        ("recording", "area/read", LANE),
    ]


def test_the_same_evidence_has_no_difference() -> None:
    assert compare(BEFORE, BEFORE) == []
    assert headline([]) == "nothing changed"
    assert markdown([]).startswith(f"{MARK} unchanged -->\n## Evidence: nothing changed\n")


def test_another_message_of_an_exception_and_a_lane_that_came() -> None:
    other = FAILS.model_copy(update={"exception": Failure(type="E", message="yes")})
    (one,) = compare(document(a=proof(new=FAILS)), document(a=proof(new=other)))
    assert (one.kind, one.before, one.after) == ("exception", "E: no | `way`", "E: yes")
    (one,) = compare(document(a=proof(new=FAILS)), document(a=proof(new=FAILS, old=PASSES)))
    assert (one.kind, one.before, one.after) == ("verdict", "no such lane", "passes")


def test_the_comment_is_as_it_was_read_last() -> None:
    assert markdown(compare(BEFORE, AFTER), "python-gitlab-8") == GOLDEN.read_text("utf-8")


def test_nothing_printed_leaves_its_code() -> None:
    text = markdown(compare(BEFORE, AFTER))
    fence = re.search(r"^(`{4,})diff\n(.*?)^\1$", text, re.M | re.S)
    assert fence
    assert "@all" in fence[2]
    assert "@all" not in text.replace(fence[0], "")


def test_what_does_not_fit_is_counted() -> None:
    many = document(**{f"e{number}": proof(new=PASSES) for number in range(200)})
    text = markdown(compare(document(), many), longest=2000)
    assert len(text.encode()) <= 2000
    left = re.search(r"^(\d+) more did not fit\.$", text, re.M)
    assert left
    assert int(left[1]) + text.count("\n| example added") == 200


def test_a_secret_is_not_posted() -> None:
    leaky = PASSES.model_copy(update={"output": f"glpat-{'q7' * 10}\n"})
    with pytest.raises(Problem) as caught:
        markdown(compare(document(a=proof(new=PASSES)), document(a=proof(new=leaky))))
    assert "q7q7" not in str(caught.value)
    assert "secret" in caught.value.what


def test_the_command(tmp_path: Path) -> None:
    root, comment = tmp_path / "handbook", tmp_path / "evidence.md"
    scaffold(root, "Our handbook")
    assert verified(root)[0] == 0
    before = tmp_path / "before.json"
    before.write_bytes(Path(evidence(root)).read_bytes())
    code, said = _compare(before, evidence(root), comment)
    assert (code, "nothing changed" in said) == (0, True), said
    replace_in(root / EXAMPLE, 'print("your role:"', 'print("role:"')
    replace_in(root / EXAMPLE, "#> your role:", "#> role:")
    assert verified(root)[0] == 0
    code, said = _compare(before, evidence(root), comment)
    assert (code, "2 outputs changed, 1 example edited" in said) == (0, True), said
    assert f"<code>{NAME}</code>" in comment.read_text("utf-8")
    assert "\n-your role: DEVELOPER\n+role: DEVELOPER\n" in comment.read_text("utf-8")
    code, said = _compare(tmp_path / "no.json", evidence(root), comment)
    assert (code, "fix: make verify" in said) == (1, True), said


def _compare(old: Path, new: str, comment: Path) -> tuple[int, str]:
    from typer.testing import CliRunner

    from verified_docs.cli import app

    command = ["compare", str(old), new, "--markdown", str(comment)]
    done = CliRunner(env={"NO_COLOR": "1", "TERM": "dumb"}).invoke(app, command)
    return done.exit_code, " ".join(done.output.split())


# --- A badge as a picture --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("message", ["2 days old", '<b>&"', "ä"])
def test_a_badge_is_a_picture_with_its_words(message: str) -> None:
    from xml.etree import ElementTree

    root = ElementTree.fromstring(svg(badge(message, "red")))
    assert root.attrib["aria-label"] == f"recordings: {message}"
    assert message in list(root.itertext())


@pytest.mark.parametrize("change", [lambda name: name, lambda name: name.replace(".json", ".svg")])
def test_freshness_writes_what_the_name_says(change: Callable[[str], str], tmp_path: Path) -> None:
    root = tmp_path / "handbook"
    scaffold(root, "Our handbook")
    path = tmp_path / change("badge.json")
    assert run(root, "freshness", "--today", "2026-11-24", "--badge", str(path))[0] == 0
    assert path.read_text("utf-8").startswith("<svg" if path.suffix == ".svg" else "{")
    assert "2 days old" in path.read_text("utf-8")
