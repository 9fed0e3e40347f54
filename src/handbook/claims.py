"""Holds what pages claim to what was measured and recorded: a claim whose evidence says otherwise is not built."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from handbook.calls import link, split
from handbook.explained import Explained
from handbook.measured import Answer, Probe, Status
from handbook.permissions import PRIVATE, Matrix
from handbook.table import Unmeasured, cell, literal
from handbook.verdict import NOT_DONE, Verdicts
from verified_docs.card import EVIDENCE_PAGE, evidence_anchor
from verified_docs.cassette import Interaction, load_cassette
from verified_docs.evidence import Evidence, Result

READ = "2026-11-21"
_GUIDE = "https://docs.gitlab.com/"
_PERMISSIONS_PAGE = "mlflow/permissions.md"
_NUMBER = re.compile(r"\d[\d.]*\d|\d")
_SOFTWARE = re.compile(r"(?:GitLab|MLflow)(?: \d[\d.]*\d| \d)")
_MARKS: dict[str, tuple[str, str]] = {
    "works": ("yes", "✓ works"),
    "client-only": ("yes", "✓ works"),
    "works-with-caveat": ("but", "✓ but"),
    "ignored": ("no", "✕ ignored"),
    "not-in-client": ("none", "– not there"),
    "fails": ("no", "✕ fails"),
    "raises": ("no", "✕ refused"),
    "passes": ("yes", "✓ as shown"),
    "fails_as_shown": ("no", "✕ as shown"),
    "not_recorded": ("none", "– not recorded"),
    "quarantined": ("none", "‖ in quarantine"),
    "done": ("yes", "✓ done"),
    "refused": ("no", "✕ refused"),
    "unverified": ("none", "– not verified"),
}
# Of several outcomes in one lane, a cell shows the one that stands last here.
_ORDER = tuple(_MARKS)

Verdict = Literal["passes", "fails_as_shown", "not_recorded"]


@dataclass(frozen=True, kw_only=True)
class _Proof:
    """What all kinds of evidence have in common.

    Attributes:
        words: What has to stand in what was noted, answered or printed.
        wire: Patterns that a request or its answer has to match.
        only: The lanes that are meant: what their names begin or end with. All where it is empty.
        but: The lanes that are not meant.
    """

    words: tuple[str, ...] = ()
    wire: tuple[str, ...] = ()
    only: str = ""
    but: str = ""

    def means(self, lane: str) -> bool:
        """Whether a lane, by its name, is meant."""
        return _is_part(self.only, lane) and not (self.but and _is_part(self.but, lane))


@dataclass(frozen=True)
class Call(_Proof):
    """A measured call.

    Attributes:
        probe: Its id.
        status: How it went.
        caveat: Its caveat.
    """

    probe: str
    status: Status
    caveat: str | None = None

    @property
    def subject(self) -> str:
        """What it is about, in words."""
        return self.probe


@dataclass(frozen=True)
class Recorded(_Proof):
    """A recorded example.

    Attributes:
        example: Its id.
        verdict: What it did.
    """

    example: str
    verdict: Verdict

    @property
    def subject(self) -> str:
        """What it is about, in words."""
        return self.example


@dataclass(frozen=True)
class Asked(_Proof):
    """A measured request with one credential; lanes are GitLabs here.

    Attributes:
        operation: What was asked for.
        credential: By whom.
        status: The HTTP status.
        project: The kind of project.
        ok: Whether it was done.
    """

    operation: str
    credential: str
    status: int
    project: str = PRIVATE
    ok: bool = True

    @property
    def subject(self) -> str:
        """What it is about, in words."""
        return f"{self.operation} with {self.credential} on {self.project}"


@dataclass(frozen=True)
class Guide:
    """A page of GitLab's public documentation.

    Attributes:
        title: Its title.
        address: Its address.
        says: What it says, in our words.
    """

    title: str
    address: str
    says: str = ""

    def link(self) -> str:
        """A link in Markdown, with the day on which the page was read."""
        return f"[{self.title}]({_GUIDE}{self.address}), read on {READ}"


@dataclass(frozen=True)
class Claim:
    """A sentence on a page, with what it rests on.

    Attributes:
        name: What it is about.
        text: The sentence, in Markdown.
        evidence: What was measured and recorded.
        guide: What GitLab's documentation says of it.
    """

    name: str
    text: str
    evidence: tuple[Call | Recorded | Asked, ...] = ()
    guide: Guide | None = None


class Proofs:
    """Everything that a claim may rest on.

    Args:
        root: The project's folder.
        coverage: The measured calls.
        permissions: The measured permissions.
        evidence: What the examples did.
        explained: The pages that explain them.
    """

    def __init__(
        self, root: Path, coverage: Verdicts, permissions: Matrix, evidence: Evidence, explained: Explained
    ) -> None:
        self.root = root
        self.coverage = coverage
        self.permissions = permissions
        self.evidence = evidence
        self.explained = explained
        self.lanes = [coverage.name(lane) for lane in coverage.measured]

    def check(self, claim: Claim) -> Claim:
        """Makes sure that a claim says what its evidence says.

        Returns:
            The claim, unchanged.

        Raises:
            Unmeasured: It has no evidence, or its evidence says otherwise.
        """
        try:
            self._check(claim)
        except Unmeasured as error:
            raise Unmeasured(f"{claim.name!r} is not shown: {error}") from error
        return claim

    def _check(self, claim: Claim) -> None:
        if not claim.evidence and not (claim.guide and claim.guide.says):
            raise Unmeasured("it has neither evidence nor a source")
        for one in claim.evidence:
            self._check_one(one)
        for subject in dict.fromkeys(one.subject for one in claim.evidence):
            same = [one for one in claim.evidence if one.subject == subject]
            for lane in self._names(same[0]):
                if (count := sum(one.means(lane) for one in same)) != 1:
                    raise Unmeasured(f"it says {'nothing' if not count else 'two things'} of {subject!r} in {lane}")
        if claim.evidence:
            shown = set(_NUMBER.findall(" ".join(map(repr, claim.evidence))))
            for number in _NUMBER.findall(_SOFTWARE.sub("", claim.text)):
                if number not in shown:
                    raise Unmeasured(f"nothing that its evidence must contain has the number {number}")

    def _names(self, one: Call | Recorded | Asked) -> list[str]:
        return [f"GitLab {name}" for name in self.permissions.versions] if isinstance(one, Asked) else self.lanes

    def _check_one(self, one: Call | Recorded | Asked) -> None:
        meant = [lane for lane in self._names(one) if one.means(lane)]
        if not meant:
            raise Unmeasured(f"no lane is {one.only!r} but not {one.but!r}")
        for lane in meant:
            if isinstance(one, Recorded) and self.result(one, lane).quarantine:
                # Nothing is proven here, and the cell says so.
                continue
            found, told, sent = self._found(one, lane)
            wanted = (one.status, one.caveat) if isinstance(one, Call) else _wanted(one)
            if found != wanted:
                raise Unmeasured(f"{one.subject!r} is {found} in {lane}, not {wanted}")
            for words in one.words:
                if words not in told:
                    raise Unmeasured(f"{one.subject!r} does not say {words!r} in {lane}")
            for pattern in one.wire:
                if not any(re.search(pattern, text) for text in sent):
                    raise Unmeasured(f"{one.subject!r} has no request with {pattern!r} in {lane}")

    def _found(self, one: Call | Recorded | Asked, lane: str) -> tuple[tuple[object, ...], str, list[str]]:
        """How it went, what was told, and what was sent."""
        if isinstance(one, Call):
            probe = self.probe(one, lane)
            return (probe.status, probe.caveat), _told(probe), list(_sent(probe))
        if isinstance(one, Recorded):
            result = self.result(one, lane)
            failure = f"{result.exception.type}: {result.exception.message}" if result.exception else ""
            sent: list[str] = []
            if one.wire and result.cassette:
                sent = [_line(each) for each in load_cassette(self.root / result.cassette).interactions]
            return (result.verdict,), result.output + failure, sent
        answer = self.answer(one, lane)
        return (answer.status, answer.ok), answer.body or "", []

    def probe(self, one: Call, lane: str) -> Probe:
        """What was measured in a lane."""
        return self.coverage.probe(self.coverage.measured[self.lanes.index(lane)], one.probe)

    def result(self, one: Recorded, lane: str) -> Result:
        """What was recorded in a lane."""
        if one.example not in self.evidence.examples:
            raise Unmeasured(f"there is no example {one.example!r}")
        names = {f"{name.server} · {name.client}": lane_id for lane_id, name in self.evidence.lanes.items()}
        return self.evidence.examples[one.example].results[names[lane]]

    def answer(self, one: Asked, lane: str) -> Answer:
        """What was answered by a GitLab."""
        outcome = self.permissions.outcome(one.operation, one.credential, one.project)
        answer = outcome[self.permissions.versions.index(lane.removeprefix("GitLab "))]
        if answer is None:
            raise Unmeasured(f"{one.subject!r} was not asked of {lane}")
        return answer

    def cells(self, claim: Claim) -> list[str]:
        """What each lane did: the worst of the measured calls, else of the examples, else of the answers."""
        if not claim.evidence:
            return [mark("unverified")] * len(self.lanes)
        first = next(kind for kind in (Call, Recorded, Asked) if any(isinstance(one, kind) for one in claim.evidence))
        shown = [one for one in claim.evidence if isinstance(one, first)]
        return [mark(max((self._kind(one, lane) for one in shown), key=_ORDER.index)) for lane in self.lanes]

    def _kind(self, one: Call | Recorded | Asked, lane: str) -> str:
        if isinstance(one, Call):
            probe = self.probe(one, lane)
            if probe.expected_error:
                return "raises"
            return "ignored" if probe.caveat in NOT_DONE else probe.status
        if isinstance(one, Recorded):
            return self.result(one, lane).verdict
        return "done" if self.answer(one, lane.partition(" · ")[0]).ok else "refused"

    def outcome(self, one: Call | Recorded | Asked) -> str:
        """What came of one subject, lane by lane where they disagree."""
        by_kind: dict[str, list[str]] = {}
        for lane in self._names(one):
            by_kind.setdefault(self._kind(one, lane), []).append(lane)
        if len(by_kind) == 1:
            return f"{mark(*by_kind)} {one.status}" if isinstance(one, Asked) else mark(*by_kind)
        return "; ".join(f"{mark(kind)} with {', '.join(lanes)}" for kind, lanes in by_kind.items())

    def link(self, one: Call | Recorded | Asked, up: str) -> str:
        """A link in Markdown to where the evidence stands, and to the page that explains it."""
        if isinstance(one, Call):
            return f"[{_name(one.probe)}]({link(one.probe, up)})"
        if isinstance(one, Asked):
            return f"[`{one.operation}` with `{one.credential}`, {one.project}]({up}{_PERMISSIONS_PAGE})"
        title = self.evidence.examples[one.example].title
        if one.example not in self.explained.pages:
            raise Unmeasured(f"no page explains the example {one.example!r}")
        page, heading = self.explained.pages[one.example]
        return f"[{title}]({up}{EVIDENCE_PAGE}#{evidence_anchor(one.example)}), on [{heading}]({up}{page})"


def mark(kind: str) -> str:
    """A cell of a table for one outcome."""
    style, words = _MARKS[kind]
    return cell(style, words)


def legend() -> str:
    """A table of what the cells mean."""
    meanings = {
        "works": "the call does what it is asked for",
        "works-with-caveat": "it does so, with a limit that the row or the linked call names",
        "ignored": "the call succeeds, and what was asked for does not happen",
        "fails": "the call ends with an error",
        "raises": "the call ends with an error, as it does with an MLflow server; or GitLab refuses the request",
        "not-in-client": "this client has no such call",
        "done": "the request is done",
        "passes": "the recorded example runs to its end",
        "fails_as_shown": "the recorded example ends with the error that its page shows",
        "not_recorded": "the example was not recorded in this lane",
        "quarantined": "the example is in quarantine in this lane: it is recorded, and not verified",
        "unverified": "stands in GitLab's documentation, and was neither recorded nor measured",
    }
    return "\n".join(
        ["| Cell | Means |", "|---|---|", *(f"| {mark(kind)} | {text} |" for kind, text in meanings.items())]
    )


def subjects(claim: Claim) -> Sequence[Call | Recorded | Asked]:
    """The evidence of a claim, each subject once."""
    return list({one.subject: one for one in reversed(claim.evidence)}.values())[::-1]


def _is_part(words: str, lane: str) -> bool:
    return lane.startswith(words) or lane.endswith(words)


def _wanted(one: Recorded | Asked) -> tuple[object, ...]:
    return (one.verdict,) if isinstance(one, Recorded) else (one.status, one.ok)


def _told(probe: Probe) -> str:
    refusal = (probe.refusal.body or "") if probe.refusal else ""
    return "\n".join((probe.call, probe.note or "", *(probe.exception or ()), refusal, *probe.log))


def _sent(probe: Probe) -> Iterator[str]:
    for one in probe.exchanges:
        yield f"{one.method} {one.path} {one.request} -> {one.status} {one.response}"


def _line(one: Interaction) -> str:
    return f"{one.method} {one.uri} {one.body} -> {one.status} {one.answer!r}"


def _name(probe: str) -> str:
    """A probe as a reader reads it: the function or command, and what was special."""
    api, variant = split(probe)
    short = api.removeprefix("cli: ").removeprefix("MlflowClient.")
    return f"`{short}`" if variant == "basic" else f"`{short}`, {literal(variant)}"
