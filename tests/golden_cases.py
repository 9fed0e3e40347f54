"""The mistakes whose messages are kept as golden files, one of every kind that a person can make."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from conftest import LANES, LANES_HERE, PARTS
from golden_project import CHECK, EXAMPLES, FAILS, LANE, PRINTS, SETTINGS, Case, both, edit, text, write

PASSES = f"examples/{CHECK}.py"
ENDS = f"examples/{FAILS}.py"
SAYS = f"examples/{PRINTS}.py"
TAPE = f"cassettes/{LANE}/{CHECK}.yaml"
MANIFEST = "cassettes/manifest.json"
RAW = f"raw/{LANE}/{CHECK}"
EVIDENCE = "build/evidence/mine.json"
ALL = "verify"
ONE = f"verify {CHECK}"
ENDING = f"verify {FAILS}"
PRINTING = f"verify {PRINTS}"
IMPORT = "import raw"
PUBLISH = f"publish {EVIDENCE} --into build/docs"
# Of this shape, and worth nothing.
TOKEN = "glpat-" + "k3" * 10


def gone(name: str) -> Callable[[Path], None]:
    def change(root: Path) -> None:
        path = root / name
        shutil.rmtree(path) if path.is_dir() else path.unlink()

    return change


def changed(name: str, change: Callable[[dict[str, Any]], object]) -> Callable[[Path], None]:
    """Changes what a JSON file says."""

    def spoil(root: Path) -> None:
        document = json.loads((root / name).read_text("utf-8"))
        change(document)
        write(root / name, json.dumps(document, indent=1))

    return spoil


def _with_hash(key: str, hashed: str, document: dict[str, Any]) -> None:
    document["recordings"][key]["cassette"] = hashed


def recorded(old: str, new: str, example: str = CHECK) -> Callable[[Path], None]:
    """Changes a cassette in every lane here, and lets its manifest agree."""

    def spoil(root: Path) -> None:
        for lane in LANES_HERE:
            path = root / f"cassettes/{lane.id}/{example}.yaml"
            if path.exists():
                edit(str(path.relative_to(root)), old, new)(root)
                hashed = hashlib.sha256(path.read_bytes()).hexdigest()
                changed(MANIFEST, partial(_with_hash, f"{lane.id}/{example}", hashed))(root)

    return spoil


def verified(root: Path) -> None:
    """What this run proved of the examples, and the fences of the one page."""
    from verified_docs.census import PYTHON, take_census
    from verified_docs.evidence import load_evidence, merge, write_evidence

    whole = merge([load_evidence(part) for part in PARTS], LANES, PARTS[0].parent)
    fences = [fence.sha256 for fence in take_census(root / "docs") if fence.language in PYTHON]
    kept = {name: proof for name, proof in whole.examples.items() if name in EXAMPLES}
    write_evidence(root / EVIDENCE, whole.model_copy(update={"examples": kept, "fences": {"index.md": fences}}))


def held(until: str, **more: str) -> str:
    row = {"example": CHECK, "reason": "the server is down", "owner": "@team", "since": "2026-11-01", "until": until}
    return "".join(
        f"{'- ' if not n else '  '}{key}: {value!r}\n" for n, (key, value) in enumerate((row | more).items())
    )


def page(markdown: str) -> Callable[[Path], None]:
    def change(root: Path) -> None:
        path = root / "docs/index.md"
        write(path, path.read_text("utf-8") + markdown)

    return change


def setting(row: str) -> Callable[[Path], None]:
    return edit("pyproject.toml", "lanes =", f"{row}\nlanes =")


HELD = "quarantine.yaml"
CENSUS = f"census {EVIDENCE}"
ILLUSTRATION = "\n<!-- illustration: nobody runs it -->\n```text\nx\n```\n"
FACT = "- page: index.md\n  text: nothing of this kind\n  reason: it is made up for this test\n"
OTHER_SCOPE = '# scope = "read_api"\n# tokens = { MLFLOW_TRACKING_TOKEN = "pat:developer:api" }'
LAST = 'for newest in client.get_latest_versions("wine-classifier"):\n    print(newest.aliases[0])\n    #> 1.10.0\n'
BLOCK = "# --8<-- [start:a]\n"
CASES: dict[str, Case] = {
    # Examples
    "example-syntax": Case(ONE, edit(PASSES, "from mlflow", "from (mlflow")),
    "example-unknown": Case("verify tracking/chek_connection", lambda root: None),
    "example-unknown-far": Case("verify zzz", lambda root: None),
    "example-none": Case(ALL, gone("examples")),
    "example-not-utf8": Case(ALL, lambda root: (root / PASSES).write_bytes(b"x = 1\n# \xff\n")),
    "example-unreadable": Case(ALL, both(gone(PASSES), lambda root: (root / PASSES).symlink_to("nowhere"))),
    "header-missing": Case(ALL, edit(PASSES, "# /// script", "# script")),
    "header-toml": Case(ALL, edit(PASSES, "# title = ", "# title ")),
    "header-key": Case(ALL, edit(PASSES, "# scope = ", "# scopes = ")),
    "header-table": Case(ALL, edit(PASSES, "# [tool.verified]", "# [tool]\n# verified = 1\n# [tool.uv]")),
    "header-dependency": Case(ALL, edit(PASSES, '["mlflow', '["mlflow=!')),
    "header-value": Case(ALL, edit(PASSES, '# title = "', '# title = 1 # "')),
    "header-role": Case(ONE, edit(PASSES, '"Developer"', '"Nobody"')),
    "header-scope": Case(ONE, edit(PASSES, '"api"', '"apis"')),
    "header-credential": Case(ONE, edit(PASSES, '"Developer"', '"Reporter"')),
    "header-lane": Case(ALL, edit(ENDS, '"*" =', '"gitlab-1.0/mlflow-3" =')),
    "section-marker": Case(ALL, edit(PASSES, "from mlflow", "# --8<-- start\nfrom mlflow")),
    "section-twice": Case(ALL, edit(PASSES, "from mlflow", f"{BLOCK}x = 1\n{BLOCK}from mlflow")),
    "section-end": Case(ALL, edit(PASSES, "from mlflow", "# --8<-- [end:a]\nfrom mlflow")),
    "section-empty": Case(ALL, edit(PASSES, "from mlflow", f"{BLOCK}# --8<-- [end:a]\nfrom mlflow")),
    "section-open": Case(ALL, edit(PASSES, "from mlflow", f"{BLOCK}from mlflow")),
    "print-unseen": Case(ALL, edit(SAYS, "    print(", "    print(1, end='')\n    print(")),
    "print-comment": Case(ALL, edit(SAYS, "#> 1.10.0", "# > 1.10.0")),
    # Replays
    "request-unrecorded": Case(ONE, edit(PASSES, '"connection-check"', '"another-name"')),
    "request-left-out": Case(PRINTING, edit(SAYS, '"1.9.0")', ")")),
    "request-never-sent": Case(PRINTING, edit(SAYS, LAST, "")),
    "request-elsewhere": Case(
        ONE, edit(PASSES, "from mlflow", "import socket\nsocket.getaddrinfo('192.0.2.1', 1)\nfrom mlflow")
    ),
    "output-differs": Case(PRINTING, edit(SAYS, "#> 1.10.0", "#> 1.2.0")),
    "output-of-a-lane": Case(ENDING, edit(ENDS, '# ///\n"', f'# [tool.verified.output]\n# "{LANE}" = "x"\n# ///\n"')),
    "output-unchecked": Case(ALL, edit(ENDS, "import mlflow\n", "import mlflow\nprint(1)\n#> 1\n")),
    "update-impossible": Case(
        f"verify --update {PRINTS}", edit(SAYS, "    #> 1.10.0", "    #> 2\n'''x'''\nif True: print('one')\nelse: pass")
    ),
    "exception-unpromised": Case(ENDING, edit(ENDS, '# [tool.verified.raises]\n# "*"', "# [tool.uv]\n# x")),
    "exception-type": Case(ENDING, edit(ENDS, "mlflow.exceptions.MlflowException", "other.Error")),
    "exception-match": Case(ENDING, edit(ENDS, 'match = "', 'match = "not this ')),
    "exception-recorded": Case(ENDING, recorded("Value can", "Worth can", FAILS)),
    "exception-missing": Case(
        ENDING,
        both(
            edit(ENDS, "import mlflow\n", "import contextlib\nimport mlflow\n"),
            edit(
                ENDS,
                '    mlflow.log_param("note", "")',
                '    with contextlib.suppress(Exception):\n        mlflow.log_param("note", "")',
            ),
        ),
    ),
    "exception-only-recorded": Case(ONE, recorded("exception: null", "exception:\n    type: E\n    message: e")),
    "provenance": Case(ONE, recorded("name: GitLab\n    version: 1", "name: GitLab\n    version: 9")),
    # Cassettes and manifest
    "cassette-yaml": Case(ALL, edit(TAPE, "interactions:", "interactions: [")),
    "cassette-bad-yaml": Case(ONE, recorded("interactions:", "interactions: [")),
    "cassette-not-text": Case("freshness --today 2026-12-01", lambda root: (root / TAPE).write_bytes(b"\xff")),
    "cassette-provenance": Case("freshness --today 2026-12-01", edit(TAPE, "version: 1\n", "version: 2\n")),
    "cassette-cut": Case(ONE, recorded("    method: GET", "    methods: GET")),
    "cassette-edited": Case(ALL, edit(TAPE, "connection-check", "connection-chek")),
    "cassette-gone": Case(ALL, gone(TAPE)),
    "cassette-unlisted": Case(ALL, changed(MANIFEST, lambda document: document["recordings"].pop(f"{LANE}/{CHECK}"))),
    "cassette-orphan": Case(ALL, gone(PASSES)),
    "cassette-lane": Case(ALL, text("cassettes/gitlab-1.0/mlflow-3/a/b.yaml", "version: 1\n")),
    "cassette-none": Case(ALL, lambda root: shutil.copy(root / PASSES, root / "examples/tracking/fresh.py")),
    "manifest": Case(ALL, text(MANIFEST, "{")),
    "waiting": Case(ALL, changed(MANIFEST, lambda document: document.update(waiting={f"{LANE}/later/one": "0"}))),
    "waiting-for-nothing": Case(ALL, edit("pyproject.toml", "lanes =", 'due = { later = "a page" }\nlanes =')),
    # Settings, lanes, evidence
    "settings": Case(ALL, text("pyproject.toml", "[tool.other]\n")),
    "settings-key": Case(ALL, edit("pyproject.toml", "lanes =", "lane = 1\nlanes =")),
    "lanes": Case(ALL, text("pyproject.toml", SETTINGS + 'lanes = [{ server = "GitLab" }]\n')),
    "lanes-none": Case(ALL, text("pyproject.toml", f"{SETTINGS}lanes = []\n")),
    "lanes-elsewhere": Case(
        ALL,
        text("pyproject.toml", SETTINGS + 'lanes = [{ server = "GitLab 9.9", client = "MLflow 0.1" }]\n'),
    ),
    "evidence-of-one": Case(f"verify {CHECK} --evidence {EVIDENCE}", lambda root: None),
    "evidence-none": Case(PUBLISH, lambda root: None),
    "evidence-malformed": Case(PUBLISH, text(EVIDENCE, '{"lanes": 1, "examples": {}}')),
    "evidence-not-json": Case(PUBLISH, text(EVIDENCE, "{")),
    "evidence-incomplete": Case(PUBLISH, text(EVIDENCE, '{"version": 1, "lanes": {}, "examples": {}}')),
    # Imports
    "import-nothing": Case("import raw --only other", lambda root: None),
    "import-yaml": Case(IMPORT, text(f"{RAW}.yaml", "interactions: [")),
    "import-no-list": Case(IMPORT, text(f"{RAW}.yaml", "interactions: 1\n")),
    "import-no-about": Case(IMPORT, gone(f"{RAW}.json")),
    "import-client": Case(IMPORT, changed(f"{RAW}.json", lambda about: about.update(mlflow="9.9"))),
    "import-server": Case(IMPORT, changed(f"{RAW}.json", lambda about: about["gitlab"].update(version="9.9.0"))),
    "import-credential": Case(IMPORT, edit(f"{RAW}.yaml", "<project:developer:api>", "secret")),
    "import-host": Case(IMPORT, edit(f"{RAW}.yaml", "https://gitlab.example.com", "https://git.example.org")),
    "import-row": Case(IMPORT, edit(f"{RAW}.yaml", "    method:", "    methods:")),
    "import-secret": Case(IMPORT, edit(f"{RAW}.yaml", "connection-check", TOKEN)),
    "record-from-unknown": Case("record --from raw/lost.yaml", text("raw/lost.yaml", "interactions: []\n")),
    # Pages
    "census-no-page": Case(ALL, gone("docs/index.md")),
    "census-suffix": Case(ALL, text("docs/b.markdown", "```text\n```\n")),
    "census-indented": Case(ALL, page("\nText.\n\n    x = 1\n")),
    "census-html": Case(ALL, page("\n<pre><code>x</code></pre>\n")),
    "fence-language": Case(ALL, page("\n```ruby\nx\n```\n")),
    "fence-json": Case(ALL, page("\n```json\n{\n```\n")),
    "fence-shell": Case(ALL, page("\n```bash\nread x\n```\n")),
    "fence-output": Case(ALL, page("\n```python\nprint(2)\n#> 3\n```\n")),
    "fence-exception": Case(ALL, page("\n```python\n1 / 0\n```\n")),
    "fence-network": Case(
        ALL,
        page(
            "\n```python\nimport socket\ntry:\n    socket.getaddrinfo('192.0.2.1', 1)\nexcept OSError:\n    pass\n```\n"
        ),
    ),
    # Publishing
    "publish-changed": Case(PUBLISH, both(verified, edit(PASSES, "from mlflow", "\nfrom mlflow"))),
    "publish-removed": Case(PUBLISH, both(verified, gone(PASSES))),
    "publish-cassette": Case(PUBLISH, both(verified, edit(TAPE, "connection-check", "connection-chek"))),
    "publish-into": Case(f"publish {EVIDENCE} --into docs", verified),
    "publish-folder": Case(PUBLISH, both(verified, edit("pyproject.toml", "lanes =", 'publish = ["no"]\nlanes ='))),
    "publish-functions": Case(
        PUBLISH, both(verified, edit("pyproject.toml", "lanes =", 'functions = "no:no"\nlanes ='))
    ),
    "page-template": Case(PUBLISH, both(verified, page("\n{{ example( }}\n"))),
    "page-name": Case(PUBLISH, both(verified, page('\n{{ example("tracking/none") }}\n'))),
    "page-secret": Case(PUBLISH, both(verified, page(f"\nUse {TOKEN}.\n"))),
    "page-not-utf8": Case(PUBLISH, both(verified, lambda root: (root / "docs/b.md").write_bytes(b"# B\n\xff\n"))),
    "page-unproven": Case(PUBLISH, both(verified, page("\n```python\nprint(5)\n#> 5\n```\n"))),
    "page-request": Case(PUBLISH, both(verified, page("\n```http\nGET / HTTP/1.1\n```\n"))),
    "page-example-unused": Case(PUBLISH, both(verified, edit("docs/index.md", f'{{{{ example("{CHECK}") }}}}', ""))),
    "page-snippet-unused": Case(PUBLISH, both(verified, text("snippets/a.sh", "true\n"))),
    "quarantine-changed": Case(PUBLISH, both(verified, text(HELD, held("2026-12-24")))),
    # Quarantine, age, drift
    "quarantine-yaml": Case(ALL, text(HELD, "- [")),
    "quarantine-list": Case(ALL, text(HELD, "a: 1\n")),
    "quarantine-row": Case(ALL, text(HELD, held("soon"))),
    "quarantine-ended": Case("verify --today 2026-12-25", text(HELD, held("2026-12-24"))),
    "quarantine-example": Case("verify --today 2026-12-01", text(HELD, held("2026-12-24", example="tracking/chek"))),
    "quarantine-too-long": Case("verify --today 2026-12-01", text(HELD, held("2027-12-24"))),
    "quarantine-add-day": Case(
        f"quarantine add {CHECK} --reason fails-every-day --owner @a --until soon", lambda root: 0
    ),
    "quarantine-add-reason": Case(f"quarantine add {CHECK} --reason no --owner @a --until 2026-12-24", lambda root: 0),
    "quarantine-remove": Case(f"quarantine remove {CHECK}", lambda root: 0),
    "freshness-day": Case("freshness --today tomorrow", lambda root: 0),
    "freshness-old": Case("freshness --today 2027-12-01", lambda root: 0),
    "freshness-clock": Case("freshness --today 2026-01-01", lambda root: 0),
    "freshness-none": Case("freshness --today 2026-12-01", gone("cassettes")),
    "freshness-badge": Case("freshness --today 2026-12-01 --badge docs", lambda root: 0),
    "freshness-promise": Case("freshness", edit("pyproject.toml", "lanes =", 'fresh_days = "x"\nlanes =')),
    "drift-nothing": Case("drift", lambda root: 0),
    "drift-empty": Case("drift cassettes raw --only none", lambda root: 0),
    "drift-outputs": Case(
        "drift cassettes new",
        both(lambda r: shutil.copytree(r / "cassettes", r / "new/cassettes"), text("new/outputs.json", "[]")),
    ),
    # Blocks of pages, and the share of them that nothing proves
    "block-unproven": Case(CENSUS, both(verified, page("\n```text\nx\n```\n"))),
    "block-proven": Case(CENSUS, both(verified, page('\n<!-- illustration: why not -->\n```json\n{"a": 1}\n```\n'))),
    "block-no-block": Case(CENSUS, both(verified, page("\n<!-- illustration: why not -->\n\nText.\n"))),
    "ceiling-malformed": Case(CENSUS, both(verified, setting('unproven_ceiling = "x"'))),
    "ceiling-above": Case(CENSUS, both(verified, setting("unproven_ceiling = 0.0"), page(ILLUSTRATION))),
    "ceiling-below": Case(CENSUS, both(verified, setting("unproven_ceiling = 1.0"), page(ILLUSTRATION))),
    "ceiling-none": Case(f"{CENSUS} --lower", both(verified, page(ILLUSTRATION))),
    "evidence-of-another-title": Case(PUBLISH, both(verified, edit(EVIDENCE, '"title": "', '"title": "Not '))),
    "fact-unbacked": Case(PUBLISH, both(verified, page("\nThere are 99 examples.\n"))),
    "fact-file": Case(PUBLISH, both(verified, text("docs/facts.yaml", "- ["))),
    "fact-page": Case(PUBLISH, both(verified, text("docs/facts.yaml", FACT.replace("index", "other")))),
    "fact-unused": Case(PUBLISH, both(verified, text("docs/facts.yaml", FACT))),
    "header-requirement": Case(ONE, edit(PASSES, ">=2.22,<4", ">=99")),
    "header-token-scope": Case(ONE, edit(PASSES, '# scope = "api"', OTHER_SCOPE)),
    # Secrets
    "scan-found": Case("scan docs", page(f"\nUse {TOKEN}.\n")),
    "scan-unused": Case("scan docs", setting('scan_allow = [{ file = "docs/index.md", kind = "a", reason = "b" }]')),
    "scan-allow": Case("scan docs", setting('scan_allow = [{ file = "docs/index.md" }]')),
    "scan-nowhere": Case("scan nowhere", lambda root: 0),
    "scan-both": Case("scan --staged docs", lambda root: 0),
    "scan-no-git": Case("scan", lambda root: 0),
    "scan-canaries": Case("scan docs", setting('canaries = "x"')),
    "scan-expression": Case("scan docs", setting('canaries = ["re:("]')),
    "scan-short": Case("scan docs", setting('canaries = ["x"]')),
    # The command line itself
    "usage-command": Case("verfy", lambda root: 0),
    "usage-option": Case("verify --evidnce x", lambda root: 0),
    "usage-missing": Case("import", lambda root: 0),
    "root-missing": Case("verify --root nowhere", lambda root: 0),
}
