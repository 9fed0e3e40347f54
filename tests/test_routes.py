"""Reads recordings and measurements a second time, without this project's code, and compares every cell."""

from __future__ import annotations

import html
import json
import re
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from conftest import LANES, ROOT, rewrite
from handbook.calls import link
from handbook.endpoints import Endpoints, anchor
from handbook.measured import Coverage, load_coverage
from handbook.routes import Routes, leaves
from handbook.template import MLFLOW, short, template
from test_site import refused
from verified_docs.evidence import Evidence
from verified_docs.example import load_examples
from verified_docs.problem import Problem
from verified_docs.publish import publish_pages

MEASURED = load_coverage(ROOT)
ROUTES = Routes(ROOT, MEASURED)
ENDPOINTS = Endpoints(ROUTES, [example.id for example in load_examples(ROOT)])
CASSETTE = "cassettes/gitlab-18.9/mlflow-2/tracking/log_first_run.yaml"

# ---- The second reader: plain JSON, YAML and regular expressions. ----

P = r"/api/v4/projects/(?:42|\d+|acme%2Fwine-quality)"
RULES = [
    (r"/api/v4/projects/acme/wine-quality/(.*)", r"/api/v4/projects/{namespace}/{name}/\1"),
    (r"/acme/wine-quality/(ml/mlflow/.*)", r"/{namespace}/{name}/\1"),
    (rf"{P}(/.*|$)", r"/api/v4/projects/{project}\1"),
    (r"(.*)/candidate:\d+(/files)?/.+", r"\1/candidate:{run}\2/{file}"),
    (r"(.*/ml_models)/\d+/files/.+", r"\1/{version_id}/files/{file}"),
    (r"(.*/mlflow-artifacts/artifacts)/\d+/.+", r"\1/{version_id}/{file}"),
    (r"(.*/access_tokens)/\d+(.*)", r"\1/{token_id}\2"),
    (r"(.*/members(?:/all)?)/\d+", r"\1/{user_id}"),
    (r"(.*/variables)/[A-Z_]+", r"\1/{key}"),
    (r"(.*/packages)/\d+(.*)", r"\1/{package_id}\2"),
    (r"(/api/v4/groups)/acme", r"\1/{group}"),
    (r"(.*/logged-models)/m(?:odel)?-\w+(.*)", r"\1/{model_id}\2"),
    (r"(.*/traces)/tr-\w+(.*)", r"\1/{trace_id}\2"),
    (r"(.*/assessments)/a-1", r"\1/{assessment_id}"),
    (r"(.*/webhooks)/\d+(.*)", r"\1/{webhook_id}\2"),
    (r"(.*/datasets)/d-1(.*)", r"\1/{dataset_id}\2"),
    (r"(.*/mcp-servers)/io\.example%2Fs(.*)", r"\1/{name}\2"),
    (r"(.*/aliases)/(?:latest|prod)", r"\1/{alias}"),
    (r"(.*/endpoints)/\d+", r"\1/{endpoint_id}"),
    (r"(.*/versions)/1\.0\.0(.*)", r"\1/{version}\2"),
    (r"(.*/workspaces)/ws", r"\1/{workspace}"),
    (r"(.*/tags)/a", r"\1/{key}"),
]


def plain_template(path: str) -> str:
    for pattern, new in RULES:
        path = re.sub(f"^{pattern}$", new, path)
    return path


def walk(value: Any, path: str) -> list[tuple[str, str]]:
    if isinstance(value, dict) and value:
        return [
            pair
            for key, one in value.items()
            for pair in walk(one, (path + "." if path else "") + (key if re.fullmatch(r"[\w-]+", key) else f'"{key}"'))
        ]
    if isinstance(value, list) and value:
        return [pair for one in value for pair in walk(one, f"{path}[]")]
    word = {"dict": "empty object", "list": "empty list", "bool": "boolean", "int": "integer", "str": "string"}
    kind = word.get(type(value).__name__, "number" if isinstance(value, float) else "null")
    return [(path or "(body)", kind)]


