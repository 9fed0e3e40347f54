"""Shows a plan, its progress and what came of it: to a person as text, to a program as JSON."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from mlflow_gitlab.setup.look import State, role_of
from mlflow_gitlab.setup.steps import Plan, Step
from mlflow_gitlab.terminal import Exit, Terminal


@dataclass
class Report:
    """What is told about one run of a command.

    Attributes:
        terminal: Where it goes; it takes tokens out.
        command: `setup` or `teardown`.
        url: Address of the GitLab.
        as_json: Whether a program reads it.
        dry_run: Whether nothing is to be changed.
        state: What was there, once it was read.
        plan: What is to be done, once it is known.
        done: What came of each step so far, by its id.
        links: Where to look in a browser.
        next: The command to run after this one.
        error: The message with which it stopped.
    """

    terminal: Terminal
    command: str
    url: str
    as_json: bool
    dry_run: bool
    state: State | None = None
    plan: Plan | None = None
    done: dict[str, str] = field(default_factory=dict)
    links: dict[str, str] = field(default_factory=dict)
    next: str | None = None
    error: str | None = None

    def say(self, text: str = "") -> None:
        """A line for a person."""
        if not self.as_json:
            self.terminal.console().print(text, markup=False)

    def show(self, state: State, plan: Plan) -> None:
        """Tells what was found and what is to be done."""
        self.state, self.plan = state, plan
        self.say(f"GitLab {state.version} at {self.url}")
        self.say(f"Project {state.path}, id {state.project_id}; your role: {role_of(state.level)}")
        for note in plan.notes:
            self.say(f"Note: {note}")
        if plan.steps:
            self.say(f"\nPlan: {len(plan.steps)} step{'' if len(plan.steps) == 1 else 's'}")
        for number, step in enumerate(plan.steps, start=1):
            self.say(f"{number:3} {step.what}: {step.why}")
            self.say(f"      {step.now or 'nothing'} -> {step.wanted}")
            self.say(f"      {step.call}")

    @contextmanager
    def progress(self) -> Iterator[Callable[[Step, str], None]]:
        """Shows how far the steps are.

        Yields:
            What to call after each step.
        """
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn

        assert self.plan is not None, "a plan is shown before it is carried out"
        console = self.terminal.console()
        columns = (SpinnerColumn(), TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn())
        hidden = self.as_json or not console.is_terminal
        steps = self.plan.steps
        self.say("")
        with Progress(*columns, console=console, transient=True, disable=hidden) as bar:
            task = bar.add_task(steps[0].what if steps else "", total=len(steps))

            def told(step: Step, detail: str) -> None:
                self.done[step.id] = detail
                if not self.as_json:
                    console.print(f"done: {step.what}: {detail}", markup=False)
                coming = steps[len(self.done)].what if len(self.done) < len(steps) else ""
                bar.update(task, advance=1, description=coming)

            yield told

    def finish(self) -> Exit:
        """Tells the end, and gives the exit code."""
        findings = self.plan.findings if self.plan else []
        waiting = bool(self.plan and self.plan.steps and self.dry_run)
        for finding in findings:
            self.say(f"Look at this: {finding}")
        if not self.error:
            if waiting:
                self.say("\nNothing was changed: this was --dry-run.")
            elif self.plan and not self.plan.steps:
                self.say("\nNothing to do." if findings else "\nNothing to do: all of it is as it should be.")
            else:
                self.say(f"\n{len(self.done)} of {len(self.done)} steps done.")
            if self.links:
                self.say("In a browser:")
            for name, address in self.links.items():
                self.say(f"  {name}: {address}")
            if self.next and not waiting:
                self.say(f"Next: {self.next}")
        if self.as_json:
            self.terminal.data(self.data())
        if self.error:
            return Exit.SERVER
        return Exit.FOUND if findings or waiting else Exit.OK

    def data(self) -> dict[str, object]:
        """All of it for a program."""
        state, plan = self.state, self.plan or Plan()
        stopped = next((step.id for step in plan.steps if step.id not in self.done), None) if self.error else None

        def status(step: Step) -> str:
            if step.id in self.done:
                return "done"
            return "failed" if step.id == stopped else "planned"

        return {
            "command": self.command,
            "dry_run": self.dry_run,
            "gitlab": {"url": self.url, "version": state.version if state else None},
            "project": {
                "id": state.project_id,
                "path": state.path,
                "role": role_of(state.level),
                "web_url": state.web_url,
            }
            if state
            else None,
            "steps": [step.data() | {"status": status(step), "detail": self.done.get(step.id)} for step in plan.steps],
            "notes": plan.notes,
            "findings": plan.findings,
            "links": self.links,
            "next": self.next,
            "error": self.error,
        }
