"""Plants a lie in each thing that the auditor reads, and expects it to be found; proves that it shares no code."""

from __future__ import annotations

import ast
import copy
import hashlib
import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from conftest import LANES_HERE, PARTS, ROOT

SCRIPTS = [ROOT / "scripts" / "audit.py", ROOT / "scripts" / "audit_replay.py"]
LANE = LANES_HERE[-1].id
EVIDENCE = next(path for path in PARTS if path.stem == LANES_HERE[-1].environment)
PASSES, FAILS, LOADS = "tracking/metric_history", "errors/empty_param", "tracking/log_artifacts"


@dataclass
class Copy:
    """An example under another name, with its cassettes and its part of the evidence, to be lied about."""

    root: Path
    name: str
    proof: dict[str, Any]

    @property
    def result(self) -> dict[str, Any]:
        result: dict[str, Any] = self.proof["results"][LANE]
        return result

    def example(self, old: str, new: str) -> None:
        """Changes the example, and the hash that the evidence has of it."""
        path = self.root / "examples" / f"{self.name}.py"
        text = replaced(path.read_text("utf-8"), old, new)
        path.write_text(text, "utf-8")
        self.proof["sha256"] = hashlib.sha256(text.encode()).hexdigest()

    def cassette(self, change: Callable[[dict[str, Any]], None]) -> None:
        """Changes the cassette, and what the evidence repeats of it."""
        path = self.root / "cassettes" / LANE / f"{self.name}.yaml"
        document = yaml.safe_load(path.read_text("utf-8"))
        change(document)
        path.write_text(yaml.safe_dump(document, sort_keys=False, allow_unicode=True), "utf-8")
        self.result["cassette_sha256"] = hashlib.sha256(path.read_bytes()).hexdigest()
        self.result["requests"] = len(document["interactions"])
        self.result["server"] = document["metadata"]["server"]


def replaced(text: str, old: str, new: str) -> str:
    assert text.count(old) >= 1, f"{old!r} is not there"
    return text.replace(old, new)


def answer_of(document: dict[str, Any], path: str) -> dict[str, Any]:
    rows = document["interactions"]
    found: dict[str, Any] = next(row for row in rows if path in row["request"]["uri"])
    return found


def says(key: str, value: Any) -> Callable[[Copy], None]:
    return lambda one: one.result.update({key: value})


def edits(old: str, new: str) -> Callable[[Copy], None]:
    return lambda one: one.example(old, new)


def recorded(change: Callable[[dict[str, Any]], Any]) -> Callable[[Copy], None]:
    return lambda one: one.cassette(lambda document: (change(document), None)[1])


def answers(path: str, old: str, new: str) -> Callable[[Copy], None]:
    def change(document: dict[str, Any]) -> None:
        body = answer_of(document, path)["response"]["body"]
        body["string"] = replaced(body["string"], old, new)

    return recorded(change)


def requests(path: str, key: str, old: str, new: str) -> Callable[[Copy], None]:
    def change(document: dict[str, Any]) -> None:
        request = answer_of(document, path)["request"]
        request[key] = json.loads(replaced(json.dumps(request[key]), old, new))

    return recorded(change)


def swap(document: dict[str, Any]) -> None:
    rows = document["interactions"]
    first = next(number for number, row in enumerate(rows) if "log-metric" in row["request"]["uri"])
    rows[first], rows[first + 1] = rows[first + 1], rows[first]


def not_recorded(one: Copy) -> None:
    one.proof["results"][LANE] = {"verdict": "not_recorded", "output": "", "requests": 0}


