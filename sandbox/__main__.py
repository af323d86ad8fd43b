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

from .chain import Result, exercise
from .deployment import STACK, Stack, deploy, prepare
from .emulator import Emulator, start_emulator
from .errors import SandboxError
from .screen import Screen

INTERRUPTED = 130  # as a shell counts Ctrl-C


def main(arguments: list[str] | None = None, screen: Screen | None = None) -> int:
    """Run the sandbox; the exit code is 0 only if every mail did what it must. `screen`: instead of the terminal."""
    options = _options(arguments)
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is not signal.SIG_IGN:  # under nohup it goes on
            signal.signal(number, _end)
    try:
        return _run(options, screen or Screen())
    except SandboxError as error:
        if options.debug:
            raise
        Console(stderr=True, highlight=False).print(f"[bold red]Error:[/] {escape(str(error))}", soft_wrap=True)
        return 1
    except KeyboardInterrupt:
        return INTERRUPTED


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m sandbox",
        description="Runs the whole chain on this machine: SES, SNS, SQS, Lambda and DynamoDB in an emulator on "
        "loopback. It needs no AWS account, no Docker and no Pulumi CLI, and leaves nothing behind.",
    )
    parser.add_argument("--keep", action="store_true", help="leave it running until Ctrl-C, to play with it by hand")
    parser.add_argument("--no-deploy", action="store_true", help="with --keep: only the emulator, for the Pulumi CLI")
    parser.add_argument("--port", type=int, default=0, help="port on loopback (default: a free one)")
    parser.add_argument("--debug", action="store_true", help="show tracebacks, and let the emulator log everything")
    options = parser.parse_args(arguments)
    if options.no_deploy and not options.keep:
        parser.error("--no-deploy without --keep would start the emulator and stop it again; add --keep")
    return options


def _run(options: argparse.Namespace, screen: Screen) -> int:
    begun = time.monotonic()
    screen.title("Feedback from Amazon SES, the whole chain on this machine")
    with start_emulator(options.port, verbose=options.debug) as running:
        version = importlib.metadata.version("ministack")
        text = f"MiniStack {version}, {running.endpoint}, policies enforced"
        screen.step("emulator", text, time.monotonic() - begun)
        if options.no_deploy:
            screen.step("beforehand", f"made what an account already has: {', '.join(prepare(running.account()))}")
            _keep(screen, running, None)
            return 0
        stack = _deploy(running, screen)
        result = exercise(stack, screen)
        screen.blocked(result.blocked)
        screen.answers(result.answers)
        if result.failed:
            screen.failures(result.journeys, running)
        if options.debug:
            screen.console.print(escape(running.log_tail(1000)), soft_wrap=True)
        screen.console.print()
        screen.step("failed" if result.failed else "done", _summary(result), time.monotonic() - begun)
        if options.keep:
            with TemporaryDirectory(prefix="ses-feedback-") as folder:
                outputs = Path(folder) / "outputs.json"
                outputs.write_text(json.dumps(stack.outputs), encoding="utf-8")
                _keep(screen, running, stack, outputs)
        return 1 if result.failed else 0


def _deploy(running: Emulator, screen: Screen) -> Stack:
    started = time.monotonic()
    with screen.working("running the program"):
        stack = deploy(running.account())
    screen.step("beforehand", f"made what an account already has: {', '.join(stack.prepared)}")
    screen.step("deployed", f"{len(stack.created)} resources of __main__.py", time.monotonic() - started)
    return stack


def _summary(result: Result) -> str:
    sent = sum(1 for journey in result.journeys if not journey.skipped)
    unsent = f", {len(result.journeys) - sent} not sent" if sent < len(result.journeys) else ""
    if result.failed:
        return f"{len(result.failed)} of {sent} mails went wrong{unsent}"
    return f"{sent} mails as expected{unsent}, sent to blocked within {result.slowest * 1000:.0f} ms"


def _keep(screen: Screen, running: Emulator, stack: Stack | None, outputs: Path | None = None) -> None:
    """Tell how to play with what runs, and wait for Ctrl-C."""
    lines = [
        "unset AWS_PROFILE AWS_SESSION_TOKEN",
        f"export AWS_ENDPOINT_URL={running.endpoint} AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test",
    ]
    if stack is None:
        lines += [f"pulumi up --stack {STACK}    # Pulumi.{STACK}.yaml expects the port 4566"]
    else:
        source, table = stack.sources[0], stack.outputs["blockedTableArn"]
        address = "bounce+you@simulator.amazonses.com"
        command = Path(sys.executable).with_name("ses-feedback")
        lines += [
            f"export AWS_REGION={source['region']} AWS_DEFAULT_REGION={source['region']}",
            f"export SES_FEEDBACK_OUTPUTS={outputs}",
            "# send a mail, ask about its address, list the blocked table:",
            f"aws ses send-email --from you@{source['identities'][0]} --to {address} --subject Hi --text Hi",
            f"{command} check {address}",
            f"aws dynamodb scan --region {table.split(':')[3]} --table-name {table}",
        ]
    screen.console.print("\n[bold]It runs until Ctrl-C.[/] In another terminal:\n")
    for line in lines:
        screen.console.print(f"  {escape(line)}", soft_wrap=True)
    signal.pause()


def _end(number: int, _frame: FrameType | None) -> None:
    raise SystemExit(128 + number)


if __name__ == "__main__":
    sys.exit(main())
