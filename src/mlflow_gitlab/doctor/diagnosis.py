"""Turns the answers of an examination into findings: the cause, and not everything that follows from it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

from mlflow_gitlab.doctor.answers import Answer, Token
from mlflow_gitlab.doctor.examination import Examination
from mlflow_gitlab.doctor.finding import Evidence, Finding, Severity
from mlflow_gitlab.doctor.findings import REGISTRY

_DEVELOPER = 30
_ROLES = {5: "Minimal access", 10: "Guest", 15: "Planner", 20: "Reporter"}
_MOST_SKEW = 300
# The newest GitLab that was measured to answer so; of those up to 19.3, which does not, nothing is known.
_LAST_RAW_ROWS = (18, 9)
_ML = ("experiment", "search", "model", "file")
_WITH_SCOPE = (*_ML, "packages", "project", "user", "token", "metadata")
_LOOKS = {
    "gldt-": "a deploy token",
    "glrt-": "a runner's token",
    "glft-": "a feed token",
    "glimt-": "a token for mail",
    "gloas-": "the secret of an OAuth application",
    "glptt-": "a trigger token",
    "glagent-": "the token of a Kubernetes agent",
}
_JOB = "glcbt-"


def diagnose(examination: Examination) -> list[Finding]:
    """What the answers of an examination mean.

    A dead token explains every refusal, so it is the only finding about them; the same goes for a wrong address and
    for a project that is not there. What has nothing to do with that is found beside it.

    Args:
        examination: The answers. Any may be missing.

    Returns:
        The findings, the most basic first, without tokens. Empty where all is well.
    """
    clean = examination.settings.redactor.text
    found = [one.clean(clean) for one in _findings(examination)]
    return list({(one.id, one.evidence): one for one in found}.values())


def _findings(examination: Examination) -> Iterator[Finding]:
    yield from _clock(examination)
    if examination.trouble:
        yield examination.trouble
    if not examination.answers:
        return
    if all(one.reply is None for one in examination.answers):
        yield _elsewhere(examination)
        return
    dead = _dead_token(examination)
    if dead:
        yield dead
    else:
        explained = [*_token(examination), *_project(examination), *_role(examination)]
        yield from explained
        yield from _soon(examination)
        yield from _unreadable(examination)
        if not explained:
            yield from _unexplained(examination)
    yield from _odd(examination)


def _elsewhere(examination: Examination) -> Finding:
    """No answer is GitLab's."""
    first = examination.answers[0]
    settings = examination.settings
    if 300 <= first.status < 400 and first.location:
        target = urlsplit(first.location)
        seen = f"sent to {target.scheme}://{target.netloc}{target.path}" if target.netloc else f"sent to {target.path}"
        evidence = Evidence(seen, first.request, first.status)
        return REGISTRY["redirected"].found(evidence, place=settings.origin("url"))
    if all(one.status >= 500 or one.status == 429 for one in examination.answers):
        return REGISTRY["server-odd-answer"].found(first.evidence())
    return REGISTRY["not-gitlab"].found(first.evidence(), address=f"{settings.api}/metadata")


def _dead_token(examination: Examination) -> Finding | None:
    """Why the token opens nothing, or None where it opens something."""
    who = [one for name in ("user", "token", "metadata", "experiment") if (one := examination.answer(name))]
    refused = next((one for one in who if one.refused(401)), None)
    if refused is None or any(one.status == 200 and one.reply is not None for one in who):
        return None
    token = examination.settings.token
    if token is None:
        return REGISTRY["token-missing"].found(refused.evidence())
    for word, kind in (("expired", "token-expired"), ("revoked", "token-revoked")):
        if refused.refusal.error == "invalid_token" and refused.refused(401, word):
            return REGISTRY[kind].found(refused.evidence())
    value = token.get_secret_value()
    packages, experiment = examination.answer("packages"), examination.answer("experiment")
    takes_packages = packages is not None and (packages.status == 200 or packages.refused(403, "403 Forbidden"))
    if value.startswith(_JOB) or (takes_packages and experiment is not None and experiment.refused(401)):
        return REGISTRY["token-of-a-job"].found((experiment or refused).evidence())
    looks = next((name for prefix, name in _LOOKS.items() if value.startswith(prefix)), None)
    words = f" It begins like {looks}." if looks else ""
    return REGISTRY["token-unknown"].found(refused.evidence(), looks=words)


def _token(examination: Examination) -> Iterator[Finding]:
    """What the token may not do, whatever its owner may."""
    for error, kind in (
        ("insufficient_scope", "scope-too-small"),
        ("insufficient_granular_scope", "permission-missing"),
    ):
        for name in _WITH_SCOPE:
            answer = examination.answer(name)
            if answer and answer.status == 403 and answer.refusal.error == error:
                # MLflow lists no packages.
                severity = Severity.WARNING if kind == "permission-missing" and name not in _ML else None
                yield REGISTRY[kind].found(answer.evidence(), severity)
                break
    answer = examination.answer("token")
    if answer and answer.refused(400, "personal access token"):
        yield REGISTRY["oauth-token"].found(answer.evidence())