def cut_walk(text: str) -> list[tuple[str, str]]:
    """The fields of JSON that was cut: takes off characters until what is left, closed, can be read."""
    for end in range(len(text) - 1, 0, -1):
        if text[end] != ",":
            continue
        bare = re.sub(r'"(?:[^"\\]|\\.)*"', "", text[:end])
        if '"' in bare:
            continue
        while (shorter := re.sub(r"\{[^{}\[\]]*\}|\[[^{}\[\]]*\]", "", bare)) != bare:
            bare = shorter
        closing = "".join({"{": "}", "[": "]"}[sign] for sign in reversed(bare) if sign in "{[")
        return walk(json.loads(text[:end] + closing), "")
    return []


def answer_fields(method: str, path: str, status: str, text: Any) -> list[tuple[str, str]]:
    if not isinstance(text, str) or text[:1] not in {"{", "["}:
        return []
    if method == "GET" and status == "200" and path.endswith("{file}"):
        return []
    if match := re.search(r"… \(\d+ chars\)$", text):
        return cut_walk(text[: match.start()])
    return walk(json.loads(text), "")


def second_reading(root: Path) -> dict[str, Any]:
    names = {lane.id: f"{lane.server} · {lane.client}" for lane in LANES}
    rows: list[tuple[str, str, str, str, Any, Any, str | None, str | None]] = []
    for file in sorted((root / "cassettes").rglob("*.yaml")):
        server, client, *example = file.relative_to(root / "cassettes").with_suffix("").parts
        for one in yaml.load(file.read_text("utf-8"), yaml.CSafeLoader)["interactions"]:
            request, response = one["request"], one["response"]
            sent = request["body"]
            kind = (request["headers"].get("Content-Type") or [""])[0]
            path = re.sub(r"^\w+://[^/]+", "", request["uri"])
            body = json.loads(sent) if sent and kind == "application/json" and sent[0] != "<" else None
            status = str(response["status"]["code"])
            lane = names[f"{server}/{client}"]
            text = response["body"]["string"]
            rows.append((lane, request["method"], path, status, body, text, None, "/".join(example)))
    for file in sorted((root / "measured").glob("coverage-*.json")):
        server, client = re.findall(r"gitlab([\d.]+)-mlflow(\d)", file.name)[0]
        lane = names[f"gitlab-{server}/mlflow-{client}"]
        for name, probe in json.loads(file.read_text("utf-8"))["probes"].items():
            for one in probe["exchanges"]:
                status = str(one.get("status") or "no answer")
                body = one["request"] if isinstance(one.get("request"), dict) else None
                call = name if one["phase"] == "call" else None
                rows.append((lane, one["method"], one["path"], status, body, one.get("response"), call, None))
    found: dict[str, Any] = {}
    for lane, method, address, status, sent, text, call, example_id in rows:
        bare, _, query = address.partition("?")
        path = plain_template(bare)
        route = found.setdefault(
            f"{method} {path}",
            {
                "statuses": defaultdict(lambda: defaultdict(int)),
                "query": defaultdict(set),
                "request": defaultdict(set),
                "response": defaultdict(set),
                "calls": set(),
                "examples": set(),
                "bodies": set(),
            },
        )
        route["statuses"][lane][status] += 1
        route["calls"] |= {call} if call else set()
        route["examples"] |= {example_id} if example_id else set()
        if status != "no answer":
            route["bodies"].add(re.sub(r"\s", "", text) if isinstance(text, str) else "")
        for key in re.findall(r"(?:^|&)([^=&]+)", query):
            route["query"][key].add(lane)
        if sent is not None and not path.endswith("{file}"):
            for field, kind in walk(sent, ""):
                route["request"][field].add((lane, status, kind))
        for field, kind in answer_fields(method, path, status, text):
            route["response"][field].add((lane, status, kind))
    return found


SECOND = second_reading(ROOT)
ORDER = [f"{lane.server} · {lane.client}" for lane in LANES]


