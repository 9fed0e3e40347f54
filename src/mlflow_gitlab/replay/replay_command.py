"""The command `mlflow-gitlab replay`: its options, and what it tells."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperCommand

from mlflow_gitlab.terminal import Terminal

if TYPE_CHECKING:
    from mlflow_gitlab.replay.library import Library
    from mlflow_gitlab.replay.server import ReplayServer

PORT = 8042
SESSION = "me"
_PROGRAM = "mlflow_gitlab.replay.program"
# Real credentials have no business with a replay; user and password would also make MLflow send Basic.
_LEFT_OUT = (
    "MLFLOW_TRACKING_TOKEN",
    "MLFLOW_TRACKING_USERNAME",
    "MLFLOW_TRACKING_PASSWORD",
    "GITLAB_TOKEN",
    "CI_JOB_TOKEN",
)


class WithProgram(TyperCommand):
    """A command that hands on what stands behind `--` as a program of its own."""

    def parse_args(self, ctx: typer.Context, args: list[str]) -> list[str]:  # type: ignore[override]
        """Keeps the program out of the command's own arguments."""
        if "--" in args:
            at = args.index("--")
            ctx.meta[_PROGRAM] = args[at + 1 :]
            args = args[:at]
        return super().parse_args(ctx, args)

    def collect_usage_pieces(self, ctx: typer.Context) -> list[str]:  # type: ignore[override]
        """Shows the program in the usage line."""
        return [*super().collect_usage_pieces(ctx), "[-- PROGRAM [ARGS]...]"]


def replay(
    context: typer.Context,
    examples: Annotated[
        list[str] | None,
        typer.Argument(help="What to offer: `tracking/log_first_run`, an area, a pattern. Everything if left out."),
    ] = None,
    lane: Annotated[
        str | None,
        typer.Option(
            "--lane",
            help="Which recording, such as `gitlab-19.3/mlflow-3`. Otherwise the newest GitLab "
            "with the MLflow that is installed.",
        ),
    ] = None,
    port: Annotated[
        int | None,
        typer.Option("--port", min=0, max=65535, help=f"Port on this machine, otherwise {PORT}; 0 takes a free one."),
    ] = None,
    session: Annotated[
        str, typer.Option("--session", help="Session in the printed address: clients with different ones stay apart.")
    ] = SESSION,
    cassettes: Annotated[
        Path | None, typer.Option("--cassettes", help="Folder with recordings, if not those of this program.")
    ] = None,
    env: Annotated[
        bool, typer.Option("--env", help="Only print the lines that point a shell to a replay, and end.")
    ] = False,
    env_file: Annotated[
        Path | None, typer.Option("--env-file", help="Write these lines to a file as soon as the replay answers.")
    ] = None,
) -> None:
    """Answer as a recorded GitLab did, on this machine only: no GitLab, no network, no token.

    With a program behind `--`, it starts on a free port, runs the program with the right variables, and ends with its
    exit code: `mlflow-gitlab replay tracking/log_first_run -- python train.py`.

    Without one it stays in the foreground. Point a second terminal to it with `eval "$(mlflow-gitlab replay --env)"`,
    look at its page in a browser, end it with Ctrl-C. A request that is not recorded gets a 404 that names the closest
    one that is.
    """
    terminal = Terminal()
    program: list[str] | None = context.meta.get(_PROGRAM)
    with terminal.told():
        _check(session, program, env, env_file, port)
        from mlflow_gitlab.replay.library import choose_lane, find_folder, load_library

        folder = find_folder(cassettes)
        library = load_library(folder, choose_lane(folder, lane), examples or ())
        if env:
            from mlflow_gitlab.replay.screen import exports

            base = f"http://127.0.0.1:{PORT if port is None else port}/{session}"
            print("\n".join(exports(library.variables(base))))
            return
        if program is not None:
            raise SystemExit(_run(library, program, port or 0, session, env_file))
        words = [*(examples or ()), "--lane", library.lane, *(["--cassettes", str(cassettes)] if cassettes else ())]
        words += ["--session", session] if session != SESSION else []
        _serve(library, PORT if port is None else port, session, env_file, words)


