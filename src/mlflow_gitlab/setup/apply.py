"""Makes the changes of a plan, one after the other, and says after each that it is done."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from gitlab.exceptions import GitlabHttpError
from gitlab.v4.objects import Project
from pydantic import SecretStr

from mlflow_gitlab.scratch import PREFIX, Ask, Scratch, delete_left, scratch_run
from mlflow_gitlab.settings import Settings
from mlflow_gitlab.setup.dotenv_file import DotenvFile
from mlflow_gitlab.setup.look import FEATURES, TOKEN_VARIABLE, State, find_experiment
from mlflow_gitlab.setup.server import Server
from mlflow_gitlab.setup.steps import Plan, Step
from mlflow_gitlab.team import LEVELS
from mlflow_gitlab.terminal import Refused

Do = Callable[[Step], str]
_OWNER = "This was recorded with an Owner of the project and scope api; a Developer is refused."
HINTS = {
    "features": "A Maintainer may do this, with scope api; a Developer is refused.",
    "leftover": "Deleting a package was recorded with a Maintainer.",
    "experiment": "A Developer may do this; it takes scope api, and experiments switched on.",
    "token": _OWNER,
    "variable": _OWNER,
    "member": _OWNER,
    "verify": "mlflow-gitlab doctor looks for the cause; with --verify the next run tries it again in any case.",
}
# A token that was made a moment ago can answer 404 Project Not Found.
_TRIES, _PAUSE = 10, 2.0


def perform(plan: Plan, do: Do, server: Server, told: Callable[[Step, str], None]) -> None:
    """Makes the changes in their order.

    Args:
        plan: What to do.
        do: Makes one change, and says in words what came of it.
        server: Says what it refused.
        told: Is called after each change.

    Raises:
        Refused: A change was refused, or no answer came. Those before it are made, those after it are not.
        Problem: A file cannot be written.
    """
    for number, step in enumerate(plan.steps, start=1):
        doing = f"step {number} of {len(plan.steps)}, {step.what}"
        with server.refusals(doing, HINTS.get(step.kind, "")):
            detail = do(step)
        told(step, detail)


class Changes:
    """Knows how each change of a set-up is made.

    Attributes:
        token: The token that is used from now on, once there is one.

    Args:
        server: The GitLab.
        settings: What is wanted.
        state: What was there.
        plan: What is to be done.
        env: The .env file.
        sleep: Waits some seconds.
    """

    def __init__(
        self,
        server: Server,
        settings: Settings,
        state: State,
        plan: Plan,
        env: DotenvFile,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.server = server
        self.settings = settings
        self.state = state
        self.env = env
        self.sleep = sleep
        self.token: SecretStr | None = plan.keep.value if plan.keep else None
        self._kinds: dict[str, Do] = {
            "leftover": self.leftover,
            "features": self.features,
            "experiment": self.experiment,
            "token": self.make_token,
            "env": self.write_env,
            "verify": self.verify,
            "variable": self.variable,
            "member": self.member,
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

    def features(self, step: Step) -> str:
        """Sets the levels, and looks whether GitLab took them (setup/create_project)."""
        change = step.args["change"]
        answer = self.server.admin.projects.update(self.state.project_id, change)
        levels = [f"{name}_access_level" for name in FEATURES if f"{name}_access_level" in change]
        ignored = [name for name in levels if answer.get(name, change[name]) != change[name]]
        if ignored:
            told = ", ".join(f"{name} is {answer[name]}" for name in ignored)
            raise Refused(f"{step.what}: GitLab said yes, but {told}")
        return ", ".join(f"{name.removesuffix('_access_level')} {change[name]}" for name in levels)

    def experiment(self, step: Step) -> str:
        """Makes the experiment; whether it is there may have been hidden until now."""
        found = find_experiment(self.server, self.state.project_id, self.settings.experiment)
        if found:
            return f"was there, id {found}"
        path = f"/projects/{self.state.project_id}/ml/mlflow/api/2.0/mlflow/experiments/create"
        status, body = self.server.ask_admin()("POST", path, {"name": self.settings.experiment})
        if status != 200 or not isinstance(body, dict):
            raise GitlabHttpError(str(body), response_code=status)
        return f"id {body['experiment_id']}"

    def make_token(self, step: Step) -> str:
        """Makes or rotates the token (setup/rotate_token). Its value is in this one answer only."""
        bot, expires_at = self.settings.team.token, step.args["expires_at"]
        if step.args["rotate"] is None:
            wanted = {"name": bot.name, "scopes": [bot.scope], "access_level": LEVELS[bot.role]}
            made: dict[str, Any] = self.project.access_tokens.create(wanted | {"expires_at": expires_at}).attributes
        else:
            made = self.project.access_tokens.rotate(step.args["rotate"], expires_at=expires_at)
        self.server.redactor.add(str(made["token"]))
        self.token = SecretStr(made["token"])
        return f"#{made['id']} until {made['expires_at']}"

    def write_env(self, step: Step) -> str:
        """Writes the file."""
        changes = dict(step.args["changes"])
        if step.args["token"]:
            changes[TOKEN_VARIABLE] = self._value()
        self.env.write(changes)
        return f"mode 0600{f', {self.env.backup.name} has what it was' if self.env.exists else ''}"

    def verify(self, step: Step) -> str:
        """Tries the token, once GitLab knows it everywhere."""
        ask = self.server.ask_as(self._value())
        status, body = self._first_answer(ask)
        if status != 200 and "RESOURCE_DOES_NOT_EXIST" not in str(body):
            raise GitlabHttpError(str(body), response_code=status)
        if not step.args["writes"]:
            return "it reads"
        clean = self.server.ask_rest()
        scratch = scratch_run(ask, self.state.project_id, with_file=step.args["files"], clean=clean)
        all_good(scratch, HINTS["verify"])
        return f"{scratch.experiment} was logged, read and deleted in {len(scratch.answers)} requests"

    def _first_answer(self, ask: Ask) -> tuple[int, Any]:
        path = f"/projects/{self.state.project_id}/ml/mlflow/api/2.0/mlflow/experiments/get-by-name"
        for _ in range(_TRIES):
            status, body = ask("GET", f"{path}?experiment_name={PREFIX}")
            if status != 404 or "Project Not Found" not in str(body):
                break
            self.sleep(_PAUSE)
        return status, body

    def variable(self, step: Step) -> str:
        """Makes or changes a CI/CD variable (setup/rest_gallery)."""
        key = step.args["key"]
        wanted: dict[str, Any] = {"value": step.args.get("value")}
        if step.args["token"]:
            wanted = {"value": self._value(), "masked": True, "protected": True}
        if step.args["exists"]:
            self.project.variables.update(key, wanted)
        else:
            self.project.variables.create({"key": key} | wanted)
        return "masked and protected" if step.args["token"] else "set"

    def member(self, step: Step) -> str:
        """Adds a member, or changes their role or last day (setup/add_member)."""
        args = step.args
        wanted = {"access_level": args["level"]}
        if args["expires_at"]:
            wanted["expires_at"] = args["expires_at"]
        if args["exists"]:
            self.project.members.update(args["user_id"], wanted)
        else:
            self.project.members.create({"user_id": args["user_id"]} | wanted)
        return step.wanted

    def _value(self) -> str:
        assert self.token is not None, "a plan makes the token before it uses it"
        return self.token.get_secret_value()


def all_good(scratch: Scratch, hint: str = "") -> None:
    """Raises Refused unless everything worked and nothing is left."""
    if scratch.is_good:
        return
    lines = [str(scratch.failed)] if scratch.failed else []
    lines += [f"left behind: {', '.join(scratch.left)}; the next run deletes it"] if scratch.left else []
    lines += [hint] if hint else []
    lines.append("When that is settled, run the same command again: it goes on from here.")
    raise Refused("the scratch run did not work\n  " + "\n  ".join(lines))