def summed(seen: set[tuple[str, str, str]]) -> dict[str, list[str]]:
    return {
        "types": sorted({kind for _, _, kind in seen}),
        "statuses": sorted({status for _, status, _ in seen}),
        "lanes": [lane for lane in ORDER if any(of == lane for of, _, _ in seen)],
    }


def is_missing(route: dict[str, Any]) -> bool:
    return bool(route["bodies"] == {'{"error":"404NotFound"}'})


# ---- The comparison. ----


def test_data_says_what_a_second_reader_finds() -> None:
    data = json.loads(ENDPOINTS.json())
    assert data["lanes"] == ORDER
    assert [f"{one['method']} {one['path']}" for one in data["routes"]] == sorted(
        SECOND, key=lambda key: (key.split()[1], key.split()[0])
    )
    for one in data["routes"]:
        second = SECOND[f"{one['method']} {one['path']}"]
        assert one["statuses"] == second["statuses"]
        assert {key: set(lanes) for key, lanes in one["query"].items()} == second["query"]
        assert (set(one["calls"]), set(one["examples"])) == (second["calls"], second["examples"])
        assert one["missing"] == is_missing(second)
        for part in ("request", "response"):
            assert {row["field"] for row in one[part]} == set(second[part]), one["path"]
            for row in one[part]:
                expected = summed(second[part][row["field"]])
                assert {key: row[key] for key in expected} == expected, (one["path"], row["field"])


def test_every_example_value_was_seen() -> None:
    text = "\n".join(
        path.read_text("utf-8").replace("''", "'")
        for path in (*sorted((ROOT / "measured").glob("coverage-*.json")), *sorted(ROOT.glob("cassettes/**/*.yaml")))
    )
    for one in json.loads(ENDPOINTS.json())["routes"]:
        for row in (*one["request"], *one["response"]):
            assert row["example"]
            value = row["example"].removesuffix("…").strip('"')
            inner = value.replace("\\\\", "\\").replace('\\"', '"').partition("\\")[0].partition('"')[0]
            assert inner in text or value in {"null", "true", "false"}, (one["path"], row)


def tables(entry: str) -> list[list[list[str]]]:
    return [
        [
            [html.unescape(re.sub(r"<[^>]+>", "", cell)) for cell in re.findall(r"<t[hd]>(.*?)</t[hd]>", row)]
            for row in re.findall(r"<tr>(.*?)</tr>", table)
        ]
        for table in re.findall(r"<table>(.*?)</table>", entry)
    ]


def lanes_of(words: str, asked: list[str]) -> list[str]:
    if words == "all that ask":
        return asked
    named = ORDER if words == "all lanes" else [lane for name in words.split("; ") for lane in ORDER if name in lane]
    return [lane for lane in ORDER if lane in named]


def test_the_page_says_what_a_second_reader_finds() -> None:
    page = ENDPOINTS.entries("../")
    entries = dict(re.findall(r"^### `([^`]+)` \{ #[\w-]+ \}\n\n(.*?)(?=^##|\Z)", page, re.M | re.S))
    there = {key: one for key, one in SECOND.items() if not is_missing(one)}
    assert set(entries) == {short_of(key) for key in there}
    for key, second in there.items():
        entry = entries[short_of(key)]
        asked = [lane for lane in ORDER if lane in second["statuses"]]
        found = tables(entry)
        assert found[0][0] == ["Status", *ORDER]
        statuses = {status for counts in second["statuses"].values() for status in counts}
        assert {row[0]: row[1:] for row in found[0][1:]} == {
            status: [str(second["statuses"].get(lane, {}).get(status, 0)) for lane in ORDER] for status in statuses
        }
        named = {"Field sent": second["request"], "Field of the answer": second["response"]}
        assert [table[0][0] for table in found[1:]] == [title for title, fields in named.items() if fields]
        for heading, *rows in found[1:]:
            assert heading[1:] == ["Type", "Such as", "Status", "Lanes"]
            fields = named[heading[0]]
            assert [row[0] for row in rows] == sorted(fields)
            for name, types, example, status, lanes in rows:
                expected = summed(fields[name])
                assert example
                assert (types.split(", "), status.split(", ")) == (expected["types"], expected["statuses"])
                assert lanes_of(lanes, asked) == expected["lanes"]
        query = re.search(r"^Query: (.*)\.$", entry, re.M)
        told = re.findall(r"`([^`]+)`(?: \(([^)]*)\))?", query[1]) if query else []
        assert {name: lanes_of(words or "all that ask", asked) for name, words in told} == {
            name: [lane for lane in ORDER if lane in lanes] for name, lanes in second["query"].items()
        }
        senders(entry, second)


