"""`python -m sandbox`: the command line."""

import argparse
import importlib.metadata
import json
import signal
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from types import FrameType

from rich.console import Console
from rich.markup import escape

from .chain import FOLLOW_SECONDS, Result, exercise
from .deployment import STACK, DeployedStack, create_prerequisites, deploy
from .emulator import Emulator, start_emulator
from .errors import SandboxError
from .screen import Screen
from .stack_context import parse_arn
from .surge import exercise_surge

INTERRUPTED = 130  # the exit code of a shell after Ctrl-C


def main(arguments: list[str] | None = None, screen: Screen | None = None) -> int:
    """Run the sandbox; return 0 only if every mail has the right result. `screen` takes the place of the terminal."""
    options = _parse(arguments)
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is not signal.SIG_IGN:  # nohup ignores SIGHUP
            signal.signal(number, _exit)
    try:
        return _run(options, screen or Screen())
    except SandboxError as error:
        if options.debug:
            raise
        Console(stderr=True, highlight=False).print(f"[bold red]Error:[/] {escape(str(error))}", soft_wrap=True)
        return 1
    except KeyboardInterrupt:
        return INTERRUPTED


def _parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m sandbox",
        description="Runs the whole chain on this machine: SES, SNS, SQS, Lambda and DynamoDB in an emulator on "
        "loopback. It needs no AWS account, no Docker and no Pulumi CLI, and leaves nothing behind.",
    )
    parser.add_argument("--keep", action="store_true", help="leave it running until Ctrl-C, to try things by hand")
    parser.add_argument("--no-deploy", action="store_true", help="with --keep: only the emulator, for the Pulumi CLI")
    parser.add_argument("--port", type=int, default=0, help="port on loopback (default: a free one)")
    parser.add_argument("--debug", action="store_true", help="show tracebacks, and let the emulator log everything")
    options = parser.parse_args(arguments)
    if options.no_deploy and not options.keep:
        parser.error("--no-deploy without --keep would start the emulator and stop it again; add --keep")
    return options


def _run(options: argparse.Namespace, screen: Screen) -> int:
    started_at = time.monotonic()
    screen.write_title("Feedback from Amazon SES, the whole chain on this machine")
    with start_emulator(options.port, verbose=options.debug) as emulator:
        version = importlib.metadata.version("ministack")
        about = f"MiniStack {version}, {emulator.endpoint}, policies enforced"
        screen.write_step("emulator", about, time.monotonic() - started_at)
        if options.no_deploy:
            _write_prerequisites(screen, create_prerequisites(emulator.account()))
            _write_commands(screen, _pulumi_commands(emulator))
            signal.pause()
            return 0
        stack = _deploy(emulator, screen)
        try:
            result = exercise(stack, screen)
            screen.write_blocked(result.blocked)
            screen.write_answers(result.answers)
            if not result.failed:
                screen.console.print()
                exercise_surge(stack, screen, FOLLOW_SECONDS)
        except SandboxError:
            screen.write_log(emulator)  # a function that cannot start says why only there
            raise
        if result.failed:
            screen.write_failures(result.journeys, emulator)
        if options.debug:
            screen.console.print(escape(emulator.log_tail(1000)), soft_wrap=True)
        screen.write_step("failed" if result.failed else "done", _summary(result), time.monotonic() - started_at)
        if options.keep:
            with TemporaryDirectory(prefix="ses-feedback-") as folder:
                outputs_file = Path(folder) / "outputs.json"
                outputs_file.write_text(json.dumps(stack.outputs), encoding="utf-8")
                _write_commands(screen, _try_commands(emulator, stack, outputs_file))
                signal.pause()
        return 1 if result.failed else 0


def _deploy(emulator: Emulator, screen: Screen) -> DeployedStack:
    started_at = time.monotonic()
    with screen.spinner("running the program"):
        stack = deploy(emulator.account())
    _write_prerequisites(screen, stack.prerequisites)
    screen.write_step("deployed", f"{len(stack.resources)} resources of __main__.py", time.monotonic() - started_at)
    return stack


def _write_prerequisites(screen: Screen, prerequisites: list[str]) -> None:
    screen.write_step("account", f"created what the program expects to exist: {', '.join(prerequisites)}")


def _summary(result: Result) -> str:
    sent = sum(1 for journey in result.journeys if not journey.skipped)
    not_sent = f", {len(result.journeys) - sent} not sent" if sent < len(result.journeys) else ""
    if result.failed:
        return f"{len(result.failed)} of {sent} mails failed{not_sent}"
    return f"{sent} mails as expected{not_sent}, sent to blocked within {result.slowest * 1000:.0f} ms"


def _pulumi_commands(emulator: Emulator) -> list[str]:
    return [*_export_commands(emulator), f"pulumi up --stack {STACK}    # Pulumi.{STACK}.yaml expects the port 4566"]


def _try_commands(emulator: Emulator, stack: DeployedStack, outputs_file: Path) -> list[str]:
    pipeline = next(iter(stack.outputs["pipelines"].values()))
    region, table_arn = pipeline["region"], stack.outputs["blockedTableArn"]
    address = "bounce+you@simulator.amazonses.com"
    command = Path(sys.executable).with_name("ses-feedback")
    return [
        *_export_commands(emulator),
        f"export AWS_REGION={region} AWS_DEFAULT_REGION={region}",
        f"export SES_FEEDBACK_OUTPUTS={outputs_file}",
        "# send a mail, ask about its address, list the blocked table:",
        f"aws ses send-email --from you@{pipeline['identities'][0]} --to {address} --subject Hi --text Hi",
        f"{command} check {address}",
        f"aws dynamodb scan --region {parse_arn(table_arn).region} --table-name {table_arn}",
    ]


def _export_commands(emulator: Emulator) -> list[str]:
    return [
        "unset AWS_PROFILE AWS_SESSION_TOKEN",
        f"export AWS_ENDPOINT_URL={emulator.endpoint} AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test",
    ]


def _write_commands(screen: Screen, commands: list[str]) -> None:
    screen.console.print("\n[bold]It runs until Ctrl-C.[/] In another terminal:\n")
    for command in commands:
        screen.console.print(f"  {escape(command)}", soft_wrap=True)


def _exit(number: int, _frame: FrameType | None) -> None:
    raise SystemExit(128 + number)


if __name__ == "__main__":
    sys.exit(main())
