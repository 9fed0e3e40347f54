"""Compares what a lane and a header claim of a recording with what stands in the cassette."""

from __future__ import annotations

import platform
from functools import cache
from importlib.metadata import PackageNotFoundError, version

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

from verified_docs.adapter import Adapter
from verified_docs.cassette import Cassette
from verified_docs.example import Example
from verified_docs.lane import Lane
from verified_docs.leaks import LABEL
from verified_docs.problem import Problem


def check_claims(cassette: Cassette, lane: Lane, adapter: Adapter, example: Example) -> None:
    """Checks server, client and credentials of a recording.

    Args:
        cassette: The recording.
        lane: The lane in which it stands.
        adapter: Knows the credentials that an example is given.
        example: The example, whose header names role, scope and tokens.

    Raises:
        Problem: The recording is of another server or client, or was made with other credentials than the header says;
            or the header leaves out what runs it here.
    """
    _check_requirements(example)
    _check_provenance(cassette, lane, example)
    _check_credentials(cassette, adapter, example)


def _check_requirements(example: Example) -> None:
    """Makes sure that the header asks for nothing else than what the example runs with here."""
    running = platform.python_version()
    if example.python and not SpecifierSet(example.python).contains(running, prereleases=True):
        raise _requirement(example, f"requires-python {example.python!r} leaves out the Python {running} that runs it")
    for text in example.dependencies:
        requirement = Requirement(text)
        installed = _installed(requirement.name)
        if installed is None:
            raise _requirement(example, f"dependency {requirement.name} is not installed here, so it was not verified")
        if not requirement.specifier.contains(installed, prereleases=True):
            what = f"dependency {text!r} leaves out {requirement.name} {installed}, which it is verified with"
            raise _requirement(example, what)


def _requirement(example: Example, what: str) -> Problem:
    fix = f"correct the header, then make check EX={example.id}"
    return Problem(example.path, example.header_line("dependencies"), what, fix, kind="requirement")


@cache
def _installed(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _check_provenance(cassette: Cassette, lane: Lane, example: Example) -> None:
    provenance = cassette.provenance
    server = f"{provenance.server.name} {provenance.server.version}"
    client = f"{provenance.client.name} {provenance.client.version}"
    if not server.startswith(f"{lane.server}.") or client != lane.client:
        raise Problem(
            cassette.path,
            1,
            f"the cassette was recorded from {server} with {client}, but stands in the lane {lane}",
            f"make import FROM=FOLDER EX={example.id}",
            kind="provenance",
        )


def _check_credentials(cassette: Cassette, adapter: Adapter, example: Example) -> None:
    """Makes sure that the header names just the credentials that were sent: pages repeat it under the example."""
    given = {value.strip("<>") for value in adapter.environment(example).values() if LABEL.fullmatch(value)}
    on_the_wire = {
        label.group().strip("<>")
        for interaction in cassette.interactions
        for name, value in interaction.headers.items()
        if name.lower() in adapter.credential_headers
        for label in LABEL.finditer(value)
    }
    # With basic authentication, a user name stands before the label.
    sent = {label.partition(":")[2] if label.count(":") > 2 else label for label in on_the_wire}
    named = set(example.metadata.tokens.values())
    same_owner = {label.partition(":")[2] for label in named & sent}
    unused = sorted((named - sent) | {one for one in given - named - sent if one.partition(":")[2] not in same_owner})
    role = example.metadata.role.lower()
    # Without a token, or with one that has no role, there is nothing to compare the role with.
    has_role = any(":" in label for label in given | sent)
    if has_role and not unused and not any(role in label.split(":") for label in sent):
        unused = [role]
    wrong = [(label, "was sent, and the header does not name it") for label in sorted(sent - given)]
    for label, what in [*wrong, *((label, "was never sent") for label in unused)]:
        raise Problem(
            example.path,
            example.header_line("role"),
            f"the credential {label} {what}",
            f"correct role, scope or tokens under [tool.verified], then make check EX={example.id}",
            kind="credential",
        )
