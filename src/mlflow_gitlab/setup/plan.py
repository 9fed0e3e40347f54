"""Compares what is there with what the team's file wants, and says which steps lead there. Sends nothing."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from importlib import metadata
from pathlib import Path
from typing import Any

from mlflow_gitlab.settings import Settings
from mlflow_gitlab.setup.dotenv_file import DotenvFile
from mlflow_gitlab.setup.look import FEATURES, MAINTAINER, OWNER, Person, State, role_of
from mlflow_gitlab.setup.steps import Plan, Step
from mlflow_gitlab.setup.token_plan import plan_token
from mlflow_gitlab.team import LEVELS
from verified_docs.problem import Problem

VERIFIED = ((18, 9), (19, 3))


def plan_setup(
    state: State, settings: Settings, env: DotenvFile, today: date, *, verify: bool | None = None, replace: bool = False
) -> Plan:
    """Says which steps lead from what is there to what the team's file wants.

    Args:
        state: What is there.
        settings: What is wanted.
        env: The .env file.
        today: The day from which days are counted.
        verify: Whether to try a scratch run; None to do it when something changes that it depends on.
        replace: Whether a CI/CD variable that holds another good token is overwritten.

    Raises:
        Problem: The team's file asks for what cannot be.
    """
    bot = settings.team.token
    if bot.renew >= bot.days:
        what = "token.renew has to be smaller than token.days, or every run would make a new token"
        raise Problem(Path("config/mlflow-gitlab.yaml"), None, what, "change one of them", kind="config")
    plan = Plan(notes=list(_about_versions(state)))
    api = f"/projects/{state.project_id}"
    if state.level == MAINTAINER:
        plan.notes.append("Your role is Maintainer. Tokens, variables and members were recorded with an Owner.")
    mlflow_on = settings.team.features.model_experiments != "disabled"
    for experiment_id, name in state.left if mlflow_on else ():
        plan.steps.append(leftover(api, experiment_id, name))
    plan.steps += _features(state, settings, api)
    if mlflow_on and settings.experiment and state.experiment is None:
        what, call = f"make the experiment {settings.experiment}", f"POST {api}/ml/mlflow/…/experiments/create"
        plan.steps.append(
            Step("experiment", what, "GitLab has no default experiment", "not there", settings.experiment, call)
        )
    elif not settings.experiment:
        plan.notes.append("No experiment is named (mlflow.experiment), so none is made.")
    plan_token(plan, state, settings, env, today, replace)
    _people(plan, state, api, today)
    depends = {"leftover", "features", "experiment", "token", "env", "variable"}
    if verify or (verify is None and any(step.kind in depends and step.args.get("token", True) for step in plan.steps)):
        _verify(plan, settings, api, mlflow_on)
    return plan


def leftover(api: str, experiment_id: str, name: str) -> Step:
    """The step that deletes what an interrupted scratch run has left."""
    what, call = f"delete {name}", f"DELETE {api}/packages/…, POST {api}/ml/mlflow/…/experiments/delete"
    why = "a check that was interrupted has left it"
    return Step("leftover", what, why, "there", "gone", call, about=name, args={"id": experiment_id, "name": name})


def _about_versions(state: State) -> Iterator[str]:
    if state.release not in VERIFIED:
        known = " and ".join(f"{major}.{minor}" for major, minor in VERIFIED)
        yield f"GitLab {state.version or 'without a version'} is not verified: {known} were recorded. Going on."
    for name in ("mlflow", "mlflow-skinny"):
        try:
            installed = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
        if state.release == (18, 9) and installed.split(".")[0] == "3":
            yield f"MLflow {installed} is installed here. With GitLab 18.9 it cannot read models that have versions."
        return


def _features(state: State, settings: Settings, api: str) -> Iterator[Step]:
    wanted = {name: getattr(settings.team.features, name) for name in FEATURES}
    change: dict[str, Any] = {f"{name}_access_level": level for name, level in wanted.items()}
    now, then = dict(state.features), dict(wanted)
    # Packages have two switches; the second one is only ever switched on here.
    if wanted["package_registry"] != "disabled" and not state.packages_enabled:
        change["packages_enabled"] = True
        now, then = now | {"packages_enabled": "off"}, then | {"packages_enabled": "on"}
    if now == then:
        return
    names = [name for name in then if now.get(name) != then[name]]
    yield Step(
        "features",
        f"set who may see {', '.join(names)}",
        "MLflow works on them",
        ", ".join(f"{name}: {now[name]}" for name in names),
        ", ".join(f"{name}: {then[name]}" for name in names),
        f"PUT {api}",
        args={"change": change},
    )


def _people(plan: Plan, state: State, api: str, today: date) -> None:
    for person in state.people:
        name, level = person.wanted.username, LEVELS[person.wanted.role]
        until = today + timedelta(days=person.wanted.days) if person.wanted.days else None
        wanted = person.wanted.role + (f" until {until}" if until else "")
        if person.user_id is None:
            plan.findings.append(f"Nobody has the user name {name}, or you may not see them.")
            continue
        if max(person.level or 0, person.inherited or 0) > level and _is_above(plan, state, person, level):
            continue
        if person.level is None and person.inherited == level:
            continue
        if person.level is None:
            args = {"user_id": person.user_id, "level": level, "expires_at": until and str(until), "exists": False}
            now, call = role_of(person.inherited) if person.inherited else "no member", f"POST {api}/members"
            plan.steps.append(_member(name, f"add {name}", now, wanted, call, args))
        else:
            later = until is not None and (person.expires is None or person.expires > until)
            if person.level == level and not later:
                continue
            args = {"user_id": person.user_id, "level": level, "expires_at": str(until) if later else None}
            now = role_of(person.level) + (f" until {person.expires}" if person.expires else "")
            call = f"PUT {api}/members/{person.user_id}"
            plan.steps.append(_member(name, f"change {name}", now, wanted, call, args | {"exists": True}))


def _is_above(plan: Plan, state: State, person: Person, level: int) -> bool:
    """Whether somebody has more than the file gives, and it is not for the set-up to take it away."""
    name = person.wanted.username
    if person.inherited and person.inherited > level:
        plan.notes.append(f"{name} is {role_of(person.inherited)} through a group, and stays it.")
    elif person.level == OWNER:
        plan.notes.append(f"{name} is Owner of the project, and stays it.")
    elif person.user_id == state.me:
        plan.notes.append(f"{name} is you, and stays {role_of(person.level)}.")
    else:
        return False
    return True


def _member(name: str, what: str, now: str, wanted: str, call: str, args: dict[str, Any]) -> Step:
    return Step("member", what, "the team's file names them", now, wanted, call, about=name, args=args)


def _verify(plan: Plan, settings: Settings, api: str, mlflow_on: bool) -> None:
    bot = settings.team.token
    if not mlflow_on or not (plan.keep or any(step.kind == "token" for step in plan.steps)):
        plan.notes.append("Nothing to try out: experiments are to be off, or there is no token.")
        return
    writes = bot.scope == "api" and LEVELS[bot.role] >= LEVELS["Developer"]
    step = Step(
        "verify",
        "log a scratch run with the token, read it back, delete it" if writes else "read with the token",
        "it shows that all of it works together",
        "not tried",
        "works, and nothing is left" if writes else "works",
        f"{api}/ml/mlflow/…",
        args={"writes": writes, "files": settings.team.features.package_registry != "disabled"},
    )
    # Pipelines get a token only after it has worked; whoever interrupts before that is asked to go on by the next run.
    at = next((number for number, one in enumerate(plan.steps) if one.kind == "variable"), None)
    first_member = next((number for number, one in enumerate(plan.steps) if one.kind == "member"), len(plan.steps))
    plan.steps.insert(first_member if at is None else at, step)


def links(state: State) -> dict[str, str]:
    """Where to look in a browser: the addresses of the recorded pictures."""
    places = {
        "experiments": "-/ml/experiments",
        "models": "-/ml/models",
        "packages": "-/packages",
        "access tokens": "-/settings/access_tokens",
        "members": "-/project_members",
        "features": "edit#js-shared-permissions",
    }
    return {name: f"{state.web_url}/{place}" for name, place in places.items()}