def short_of(key: str) -> str:
    method, path = key.split()
    return f"{method} {path.replace('/api/v4/projects/{project}/ml/mlflow/api/2.0/mlflow/', '…/', 1)}"


def senders(text: str, second: dict[str, Any]) -> None:
    """Whether all calls and examples stand there, and each call is linked to where it stands."""
    apis = {re.sub(r"^((?:cli|uri):[^:]*|[^:]*):.*$", r"\1", name) for name in second["calls"]}
    assert dict(re.findall(r"\[`([^`]+)`\]\((\S+)\)", text)) == {api: link(api, "../") for api in apis}
    examples = re.search(r"Examples: (.*?)\.(?: \||\n|$)", text)
    names = re.findall(r"\[([^\]`]+)\]\(\.\./reference/evidence\.md#([\w-]+)\)", examples[1]) if examples else []
    assert dict(names) == {name: name.replace("/", "-").replace("_", "-") for name in second["examples"]}


def test_the_table_of_missing_routes() -> None:
    rows = [row.strip("| ").split(" | ") for row in ENDPOINTS.missing("../").splitlines()[2:]]
    missing = {short_of(key): one for key, one in SECOND.items() if is_missing(one)}
    assert [re.sub(r"<[^>]+>|`", "", row[0]) for row in rows] == sorted(
        missing, key=lambda key: next((k.split()[1], k.split()[0]) for k in SECOND if short_of(k) == key)
    )
    for row in rows:
        second = missing[re.sub(r"<[^>]+>|`", "", row[0])]
        assert lanes_of(row[1], []) == [lane for lane in ORDER if lane in second["statuses"]]
        assert int(row[2]) == sum(sum(counts.values()) for counts in second["statuses"].values())
        assert all(row)
        senders(f"{row[3]} |", second)


def test_counts() -> None:
    assert len(SECOND) == ENDPOINTS.count
    assert sum(map(is_missing, SECOND.values())) == ENDPOINTS.missing_count
    counted = sum(sum(counts.values()) for one in SECOND.values() for counts in one["statuses"].values())
    assert counted == ENDPOINTS.requests


def test_no_two_routes_share_an_anchor() -> None:
    assert len({anchor(one) for one in ROUTES.routes}) == len(ROUTES.routes)


def test_no_route_holds_a_value() -> None:
    for one in ROUTES.routes:
        assert not re.search(r"\d{2,}|%|acme|candidate:\d", one.path), one.path


# ---- Templates. ----

VALUE = st.text("abcdefgXYZ0123456789-_.%", min_size=1, max_size=20).filter(
    lambda text: (
        text
        not in {
            "search",
            "create",
            "all",
            "endpoints",
            "ml_models",
            "delete-traces",
            "link-to-run",
            "files",
            "artifacts",
        }
    )
)


@given(st.sampled_from([one.path for one in ROUTES.routes if "{namespace}" not in one.path]), st.data())
def test_a_filled_template_gives_the_template(path: str, data: st.DataObject) -> None:
    filled = re.sub(r"\{(\w+)\}", lambda match: data.draw(VALUE, match[1]), path)
    assert template(filled) == path


@given(st.sampled_from([one.path for one in ROUTES.routes]))
def test_a_template_is_its_own(path: str) -> None:
    assert template(path) == path


@given(st.text("abc/{}:%-1.", max_size=40))
def test_any_path_has_a_template(path: str) -> None:
    assert template(f"/{path}").startswith("/")


