"""Runs a Pulumi program under the SDK's own test monitor, without the Pulumi engine.

The sandbox creates each resource that the program registers, the tests only record it: each has its own `Mocks`.
"""

import asyncio
import contextlib
import contextvars
import logging
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pulumi
from pulumi.runtime import Mocks, set_all_config, set_mocks
from pulumi.runtime.mocks import MockMonitor
from pulumi.runtime.settings import SETTINGS, get_root_resource
from pulumi.runtime.stack import Stack, run_pulumi_func

from .signals import signals_deferred

CANCEL_SECONDS = 2


def run_program(
    program: Callable[[], object],
    mocks: Mocks,
    *,
    project: str,
    stack: str,
    config: Mapping[str, str],
    preview: bool = False,
    monitor: MockMonitor | None = None,
) -> dict[str, Any]:
    """Run a program in an event loop of its own and return its outputs. What it raises is raised here.

    Args:
        program: registers the resources.
        mocks: gets each resource, in one of several threads, after those that it depends on.
        project: the project's name.
        stack: the stack's name.
        config: the configuration, keys with their namespace.
        preview: whether the program runs as in a preview, in which outputs may be unknown.
        monitor: used instead of the SDK's `MockMonitor` of these mocks.

    Raises:
        KeyboardInterrupt: on Ctrl-C, after the threads have finished what they had started.
    """

    async def run() -> dict[str, Any]:
        # Otherwise the SDK waits for the tasks of an earlier program that failed.
        SETTINGS.rpc_manager.clear()
        SETTINGS.outputs = set()
        set_all_config(dict(config))
        logger = logging.getLogger("sandbox.program")
        set_mocks(mocks, project=project, stack=stack, preview=preview, logger=logger, monitor=monitor)
        outputs: dict[str, Any] = {}

        async def run_and_read_outputs() -> None:
            program()
            root = get_root_resource()
            assert isinstance(root, Stack)  # noqa: S101 - set_mocks made it
            outputs.update(await pulumi.Output.all(**root.outputs).future() or {})

        await run_pulumi_func(run_and_read_outputs)
        return outputs

    def run_in_loop() -> dict[str, Any]:
        with _event_loop() as loop, signals_deferred(lambda: loop.call_soon_threadsafe(loop.stop)) as arrived:
            try:
                return loop.run_until_complete(run())
            except RuntimeError:  # the loop was stopped
                if not arrived:
                    raise
        raise KeyboardInterrupt  # if the signal's handler has returned

    return contextvars.copy_context().run(run_in_loop)  # so that Pulumi's settings do not outlive this call


@contextlib.contextmanager
def _event_loop() -> Iterator[asyncio.AbstractEventLoop]:
    """An event loop that can be stopped at once, and one in each of its threads, which Pulumi needs and does not close.

    asyncio.run would wait for every task, and some of Pulumi's tasks go on after they are cancelled.
    """
    loops = [asyncio.new_event_loop()]

    def set_thread_loop() -> None:
        loops.append(asyncio.new_event_loop())
        asyncio.set_event_loop(loops[-1])

    loop, executor = loops[0], ThreadPoolExecutor(thread_name_prefix="deploy", initializer=set_thread_loop)
    loop.set_default_executor(executor)
    loop.set_exception_handler(lambda *_: None)  # of several failures, the first is raised
    asyncio.set_event_loop(loop)
    try:
        yield loop
    finally:
        _cancel_tasks(loop)
        executor.shutdown(cancel_futures=True)
        asyncio.set_event_loop(None)
        for each in loops:
            each.close()


def _cancel_tasks(loop: asyncio.AbstractEventLoop) -> None:
    deadline = time.monotonic() + CANCEL_SECONDS
    while (tasks := asyncio.all_tasks(loop)) and time.monotonic() < deadline:
        for task in tasks:
            task.cancel()
        loop.run_until_complete(asyncio.wait(tasks, timeout=0.1))
