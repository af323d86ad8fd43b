"""The whole chain on one machine: `python -m sandbox`, or `make sandbox`.

It starts an emulator of AWS on loopback, runs the program of this repository against it without a Pulumi engine, sends
mails and follows each one from SES to the blocked table. It shows that the parts fit together: the resources, the
policies as the emulator evaluates them, the archive, the handler. It does not prove that AWS accepts every call:
README.md beside this file lists what differs.

    with start_emulator() as emulator:
        stack = deploy(emulator.account())
"""

from .deployment import DeployedStack, deploy
from .emulator import Account, Emulator, start_emulator
from .errors import SandboxError

__all__ = ["Account", "DeployedStack", "Emulator", "SandboxError", "deploy", "start_emulator"]
