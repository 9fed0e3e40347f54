"""Plans and makes the changes that take a set-up back: tokens first, then what held them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from gitlab.exceptions import GitlabError, GitlabHttpError
from gitlab.v4.objects import Project

from mlflow_gitlab.scratch import delete_left
from mlflow_gitlab.settings import Settings
from mlflow_gitlab.setup.apply import Do, all_good
from mlflow_gitlab.setup.dotenv_file import DotenvFile
from mlflow_gitlab.setup.look import EXPERIMENT_VARIABLE, TOKEN_VARIABLE, State, role_of
from mlflow_gitlab.setup.plan import leftover
from mlflow_gitlab.setup.server import Server
from mlflow_gitlab.setup.steps import Plan, Step
from mlflow_gitlab.team import LEVELS

_OFF = ("model_experiments", "model_registry")


def plan_teardown(
    state: State, settings: Settings, env: DotenvFile, today: date, *, experiment: bool = False, features: bool = False
) -> Plan:
    """Says which steps take back what a set-up made.

    Args:
        state: What is there.
        settings: What the set-up made.
        env: The .env file.
        today: The day from which days are counted.
        experiment: Whether the experiment goes too, with all its runs.
        features: Whether experiments and registry are switched off.
    """
    plan, api, bot = Plan(), f"/projects/{state.project_id}", settings.team.token
    plan.steps += [leftover(api, experiment_id, name) for experiment_id, name in state.left]
    for token in state.tokens:
        now = f"#{token.id}: {role_of(token.level)}, {', '.join(token.scopes)}, {token.told(today)}"
        call = f"DELETE {api}/access_tokens/{token.id}"
        what, why = f"revoke a token {bot.name}", "whoever still has it can log no more"
        plan.steps.append(Step("revoke", what, why, now, "revoked", call, about=str(token.id), args={"id": token.id}))
    _variables(plan, state, settings)
    _env(plan, state, env)
    _members(plan, state)
    if experiment and state.experiment is not None:
        what, call = f"delete the experiment {settings.experiment}", f"POST {api}/ml/mlflow/…/experiments/delete"
        why = "you said --experiment; its runs go with it, their packages stay"
        args = {"id": state.experiment}
        plan.steps.append(Step("experiment", what, why, f"id {state.experiment}", "gone", call, args=args))
    elif experiment and state.features["model_experiments"] == "disabled":
        plan.findings.append("Experiments are off, so it cannot be seen whether there is one to delete.")
    on = {name: state.features[name] for name in _OFF if state.features[name] != "disabled"}
    if features and on:
        what, call = "switch experiments and registry off", f"PUT {api}"
        now, then = (", ".join(f"{name}: {level}" for name, level in levels.items()) for levels in (
            on, dict.fromkeys(on, "disabled")))  # fmt: skip
        change = {f"{name}_access_level": "disabled" for name in _OFF}
        why = "you said --features-off; packages stay on, others may use them"
        plan.steps.append(Step("features", what, why, now, then, call, args={"change": change}))
    return plan


def _variables(plan: Plan, state: State, settings: Settings) -> None:
    api, old = f"/projects/{state.project_id}/variables", state.stored.get("ci")
    for key in state.scoped:
        plan.notes.append(f"{key} exists for single environments too; those are left alone.")
    for key, there in state.variables.items():
        value = there.value.get_secret_value() if there.value else None
        if key == TOKEN_VARIABLE and old and old.is_foreign:
            plan.findings.append(f"{key} has another good token, {old.name or 'of an unknown kind'}; it is left alone.")
        elif key == EXPERIMENT_VARIABLE and value != settings.experiment:
            plan.findings.append(f"{key} is {value}, and not {settings.experiment}; it is left alone.")
        else:
            what, call = f"delete the CI/CD variable {key}", f"DELETE {api}/{key}"
            now = "a token" if key == TOKEN_VARIABLE else str(value)
            plan.steps.append(Step("variable", what, "pipelines read it", now, "gone", call, about=key))


def _env(plan: Plan, state: State, env: DotenvFile) -> None:
    if TOKEN_VARIABLE not in env.values:
        return
    old = state.stored.get("env")
    if old and old.is_foreign:
        told = old.name or "of an unknown kind"
        plan.findings.append(f"{env.path.name} has another good token, {told}; it is left alone.")
        return
    what, why = f"take {TOKEN_VARIABLE} out of {env.path.name}", "it is worth nothing any more"
    now, then = f"{TOKEN_VARIABLE}=…", f"no such line; {env.backup.name} has it"
    plan.steps.append(Step("env", what, why, now, then, f"file {env.path}"))


def _members(plan: Plan, state: State) -> None:
    for person in state.people:
        name, role = person.wanted.username, person.wanted.role
        if person.user_id is None or person.level is None:
            continue
        if person.level != LEVELS[role] or person.user_id == state.me:
            plan.notes.append(f"{name} is {role_of(person.level)}, not the {role} of the team's file, and stays."
                              if person.user_id != state.me else f"{name} is you, and stays.")  # fmt: skip
            continue
        call, args = f"DELETE /projects/{state.project_id}/members/{person.user_id}", {"id": person.user_id}
        now, then = role_of(person.level), role_of(person.inherited) if person.inherited else "no member"
        why = "the team's file names them"
        plan.steps.append(Step("member", f"remove {name}", why, now, then, call, about=name, args=args))


class Removals:
    """Knows how each change of a teardown is made.

    Args:
        server: The GitLab.
        state: What was there.
        env: The .env file.
    """

    def __init__(self, server: Server, state: State, env: DotenvFile) -> None:
        self.server = server
        self.state = state
        self.env = env
        self._kinds: dict[str, Do] = {
            "leftover": self.leftover,
            "revoke": lambda step: _gone(lambda: self.project.access_tokens.delete(step.args["id"])),
            "variable": lambda step: _gone(lambda: self.project.variables.delete(step.about)),
            "member": lambda step: _gone(lambda: self.project.members.delete(step.args["id"])),
            "env": self.forget,
            "experiment": self.experiment,
            "features": self.features,
        }

    def __call__(self, step: Step) -> str:
        """Makes one change, and says what came of it."""
        return self._kinds[step.kind](step)

    @property
    def project(self) -> Project:
        """The project in python-gitlab, without asking for it."""
        return self.server.admin.projects.get(self.state.project_id, lazy=True)

    def leftover(self, step: Step) -> str:
        """Deletes what an interrupted scratch run has left."""
        ask, clean = self.server.ask_admin(), self.server.ask_rest()
        all_good(delete_left(ask, self.state.project_id, step.args["id"], step.args["name"], clean))
        return "gone"

    def forget(self, step: Step) -> str:
        """Takes the token out of the file."""
        self.env.write({TOKEN_VARIABLE: None})
        return "gone"

    def experiment(self, step: Step) -> str:
        """Deletes the experiment and its runs (tracking/delete_runs)."""
        path = f"/projects/{self.state.project_id}/ml/mlflow/api/2.0/mlflow/experiments/delete"
        status, body = self.server.ask_admin()("POST", path, {"experiment_id": step.args["id"]})
        if status not in (200, 404):
            raise GitlabHttpError(str(body), response_code=status)
        return "gone"

    def features(self, step: Step) -> str:
        """Switches experiments and registry off."""
        self.server.admin.projects.update(self.state.project_id, step.args["change"])
        return "off"


def _gone(delete: Callable[[], None]) -> str:
    try:
        delete()
    except GitlabError as error:
        if error.response_code != 404:
            raise
        return "was gone already"
    return "gone"