def _check(session: str, program: list[str] | None, env: bool, env_file: Path | None, port: int | None) -> None:
    """Refuses what cannot be meant.

    Raises:
        Problem: Arguments that contradict each other.
    """
    from mlflow_gitlab.replay.server import is_session
    from verified_docs.problem import Problem

    command = Path("mlflow-gitlab")
    if not is_session(session):
        raise Problem(command, None, f"{session!r} is no name of a session", "take letters and digits: --session me")
    if program == []:
        raise Problem(command, None, "there is no program behind --", "mlflow-gitlab replay -- python train.py")
    if env and (program is not None or env_file is not None):
        raise Problem(command, None, "--env prints lines and ends", "leave out --env, or the program and --env-file")
    if env and port == 0:
        raise Problem(command, None, "nobody knows yet which port is free", "say --port, or use --env-file")


def _started(library: Library, port: int, session: str, env_file: Path | None, tell: Any) -> ReplayServer:
    from mlflow_gitlab.replay.screen import exports
    from mlflow_gitlab.replay.server import ReplayServer
    from verified_docs.problem import Problem
    from verified_docs.whole import write_whole

    command = Path("mlflow-gitlab")
    try:
        server = ReplayServer(library, port, tell)
    except OSError as error:
        what = f"port {port} cannot be used: {error.strerror}"
        raise Problem(command, None, what, "mlflow-gitlab replay --port 0 takes a free one") from None
    if env_file is not None:
        try:
            write_whole(env_file, "\n".join(exports(library.variables(server.base(session)))) + "\n")
        except OSError as error:
            server.server_close()
            raise Problem(env_file, None, f"this cannot be written: {error.strerror}", "name another file") from None
    return server


def _serve(library: Library, port: int, session: str, env_file: Path | None, words: list[str]) -> None:
    """Answers in the foreground until Ctrl-C; the words are those that a second terminal needs as well."""
    import shlex
    import signal
    import sys
    import threading

    from mlflow_gitlab.replay.screen import about, summary

    told = threading.Lock()

    def tell(line: str) -> None:
        with told:
            print(line, flush=True)

    server = _started(library, port, session, env_file, tell)
    print("\n".join(about(library)))
    if len(library.recorded) <= 12:
        print("\n".join(f"  {summary(one)}" for one in library.recorded))
    print(f"Open http://127.0.0.1:{server.port}/ to see what is recorded. Address for clients: {server.base(session)}")
    print(f'In another terminal: eval "$(mlflow-gitlab replay {shlex.join(words)} --port {server.port} --env)"')
    print("Ctrl-C ends it.", flush=True)

    def stop(*_: Any) -> None:
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, stop)
    try:
        server.serve_forever(poll_interval=0.2)
    except KeyboardInterrupt:
        print("ended", file=sys.stderr)
    finally:
        server.server_close()


def _run(library: Library, program: list[str], port: int, session: str, env_file: Path | None) -> int:
    """Runs a program against a replay of its own, and gives its exit code."""
    import os
    import signal
    import subprocess
    import sys
    import threading

    from verified_docs.problem import Problem

    def tell(line: str) -> None:
        if "not recorded" in line:
            print(f"replay: {line}", file=sys.stderr, flush=True)

    server = _started(library, port, session, env_file, tell)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    environment = dict(os.environ)
    for name in _LEFT_OUT:
        environment.pop(name, None)
    try:
        process = subprocess.Popen(program, env=environment | library.variables(server.base(session)))
    except OSError as error:
        server.server_close()
        raise Problem(Path(program[0]), None, f"this does not run: {error.strerror}", "check its name") from None
    # Ctrl-C reaches the program as well: it says when to end.
    before = signal.signal(signal.SIGINT, signal.SIG_IGN), signal.signal(signal.SIGTERM, lambda *_: process.terminate())
    try:
        code = process.wait()
    finally:
        signal.signal(signal.SIGINT, before[0])
        signal.signal(signal.SIGTERM, before[1])
        server.shutdown()
        server.server_close()
    return code if code >= 0 else 128 - code
