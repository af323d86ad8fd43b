"""The whole chain on one machine: `python -m sandbox`, or `make sandbox`.

It starts an emulator of AWS on loopback, runs the program of this repository against it without a Pulumi engine, sends
mails and follows each one from SES to the blocked table. It shows that the parts fit: wiring, policies as the emulator
reads them, the archive, the handler. It does not prove that AWS accepts every call: README.md beside this file tells
what differs.

    with start_emulator() as emulator:
        stack = deploy(emulator.account())
"""

from .deployment import Stack, deploy
from .emulator import Account, Emulator, start_emulator
from .errors import SandboxError

__all__ = ["Account", "Emulator", "SandboxError", "Stack", "deploy", "start_emulator"]
