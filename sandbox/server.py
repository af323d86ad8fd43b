"""The child process: MiniStack, served on a socket that the parent has already opened.

Run by path, `python -I server.py <file descriptor> <directory>`, with nothing of the user's environment (emulator.py).

Three things differ from `python -m ministack`:

* the listening socket is inherited, so no port can be lost between choosing and opening it;
* every request counts as arrived by TLS. Policies of the program deny everything else (`aws:SecureTransport`), and
  MiniStack knows TLS only from the header that a terminating proxy sets. Loopback stands for TLS here, also for the AWS
  CLI and for Pulumi;
* when the parent disappears, however it ended, so do this process, its Lambda workers and the directory.
"""

import asyncio
import os
import subprocess
import sys
import threading
from collections.abc import Awaitable, Callable
from typing import Any

Scope = dict[str, Any]
Application = Callable[..., Awaitable[None]]


def end_with_parent(directory: str) -> None:
    """Wait until the parent closes our standard input, then end the whole process group and remove the directory."""
    sys.stdin.buffer.read()
    script = "import os, shutil, sys; os.killpg(int(sys.argv[1]), 9); shutil.rmtree(sys.argv[2], ignore_errors=True)"
    command = [sys.executable, "-I", "-S", "-c", script, str(os.getpgid(0)), directory]
    subprocess.Popen(command, start_new_session=True)  # noqa: S603 - our own interpreter and script


def as_over_tls(app: Application) -> Application:
    """Wrap an ASGI application so that it sees each request as one that came through TLS."""

    async def wrapped(scope: Scope, *channels: Any) -> None:  # noqa: ANN401 - receive and send, passed on untouched
        if scope["type"] == "http":
            scope = {**scope, "headers": [*scope["headers"], (b"x-forwarded-proto", b"https")]}
        await app(scope, *channels)

    return wrapped


def main() -> None:
    """Serve MiniStack on the given socket until killed."""
    descriptor, directory = sys.argv[1:]
    threading.Thread(target=end_with_parent, args=(directory,), daemon=True).start()

    # Half a second of imports, during which the parent may already end.
    from hypercorn.asyncio import serve  # noqa: PLC0415
    from hypercorn.config import Config  # noqa: PLC0415
    from ministack.app import LOG_LEVEL, app  # type: ignore[import-untyped] # noqa: PLC0415

    config = Config()
    config.bind = [f"fd://{descriptor}"]
    config.loglevel = LOG_LEVEL
    config.keep_alive_timeout = 75
    asyncio.run(serve(as_over_tls(app), config))


if __name__ == "__main__":
    main()