def test_a_short_path_is_a_path() -> None:
    assert short(f"{MLFLOW}runs/get") == "…/runs/get"
    assert short("/api/graphql") == "/api/graphql"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
)


@given(JSON)
def test_every_value_has_a_path(value: Any) -> None:
    found = list(leaves(value))
    assert found
    assert all(path and kind for path, kind, _ in found)


# ---- Changed and broken data. ----


def with_exchange(lane: Coverage, probe_id: str, **update: Any) -> Coverage:
    """A lane in which the first exchange of one call is another."""
    probe = lane.probes[probe_id]
    first = probe.exchanges[0].model_copy(update=update)
    changed = probe.model_copy(update={"exchanges": (first, *probe.exchanges[1:])})
    return lane.model_copy(update={"probes": lane.probes | {probe_id: changed}})


def test_a_changed_status_or_field_changes_page_and_data() -> None:
    before = ENDPOINTS.entries(""), ENDPOINTS.json()
    for update in (
        {"status": 418},
        {"response": '{"teapot": 1}'},
        {"request": {"teapot": 1}},
        {"path": "/teapot", "status": 200},
    ):
        lane = with_exchange(MEASURED[0], "MlflowClient.get_run:basic", **update)
        changed = Endpoints(Routes(ROOT, [lane, *MEASURED[1:]]), ())
        word = "418" if update == {"status": 418} else "teapot"
        assert word not in before[1]
        assert word in changed.json()
        assert word in changed.entries("")


@pytest.mark.parametrize("update", [{"response": '{"run": '}, {"path": "run"}, {"response": "{]}, … (700 chars)"}])
def test_a_broken_exchange_stops_the_build(update: dict[str, Any]) -> None:
    lane = with_exchange(MEASURED[0], "MlflowClient.get_run:basic", **update)
    with pytest.raises(Problem) as caught:
        _ = Routes(ROOT, [lane, *MEASURED[1:]]).routes
    assert caught.value.path == ROOT / "measured/coverage-gitlab18.9-mlflow2.json"
    assert "MlflowClient.get_run:basic" in caught.value.what


@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        ('{"experiment_id":"1"}', '{"experiment_id":"1"', "interaction 1 holds broken JSON"),
        ('{"name": "wine-classifier"}', '{"name": ', "interaction 1 holds broken JSON"),
        ("version: 2.22.5", "version: 2.99.0", "no calls were measured"),
        ("      code: 404", "      code: none", "interaction 0 is cut off or malformed"),
    ],
)
def test_a_broken_recording_stops_the_build(old: str, new: str, what: str, project: Path) -> None:
    path = project / CASSETTE
    text = path.read_text("utf-8")
    assert old in text
    rewrite(path, text.replace(old, new, 1))
    with pytest.raises(Problem) as caught:
        _ = Routes(project, MEASURED).routes
    assert what in caught.value.what
    assert (caught.value.path, caught.value.line is not None) == (path, True)


# ---- The file of data. ----


def test_the_data_is_published(project: Path, evidence: Evidence) -> None:
    publish_pages(project, evidence, Path("build/docs"))
    assert (project / "build/docs/reference/endpoints.json").read_text("utf-8") == ENDPOINTS.json()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        ('{{ publish_file("../x.json", "{}") }}', "no file below the site"),
        ('{{ publish_file("/x.json", "{}") }}', "no file below the site"),
        ('{{ publish_file("x.html", "{}") }}', "no file below the site"),
        ('{{ publish_file("x.json", "1") }}{{ publish_file("x.json", "2") }}', "something else"),
        ('{{ publish_file("evidence.json", "{}") }}', "over another file"),
        ('{{ publish_file("x.json", "glpat-" + "abcdefghij0123456789") }}', "secret"),
    ],
)
def test_a_file_that_cannot_be_published(call: str, message: str, project: Path, evidence: Evidence) -> None:
    page = project / "docs/how-to/autolog.md"
    rewrite(page, page.read_text("utf-8") + f"\n{call}\n")
    assert message in refused(project, evidence).what
