"""Decides which token is used from now on, and where it has to be written. Sends nothing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

from mlflow_gitlab.settings import Settings
from mlflow_gitlab.setup.dotenv_file import DotenvFile
from mlflow_gitlab.setup.look import EXPERIMENT_VARIABLE, TOKEN_VARIABLE, State, Stored, Token, role_of
from mlflow_gitlab.setup.steps import Plan, Step
from mlflow_gitlab.team import LEVELS, Bot

# What the recordings were made with; a new file says it too.
_NEW_FILE = (
    "MLFLOW_DISABLE_TELEMETRY",
    "MLFLOW_ENABLE_PROXY_MULTIPART_DOWNLOAD",
    "MLFLOW_ENABLE_PROXY_MULTIPART_UPLOAD",
)


@dataclass(frozen=True)
class Choice:
    """What to do about the token.

    Attributes:
        action: Keep a stored one, rotate one, or create one.
        token: The one to keep or rotate.
        stored: Where its value was found.
        why: The reason.
    """

    action: Literal["keep", "rotate", "create"]
    token: Token | None
    stored: Stored | None
    why: str


def choose(state: State, bot: Bot, today: date) -> Choice:
    """Decides which token is used from now on.

    The value of a token is told once, when it is made. So only one whose value is stored somewhere can be kept; of
    the others that fit, the one that lasts longest is rotated, which makes its old value worthless.
    """
    fitting = [one for one in state.tokens if one.scopes == (bot.scope,) and one.level == LEVELS[bot.role]]
    fitting.sort(key=lambda one: (one.expires or date.max, one.id), reverse=True)
    where: dict[int | None, Stored] = {}
    for store in bot.store:
        if store in state.stored and not state.stored[store].is_foreign:
            where.setdefault(state.stored[store].token_id, state.stored[store])
    stored = [one for one in fitting if one.id in where]
    for token in stored:
        left = token.days_left(today)
        if left is None or left >= bot.renew:
            return Choice("keep", token, where[token.id], token.told(today))
    if stored:
        return Choice("rotate", stored[0], None, f"{stored[0].told(today)}, and it is renewed below {bot.renew} days")
    if fitting:
        return Choice("rotate", fitting[0], None, "its value is stored nowhere, and GitLab does not show it again")
    if state.tokens:
        return Choice("create", None, None, f"no active token of this name is {bot.role} with {bot.scope}")
    return Choice("create", None, None, "MLflow needs one, with no more rights than it uses")


def plan_token(plan: Plan, state: State, settings: Settings, env: DotenvFile, today: date, replace: bool) -> None:
    """Adds the steps for the token, the .env file and the CI/CD variables."""
    bot, api = settings.team.token, f"/projects/{state.project_id}"
    blocked = _blocked(state, replace) if "ci" in bot.store else None
    if blocked:
        plan.findings.append(f"{TOKEN_VARIABLE} {blocked}")
        if bot.store == ("ci",):
            return
    if not bot.store:
        plan.notes.append("token.store is empty, so no token is made: it would be seen by nobody.")
        return
    choice = choose(state, bot, today)
    expires = today + timedelta(days=bot.days)
    if choice.action == "keep":
        plan.keep = choice.stored
    else:
        rotate = choice.token.id if choice.token else None
        what = f"rotate the token {bot.name}" if rotate else f"make the token {bot.name}"
        call = f"POST {api}/access_tokens" + (f"/{rotate}/rotate" if rotate else "")
        now = f"#{rotate}, {choice.token.told(today)}" if choice.token else "none that fits"
        wanted = f"{bot.role}, {bot.scope}, until {expires}"
        plan.steps.append(
            Step("token", what, choice.why, now, wanted, call, args={"rotate": rotate, "expires_at": str(expires)})
        )
    for one in state.tokens:
        if choice.token is None or one.id != choice.token.id:
            told = f"#{one.id} ({role_of(one.level)}, {', '.join(one.scopes)}, {one.told(today)})"
            plan.notes.append(f"Another active token is called {bot.name}: {told}. Revoke it if nobody uses it.")
    if "env" in bot.store:
        _env(plan, state, settings, env, choice)
    if "ci" in bot.store and not blocked:
        _variables(plan, state, settings, choice)
    elif choice.action == "rotate" and _holds(state, "ci", choice.token):
        plan.notes.append(f"The CI/CD variable {TOKEN_VARIABLE} has the old value, and token.store does not name ci.")


def _blocked(state: State, replace: bool) -> str | None:
    """Why the CI/CD variable must not be written to."""
    there, old = state.variables.get(TOKEN_VARIABLE), state.stored.get("ci")
    if there and there.hidden:
        return "is a hidden variable: nobody can see which token it has. Delete it, or take ci out of token.store."
    if old and old.is_foreign and not replace:
        name = old.name or "of a kind that cannot say which"
        return f"has another good token, {name}, which GitLab shows to nobody again. --replace overwrites it."
    return None


def _holds(state: State, store: str, token: Token | None) -> bool:
    return store in state.stored and token is not None and state.stored[store].token_id == token.id


def _env(plan: Plan, state: State, settings: Settings, env: DotenvFile, choice: Choice) -> None:
    wanted: dict[str, str | None] = {
        "GITLAB_URL": settings.url,
        "GITLAB_PROJECT": state.path,
        "GITLAB_PROJECT_ID": str(state.project_id),
        "MLFLOW_TRACKING_URI": settings.team.mlflow.tracking_uri
        or f"{settings.api}/projects/{state.project_id}/ml/mlflow",
        EXPERIMENT_VARIABLE: settings.experiment,
    }
    if settings.ca_bundle and not settings.origin("ca_bundle").startswith("environment"):
        wanted["MLFLOW_TRACKING_SERVER_CERT_PATH"] = str(settings.ca_bundle)
    if not env.exists:
        environment = settings.environment()
        wanted |= {name: environment[name] for name in _NEW_FILE}
    there = env.values
    changes = {name: value for name, value in wanted.items() if value and there.get(name) != value}
    old = state.stored.get("env")
    token = not (choice.action == "keep" and _holds(state, "env", choice.token))
    if old and old.is_foreign and token:
        plan.notes.append(f"{env.path.name} has another good token, {old.name or 'of a kind that cannot say which'}; "
                          f"{env.backup.name} keeps it.")  # fmt: skip
    if settings.origin("token").startswith("environment"):
        plan.notes.append(f"Your shell has a {TOKEN_VARIABLE} of its own, which goes before {env.path.name}.")
    if not (changes or token or not env.is_private):
        return
    now = [f"{name}={there.get(name) or ''}" for name in changes] + (["another token" if old else "no token"] * token)
    then = [f"{name}={value}" for name, value in changes.items()] + (["the token"] * token)
    if not env.is_private:
        now.append("others may read it")
        then.append("mode 0600")
    why = "programs on this machine read it; other lines stay"
    call, args = f"file {env.path}", {"changes": changes, "token": token}
    plan.steps.append(Step("env", f"write {env.path.name}", why, ", ".join(now), ", ".join(then), call, args=args))


def _variables(plan: Plan, state: State, settings: Settings, choice: Choice) -> None:
    api = f"/projects/{state.project_id}/variables"
    for key in state.scoped:
        plan.notes.append(f"{key} exists for single environments too; those were left alone.")
    there = state.variables.get(TOKEN_VARIABLE)
    same = choice.action == "keep" and _holds(state, "ci", choice.token)
    if there is None or not (same and there.masked and there.protected):
        now = "not there" if there is None else "another value" if not same else "not masked and protected"
        plan.steps.append(
            Step(
                "variable",
                f"{'change' if there else 'make'} the CI/CD variable {TOKEN_VARIABLE}",
                "pipelines read it",
                now,
                "the token, masked and protected",
                f"PUT {api}/{TOKEN_VARIABLE}" if there else f"POST {api}",
                about=TOKEN_VARIABLE,
                args={"key": TOKEN_VARIABLE, "exists": there is not None, "token": True},
            )
        )
    if not settings.experiment:
        return
    there = state.variables.get(EXPERIMENT_VARIABLE)
    value = there.value.get_secret_value() if there and there.value else None
    if value != settings.experiment:
        plan.steps.append(
            Step(
                "variable",
                f"{'change' if there else 'make'} the CI/CD variable {EXPERIMENT_VARIABLE}",
                "pipelines read it",
                value or "not there",
                settings.experiment,
                f"PUT {api}/{EXPERIMENT_VARIABLE}" if there else f"POST {api}",
                about=EXPERIMENT_VARIABLE,
                args={
                    "key": EXPERIMENT_VARIABLE,
                    "exists": there is not None,
                    "token": False,
                    "value": settings.experiment,
                },
            )
        )