def _project(examination: Examination) -> Iterator[Finding]:
    """What is wrong with the project."""
    answer, project = examination.answer("project"), examination.project
    if project is None or answer is None:
        unseen = next(
            (
                one
                for name in ("project", "experiment")
                if (one := examination.answer(name)) and one.refused(404, "404 Project Not Found")
            ),
            None,
        )
        if unseen:
            yield REGISTRY["project-not-found"].found(
                unseen.evidence(), who=_owner(examination), project=examination.settings.project or ""
            )
        return
    if project.archived:
        yield REGISTRY["project-archived"].found(answer.evidence("archived"))
    for kind, name, off, keys in (
        ("experiments-off", "experiment", project.model_experiments_access_level, "model_experiments_access_level"),
        ("registry-off", "model", project.model_registry_access_level, "model_registry_access_level"),
    ):
        if off == "disabled":
            refused = examination.answer(name)
            shows = refused is not None and refused.refused(404, "404 Not Found")
            yield REGISTRY[kind].found(refused.evidence() if refused and shows else answer.evidence(keys))
    if not project.packages_enabled:
        refused = examination.answer("packages")
        shows = refused is not None and refused.refused(403, "403 Forbidden")
        yield REGISTRY["packages-off"].found(
            refused.evidence() if refused and shows else answer.evidence("packages_enabled")
        )


def _role(examination: Examination) -> Iterator[Finding]:
    """What the role of the token's owner is too low for."""
    search, project, seen = examination.answer("search"), examination.project, examination.answer("project")
    level = project.level if project else None
    too_low: Answer | None = None
    if search and search.refused(401):
        # The same 401 as for a token that is not good: something else has to show that this one is.
        good = any(one.fine for one in examination.answers if one.name != "file")
        too_low = search if good else None
    elif search and search.status != 200 and level is not None and level < _DEVELOPER:
        # Something else refuses first; the role would be next.
        too_low = seen
    elif project and level is None and project.model_experiments_access_level != "disabled":
        # Everybody sees the project, and only members its experiments.
        experiment = examination.answer("experiment")
        too_low = experiment if experiment and experiment.refused(404, "404 Not Found") else None
    if too_low:
        role = "not a member" if project and level is None else _ROLES.get(level or 0, "below Developer")
        keys = ("permissions",) if too_low is seen else ()
        yield REGISTRY["role-too-low"].found(too_low.evidence(*keys), who=_owner(examination), role=role)


def _owner(examination: Examination) -> str:
    return examination.user or "the token's owner"


def _soon(examination: Examination) -> Iterator[Finding]:
    answer = examination.answer("token")
    if answer is None or not isinstance(answer.reply, Token) or answer.reply.expires_at is None:
        return
    left = (answer.reply.expires_at - examination.now.date()).days
    if left < examination.settings.team.token.renew:
        yield REGISTRY["token-expires-soon"].found(answer.evidence("expires_at"))


def _unreadable(examination: Examination) -> Iterator[Finding]:
    """MLflow 3 with a GitLab whose rows it cannot parse."""
    answer, server, client = examination.answer("metadata"), examination.server or "", examination.client or ""
    numbers = re.match(r"(\d+)\.(\d+)", server)
    major = re.match(r"\d+", client)
    if answer and numbers and major and int(major[0]) >= 3 and (int(numbers[1]), int(numbers[2])) <= _LAST_RAW_ROWS:
        yield REGISTRY["registry-unreadable"].found(answer.evidence("version"), client=client, server=numbers[0])


def _unexplained(examination: Examination) -> Iterator[Finding]:
    """A refusal that nothing above explains: better to say so than to say that all is well."""
    refused = next((one for one in examination.answers if one.reply is not None and not one.fine), None)
    if refused:
        yield REGISTRY["server-odd-answer"].found(refused.evidence())


def _odd(examination: Examination) -> Iterator[Finding]:
    """An answer that is none of the recorded kinds."""
    odd = next((one for one in examination.answers if one.reply is None), None)
    if odd:
        yield REGISTRY["server-odd-answer"].found(odd.evidence())


def _clock(examination: Examination) -> Iterator[Finding]:
    for answer in examination.answers:
        if answer.ahead is not None and abs(answer.ahead) > _MOST_SKEW:
            seen = f"the server is {abs(answer.ahead):.0f} seconds {'ahead' if answer.ahead > 0 else 'behind'}"
            evidence = Evidence(seen, answer.request, answer.status)
            yield REGISTRY["clock-skew"].found(evidence)
            return