# Name, the example to lie about, the lie, and what the auditor has to say of it.
LIES: dict[str, tuple[str, Callable[[Copy], None], str]] = {
    "verdict": (PASSES, says("verdict", "fails_as_shown"), "verdict: the audit has 'passes'"),
    "failure_passes": (FAILS, says("verdict", "passes"), "verdict: the audit has 'fails_as_shown'"),
    "output": (PASSES, says("output", "step 0: 0.9\n"), "output: the audit has 'step 0: 0.9\\nstep 1"),
    "no_exception": (FAILS, says("exception", None), "exception: the audit has {"),
    "other_message": (FAILS, lambda one: one.result["exception"].update(message="no"), "exception: the audit has {"),
    "fewer_requests": (PASSES, says("requests", 3), "requests: the audit has 10"),
    "day": (PASSES, says("recorded_at", "2026-11-23T00:00:00+00:00"), "recorded_at: the audit has"),
    "other_cassette": (PASSES, says("cassette", "cassettes/other.yaml"), "cassette: the audit has"),
    "cassette_hash": (PASSES, says("cassette_sha256", "0" * 64), "cassette_sha256: the audit has"),
    "unrecorded": (PASSES, not_recorded, "verdict: the audit has 'passes', the evidence 'not_recorded'"),
    "hidden": (PASSES, says("verdict", "quarantined"), "evidence says quarantined, and quarantine.yaml does not"),
    "title": (PASSES, lambda one: one.proof.update(title="Something else"), "title is"),
    "source_hash": (PASSES, lambda one: one.proof.update(sha256="0" * 64), "sha256 is"),
    "comment": (PASSES, edits("#> step 1: 0.5", "#> step 1: 0.6"), "it promises ['step 0: 0.9', 'step 1: 0.6'"),
    "comment_gone": (PASSES, edits("    #> step 2: 0.3\n", ""), "it promises ['step 0: 0.9', 'step 1: 0.5']"),
    "comment_above": (
        PASSES,
        edits("for point", "#> before\nprint('before')\nfor point"),
        "an expected output stands above its print",
    ),
    "block": (LOADS, edits('    "hue"\n', '    "tint"\n'), "it promises ['confusion.csv 10'"),
    "no_failure": (FAILS, edits('"*" = {', '"none" = {'), "it promises to run to its end, and ends with"),
    "other_match": (FAILS, edits('match = "', 'match = "not this '), "it promises {"),
    "other_type": (FAILS, edits('type = "mlflow', 'type = "other'), "it promises {"),
    "answer": (PASSES, answers("get-history", "0.3", "0.4"), "it promises ['step 0: 0.9', 'step 1: 0.5', 'step 2"),
    "message_recorded": (
        FAILS,
        recorded(lambda document: document["metadata"]["exception"].update(message="no")),
        "its recording with {",
    ),
    "row_gone": (
        PASSES,
        recorded(lambda document: document["interactions"].remove(answer_of(document, "log-metric"))),
        "which the cassette does not have at this place",
    ),
    "row_more": (
        PASSES,
        recorded(lambda document: document["interactions"].append(copy.deepcopy(document["interactions"][-1]))),
        "it never sent GET",
    ),
    "row_order": (PASSES, recorded(swap), "which the cassette does not have at this place"),
    "all_gone": (PASSES, recorded(lambda document: document["interactions"].clear()), "holds no conversation"),
    "credential": (PASSES, requests("get-history", "headers", ":developer:", ":owner:"), "does not have at this place"),
    "query": (PASSES, requests("get-history", "uri", "max_results=25000", "max_results=1"), "does not have"),
    "method": (PASSES, requests("get-history", "method", "GET", "HEAD"), "does not have at this place"),
    "host": (PASSES, requests("get-history", "uri", "gitlab.example.com", "example.org"), "does not have"),
    "body": (PASSES, requests("log-metric", "body", "0.9", "0.8"), "does not have at this place"),
    "body_kind": (PASSES, requests("log-metric", "headers", "application/json", "text/plain"), "does not have"),
    "file": (LOADS, requests("files/notes.txt", "body", "2024", "2023"), "does not have at this place"),
    "server": (
        PASSES,
        recorded(lambda document: document["metadata"]["server"].update(version="17.0.0")),
        "recorded from GitLab 17.0.0",
    ),
    "client": (
        PASSES,
        recorded(lambda document: document["metadata"]["client"].update(version="9.9")),
        "recorded with MLflow 9.9",
    ),
    "call_gone": (PASSES, edits("[0.9, 0.5, 0.3]", "[0.9, 0.5]"), "it never sent POST"),
    "swallowed": (
        PASSES,
        edits("for point", "try:\n    mlflow.create_experiment('more')\nexcept Exception:\n    pass\nfor point"),
        "experiments/create, which the cassette does not have at this place",
    ),
    "socket": (
        PASSES,
        edits(
            "for point",
            "import socket\ntry:\n    socket.create_connection(('192.0.2.1', 1))\nexcept OSError:\n    0\nfor point",
        ),
        "it tried to reach 192.0.2.1",
    ),
    "ends_early": (PASSES, edits("for point", "import os\nos._exit(0)\nfor point"), "its process ended before it said"),
}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with a copy of an example for each lie, and three honest ones; one of these is in quarantine."""
    root = tmp_path_factory.mktemp("audit")
    shutil.copy2(ROOT / ".env.template", root)
    evidence = json.loads(EVIDENCE.read_text("utf-8"))
    proofs: dict[str, Any] = {}

    def copied(source: str, name: str) -> Copy:
        proof = json.loads(json.dumps(evidence["examples"][source]).replace(source, name))
        proofs[name] = proof
        (root / "examples" / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / "examples" / f"{source}.py", root / "examples" / f"{name}.py")
        for lane in evidence["lanes"]:
            target = root / "cassettes" / lane / f"{name}.yaml"
            target.parent.mkdir(parents=True, exist_ok=True)
            if lane == LANE:  # one lane is enough
                shutil.copy2(ROOT / "cassettes" / lane / f"{source}.yaml", target)
            else:
                proof["results"][lane] = {"verdict": "not_recorded", "output": "", "requests": 0}
        return Copy(root, name, proof)

    for name in (PASSES, FAILS, LOADS):
        copied(name, f"{name.partition('/')[0]}/honest_{name.partition('/')[2]}")
    copied(PASSES, "tracking/held").result.update(verdict="quarantined")
    entry = {"example": "tracking/held", "until": str(date.today() + timedelta(days=9))}
    (root / "quarantine.yaml").write_text(yaml.safe_dump([entry]), "utf-8")
    for name, (source, lie, _) in LIES.items():
        lie(copied(source, f"lies/{name}"))
    copied(PASSES, "lies/forgotten")
    document = evidence | {"examples": {name: proof for name, proof in proofs.items() if name != "lies/forgotten"}}
    (root / "evidence.json").write_text(json.dumps(document), "utf-8")
    return root


def audit(root: Path, evidence: Path, *options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(SCRIPTS[0]), "--root", str(root), *options, str(evidence)]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=root)


@pytest.fixture(scope="module")
def found(project: Path) -> subprocess.CompletedProcess[str]:
    return audit(project, project / "evidence.json")


def test_lies_make_the_audit_fail(found: subprocess.CompletedProcess[str]) -> None:
    assert found.returncode == 1, found.stderr
    assert f"the audit disagrees with {found.args[-1]}" in found.stderr


@pytest.mark.parametrize("name", LIES)
def test_every_lie_is_found(name: str, found: subprocess.CompletedProcess[str]) -> None:
    said = [row for row in found.stderr.splitlines() if f"lies/{name} " in row or f"lies/{name}:" in row]
    assert any(LIES[name][2] in row for row in said), "\n".join(said) or found.stderr


def test_an_example_without_evidence_is_found(found: subprocess.CompletedProcess[str]) -> None:
    assert "lies/forgotten: the evidence has it and there is no such example, or the other way round" in found.stderr


def test_the_truth_is_not_complained_about(found: subprocess.CompletedProcess[str]) -> None:
    assert [row for row in found.stderr.splitlines() if "honest" in row or "held" in row] == []


def test_the_audit_agrees_with_the_evidence_of_this_run(tmp_path: Path) -> None:
    agreed = audit(ROOT, EVIDENCE, "--only", FAILS)
    assert (agreed.returncode, agreed.stderr) == (0, "")
    assert f"the audit agrees with {EVIDENCE}: 2 results" in agreed.stdout


def test_a_lane_that_the_evidence_does_not_know_is_found(project: Path, tmp_path: Path) -> None:
    document = json.loads((project / "evidence.json").read_text("utf-8"))
    del document["lanes"][LANE]
    (path := tmp_path / "evidence.json").write_text(json.dumps(document), "utf-8")
    said = audit(project, path, "--only", "tracking/honest_metric_history")
    assert said.returncode == 1
    assert f"there are cassettes of {sorted(json.loads(EVIDENCE.read_text('utf-8'))['lanes'])}" in said.stderr


@pytest.mark.parametrize("text", [None, "", "[]", "{", '{"lanes": {}}'])
def test_what_is_no_evidence_is_told(text: str | None, project: Path, tmp_path: Path) -> None:
    path = tmp_path / "evidence.json"
    if text is not None:
        path.write_text(text, "utf-8")
    said = audit(project, path)
    assert (said.returncode, said.stdout) == (2, "")
    assert said.stderr.startswith(f"{path}: this is no evidence: ")
    assert said.stderr.endswith("fix: make verify\n")


# --- It shares no code ---


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_the_auditor_shares_no_code(path: Path) -> None:
    own = {package.name for package in (ROOT / "src").iterdir() if package.is_dir()}
    allowed = set(sys.stdlib_module_names) | {"vcr", "yaml", "time_machine", "audit_replay"}
    tree = ast.parse(path.read_text("utf-8"))
    imported = {
        (name.name if isinstance(node, ast.Import) else node.module or "").partition(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, (ast.Import, ast.ImportFrom))
        for name in node.names
    }
    assert imported <= allowed
    assert not imported & own
    # Nor by a name at run time: the packages are named in one place, to be left out.
    mentioned = [node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and node.value in own]
    assert sorted(mentioned) == (sorted(own) if path.name == "audit.py" else [])


def test_nothing_of_this_project_is_loaded_before_an_example_runs() -> None:
    program = (
        "import sys; sys.path.insert(0, 'scripts'); import audit; from pathlib import Path; root = Path.cwd();"
        "audit.warm_up([audit.read_example(path, root / 'examples') for path in root.glob('examples/*/*.py')]);"
        "print([name for name in sys.modules if name.partition('.')[0] in audit.OWN])"
    )
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=ROOT)
    assert loaded.stdout == "[]\n"
