"""What the pages of this site may ask for, besides examples: measured tables, verdicts, pictures."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from handbook import sightings
from handbook.changes import Changes
from handbook.claims import Proofs, legend
from handbook.compatibility import Compatibility
from handbook.diagrams import figure
from handbook.differences import differences
from handbook.endpoints import Endpoints
from handbook.explained import Explained
from handbook.failures import Failures
from handbook.limits import limits
from handbook.measured import load_coverage, load_permissions
from handbook.permission_matrix import PermissionMatrix
from handbook.permissions import Matrix
from handbook.pipeline import Pipeline
from handbook.routes import Routes
from handbook.said import measured_texts, program_texts
from handbook.screens import FOLDER, Screens
from handbook.usage import usage
from handbook.verdict import Verdicts
from handbook.yours import Yours
from verified_docs.accounts import Proven
from verified_docs.cassette import CASSETTES, load_cassette
from verified_docs.census import find_fences
from verified_docs.curl import Requests
from verified_docs.drift_markdown import sample
from verified_docs.drift_report import compare_folders
from verified_docs.evidence import Evidence
from verified_docs.example import Example, load_examples
from verified_docs.gitlab_mlflow import GitLabMLflow
from verified_docs.mutants.page import MutantsPage
from verified_docs.speed_page import SpeedPage
from verified_docs.wire import Names

_VERDICTS, _TITLE = "mlflow/can-we-use-this.md", "Can we use this?"
_BELOW = "The tables below list what else is lost."


def recorded_requests(root: Path) -> Requests:
    """Every kind of request that was recorded; cassettes that did not change are read once in a process."""
    files = sorted((root / CASSETTES).rglob("*.yaml"))
    return _requests(tuple((path, path.stat().st_mtime_ns, path.stat().st_size) for path in files))


@lru_cache(maxsize=2)
def _requests(files: tuple[tuple[Path, int, int], ...]) -> Requests:
    sent = (one for path, _, _ in files for one in load_cassette(path).interactions)
    return Requests(sent, GitLabMLflow.credential_headers, GitLabMLflow.addresses)


def wire_names() -> Names:
    """What the `curl` commands of the cards call the recorded GitLab, its project and its tokens."""
    adapter = GitLabMLflow()
    known = adapter.addresses
    project = f"{known['CI_API_V4_URL']}/projects/{known['CI_PROJECT_ID']}"
    outside = {"$GITLAB_URL": known["GITLAB_URL"], "$GITLAB_URL/api/v4/projects/$GITLAB_PROJECT_ID": project}
    # A job has these from GitLab, and no others.
    job = {"$CI_API_V4_URL": known["CI_API_V4_URL"], "$CI_API_V4_URL/projects/$CI_PROJECT_ID": project}

    def places(example: Example) -> dict[str, str]:
        in_job = any(name.startswith("CI_") for name in example.metadata.tokens)
        return job if in_job else {**outside, "$MLFLOW_TRACKING_URI": known["MLFLOW_TRACKING_URI"]}

    return Names(places, adapter.environment, adapter.credential_headers, adapter.comparable, adapter.placeholder)


def functions(root: Path) -> Callable[[str, str], dict[str, Any]]:
    """Reads the measured data once, and gives each page its functions.

    Args:
        root: The project's folder.

    Raises:
        Problem: Data or pictures are missing or broken.
    """
    permissions = Matrix(load_permissions(root))
    whole_matrix = PermissionMatrix(permissions.measured)
    coverage = Verdicts(load_coverage(root))
    compatibility = Compatibility(coverage)
    routes = Routes(root, coverage.measured)
    endpoints = Endpoints(routes, (example.id for example in load_examples(root)))
    changes = Changes(coverage.measured, routes)
    explained = Explained(root)
    screens = Screens(root)
    pipeline = Pipeline(root)
    yours = Yours(root)
    mutants = MutantsPage(root)
    speed = SpeedPage(root)

    servers = sorted({one.source.server.version for one in permissions.measured})
    not_verified = (
        '!!! note "Not verified"\n\n'
        f"    Recorded and measured were GitLab {' and '.join(servers)}, built from source, without the Enterprise\n"
        "    Edition. GitLab.com, the Enterprise Edition and the releases between were not.\n"
    )

    def proofs(evidence: Evidence) -> Proofs:
        return Proofs(root, coverage, permissions, evidence, explained)

    def errors(evidence: Evidence) -> Failures:
        """The index of everything that went wrong, with what was proven just now."""
        measured = sightings.measured(coverage.measured, coverage.name)
        asked = sightings.asked(permissions.measured)
        failures = Failures(root, (*sightings.recorded(root, evidence), *measured, *asked), explained)
        quotes.update(failures.quotes)
        return failures

    quotes: dict[str, str] = {}

    def quoted(text: str) -> Proven | None:
        """Where a quoted message was seen; only the page of errors quotes any."""
        return Proven("checked", "what was seen", "says what was said", quotes[text]) if text in quotes else None

    def csv_file(name: str, up: str) -> str:
        """The first rows of a file that came from GitLab's pages."""
        text = screens.table(name, up)
        quotes.update(dict.fromkeys((one.content for one in find_fences(FOLDER / name, text)), f"{FOLDER / name}:1"))
        return text

    @cache
    def upgrade(old: str, new: str) -> str:
        """What differs between the recordings of two servers, by their names in `cassettes/`."""
        return sample(compare_folders(root / CASSETTES / old, root / CASSETTES / new, GitLabMLflow()))

    def for_page(name: str, up: str) -> dict[str, Any]:
        return {
            "permissions": permissions,
            "permission_matrix": whole_matrix,
            "answered": permissions.answered,
            "pipeline": pipeline,
            "compatibility": compatibility,
            "calls": lambda family: compatibility.calls(family, up),
            "probes": coverage,
            "verdicts": coverage.summary,
            "verdict_details": lambda: coverage.details(up),
            "limits": lambda evidence, topic: limits(proofs(evidence), topic, up),
            "differences": lambda evidence, topic: differences(proofs(evidence), topic, up),
            "cells": legend,
            "not_verified": lambda: not_verified,
            "banner": lambda: coverage.banner(
                _BELOW if name == _VERDICTS else f"[{_TITLE}]({up}{_VERDICTS}) lists more."
            ),
            "errors": errors,
            "mutants": mutants,
            "speed": speed,
            "diagram": lambda diagram: figure(root, diagram),
            "endpoints": endpoints,
            "changes": changes,
            "csv_file": lambda name: csv_file(name, up),
            "upgrade": upgrade,
            "usage": usage,
            "contact": yours.contact,
            "rewrite": yours.rewrite,
            "quoted": quoted,
            "backing": {"texts": lambda: measured_texts(root), "programs": program_texts},
            "curl": lambda script: recorded_requests(root).fault(script),
            "wire": wire_names(),
            "screen": lambda picture: screens.figure(picture, up),
        }

    return for_page
