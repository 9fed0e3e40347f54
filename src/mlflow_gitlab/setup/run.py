"""Runs a set-up or a teardown: reads, plans, shows, makes the changes, and tells what came of it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

from mlflow_gitlab.settings import ENV_FILE, Settings, load_settings
from mlflow_gitlab.setup.apply import Changes, perform
from mlflow_gitlab.setup.dotenv_file import DotenvFile, read_dotenv, refuse_if_tracked
from mlflow_gitlab.setup.look import look
from mlflow_gitlab.setup.plan import links, plan_setup
from mlflow_gitlab.setup.report import Report
from mlflow_gitlab.setup.server import Server
from mlflow_gitlab.setup.teardown import Removals, plan_teardown
from mlflow_gitlab.terminal import Exit, Refused, Terminal
from verified_docs.problem import Problem, Problems


def run_setup(
    terminal: Terminal,
    *,
    config: Path | None = None,
    env_file: Path | None = None,
    dry_run: bool = False,
    as_json: bool = False,
    verify: bool | None = None,
    replace: bool = False,
    plain_http: bool = False,
    today: date | None = None,
    sleep: Callable[[float], None] = time.sleep,
) -> Exit:
    """Makes a project ready for MLflow.

    Args:
        terminal: Where to tell it.
        config: The team's file, if it has another name.
        env_file: The .env file, if it has another name.
        dry_run: Whether to show the plan only.
        as_json: Whether to tell it to a program.
        verify: Whether to try a scratch run; None to do it when something changes that it depends on.
        replace: Whether a CI/CD variable with another good token is overwritten.
        plain_http: Whether an address without TLS is fine.
        today: The day from which days are counted.
        sleep: Waits some seconds.

    Returns:
        The exit code.

    Raises:
        Refused: GitLab refused something, or no answer came.
        Problem: Settings or files are wrong.
        Problems: Several are.
    """
    settings, env = _begin(terminal, config, env_file)
    report = Report(terminal, "setup", str(settings.url), as_json, dry_run, next="mlflow-gitlab doctor")
    with _told(report):
        exposed = refuse_if_tracked(env) if "env" in settings.team.token.store else []
        server = Server(settings, terminal.redactor, plain_http=plain_http)
        state = look(server, settings, env)
        plan = plan_setup(state, settings, env, today or date.today(), verify=verify, replace=replace)
        if exposed:
            plan.notes.append(f"Git would take {' and '.join(exposed)} along: add {env.path.name}* to .gitignore.")
        report.links = links(state)
        report.show(state, plan)
        if plan.steps and not dry_run:
            with report.progress() as told:
                perform(plan, Changes(server, settings, state, plan, env, sleep), server, told)
    return report.finish()


def run_teardown(
    terminal: Terminal,
    *,
    config: Path | None = None,
    env_file: Path | None = None,
    experiment: bool = False,
    features_off: bool = False,
    yes: bool = False,
    dry_run: bool = False,
    as_json: bool = False,
    plain_http: bool = False,
    today: date | None = None,
    ask: Callable[[str], str] = input,
) -> Exit:
    """Takes back what a set-up made, after a confirmation.

    Args:
        terminal: Where to tell it.
        config: The team's file, if it has another name.
        env_file: The .env file, if it has another name.
        experiment: Whether the experiment goes too, with all its runs.
        features_off: Whether experiments and registry are switched off.
        yes: Whether nobody is asked.
        dry_run: Whether to show the plan only.
        as_json: Whether to tell it to a program.
        plain_http: Whether an address without TLS is fine.
        today: The day from which days are counted.
        ask: Asks a person.

    Returns:
        The exit code.

    Raises:
        Refused: GitLab refused something, or no answer came.
        Problem: Settings or files are wrong, or nobody said yes.
        Problems: Several are.
    """
    if as_json and not (yes or dry_run):
        what = "a program cannot be asked whether it is sure"
        raise Problem(Path("mlflow-gitlab"), None, what, "add --yes, or --dry-run", kind="confirm")
    settings, env = _begin(terminal, config, env_file)
    report = Report(terminal, "teardown", str(settings.url), as_json, dry_run)
    with _told(report):
        server = Server(settings, terminal.redactor, plain_http=plain_http)
        state = look(server, settings, env)
        plan = plan_teardown(
            state, settings, env, today or date.today(), experiment=experiment, features=features_off
        )  # fmt: skip
        report.show(state, plan)
        if plan.steps and not dry_run:
            if not yes:
                _confirm(state.path, ask)
            with report.progress() as told:
                perform(plan, Removals(server, state, env), server, told)
    return report.finish()


def _begin(terminal: Terminal, config: Path | None, env_file: Path | None) -> tuple[Settings, DotenvFile]:
    settings = load_settings(config=config, env_file=env_file)
    terminal.redactor = settings.redactor
    settings.need("url", "project", "admin_token")
    return settings, read_dotenv(env_file or ENV_FILE)


@contextmanager
def _told(report: Report) -> Iterator[None]:
    """Tells a program, too, what it stopped at; no token leaves in an exception."""
    redactor = report.terminal.redactor
    try:
        yield
    except Refused as refused:
        report.error = redactor.text(str(refused))
        report.finish()
        raise Refused(report.error) from None
    except (Problem, Problems):
        raise
    except Exception as error:
        raise RuntimeError(redactor.text(f"{type(error).__name__}: {error}")) from None


def _confirm(path: str, ask: Callable[[str], str]) -> None:
    try:
        said = ask(f"\nType {path} to go on: ")
    except EOFError:
        said = ""
    if said.strip() != path:
        raise Problem(
            Path("mlflow-gitlab"), None, f"that was not {path}; nothing was changed",
            "run it again, or say --yes in a script", kind="confirm",
        )  # fmt: skip
