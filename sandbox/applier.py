"""Stands where the Pulumi engine stands: takes each resource the program registers and makes it in the emulator.

One resource becomes one call of one function of `create.CREATE`. What that table does not know stops the run, and so
does an input that its function did not take: a resource made with less than the program asked for would be a lie.
"""

import secrets
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from pulumi.runtime import MockCallArgs, MockResourceArgs, Mocks

from .emulator import Account
from .errors import SandboxError

GLOBAL_REGION = "us-east-1"  # where IAM answers
POLLING = {"Delay": 0.02, "MaxAttempts": 500}  # of boto3's waiters: the emulator is quick, ten seconds are ample
SUFFIX_LENGTH = 7  # as the AWS provider adds to a logical name


class Inputs:
    """The inputs of a resource, or of an object inside one. Each is to be taken once; what is left over is an error."""

    def __init__(self, values: Mapping[str, Any], path: str = "") -> None:
        self._values = dict(values)
        self._path = path
        self._nested: list[Inputs] = []

    def take(self, key: str, default: Any = None) -> Any:
        """Return an input and count it as handled."""
        value = self._values.pop(key, default)
        return default if value is None else value

    def integer(self, key: str) -> int | None:
        """Return an input as a whole number: on the way through Pulumi every number is a float."""
        value = self.take(key)
        return None if value is None else int(value)

    def nested(self, key: str) -> "Inputs":
        """Return the object at a key, empty if there is none, whose own inputs are then to be taken too."""
        return self._enter(key, self.take(key, {}))

    def each(self, key: str) -> "list[Inputs]":
        """Return the objects of the list at a key, as `nested` does for one."""
        return [self._enter(f"{key}[{index}]", values) for index, values in enumerate(self.take(key, []))]

    def _enter(self, key: str, values: Mapping[str, Any]) -> "Inputs":
        inside = Inputs(values, f"{self._path}{key}.")
        self._nested.append(inside)
        return inside

    def left(self) -> list[str]:
        """Name every input, also inside objects, that nobody took."""
        own = [f"{self._path}{key}" for key, value in self._values.items() if value is not None]
        return sorted(own + [name for inside in self._nested for name in inside.left()])


@dataclass
class Request:
    """One resource that the program wants."""

    type: str
    name: str
    inputs: Inputs
    account: Account
    default_region: str | None
    _region: str | None = field(default=None, init=False)

    @property
    def region(self) -> str:
        """The Region of the resource: its own input, else the one of the stack's configuration."""
        self._region = self._region or self.inputs.take("region", self.default_region)
        if not self._region:
            raise SandboxError("no region: neither the resource nor the configuration key aws:region gives one")
        return self._region

    def client(self, service: str, region: str | None = None) -> Any:
        """Return the boto3 client of a service, in the Region of the resource unless another is named."""
        return self.account.client(service, region or self.region)

    def physical_name(self, longest: int) -> str:
        """Return the `name` input, else the logical name and seven random digits, within the length that AWS allows."""
        name: str = self.inputs.take("name") or f"{self.name}-{secrets.token_hex(4)[:SUFFIX_LENGTH]}"
        if len(name) > longest:
            raise SandboxError(f"its name in AWS, {name!r}, has {len(name)} characters; {longest} are allowed")
        return name


@dataclass(frozen=True)
class Made:
    """What a create function gives back: the id and the outputs that AWS decides."""

    id: str
    outputs: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Created:
    """One resource that exists now."""

    type: str
    name: str
    id: str
    seconds: float


Create = Callable[[Request], Made]


class Applier(Mocks):
    """The monitor's other half: `pulumi.runtime.set_mocks` gives it every resource and every invoke of the program."""

    def __init__(
        self,
        account: Account,
        table: Mapping[str, Create],
        default_region: str | None,
        before_first: Callable[[], None],
        on_created: Callable[[Created], None],
    ) -> None:
        self.created: list[Created] = []
        self._account = account
        self._table = table
        self._default_region = default_region
        self._before_first: Callable[[], None] | None = before_first
        self._on_created = on_created
        self._lock = threading.Lock()

    def new_resource(self, args: MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        """Make one resource. Pulumi calls this from several threads at once, when what it depends on exists."""
        if args.custom is False:  # a component: only its children are real
            return None, dict(args.inputs)
        if args.resource_id:
            raise SandboxError(f"{args.typ}: importing or reading an existing resource is not supported here")
        with self._lock:  # by now the program has checked its configuration
            if self._before_first:
                self._before_first()
                self._before_first = None
        begun = time.monotonic()
        try:
            made = self._create(args)
        except (SandboxError, ClientError, BotoCoreError) as error:
            raise SandboxError(f"{args.typ} {args.name!r}: {error}") from error
        created = Created(args.typ, args.name, made.id, time.monotonic() - begun)
        with self._lock:
            self.created.append(created)
            self._on_created(created)
        return made.id, {**args.inputs, **made.outputs}

    def call(self, args: MockCallArgs) -> tuple[dict[str, Any], list[tuple[str, str]] | None]:
        """Refuse: the program makes no invoke, and an answer invented here could hide a mistake."""
        raise SandboxError(
            f"the program calls {args.token}, which the sandbox cannot answer; "
            "add it to Applier.call in sandbox/applier.py"
        )

    def _create(self, args: MockResourceArgs) -> Made:
        if args.typ not in self._table:
            raise SandboxError(
                "the sandbox cannot make this type of resource; add a create function for it to CREATE in "
                "sandbox/create/__init__.py"
            )
        inputs = Inputs(args.inputs)
        request = Request(args.typ, args.name, inputs, self._account, self._default_region)
        made = self._table[args.typ](request)
        inputs.take("region", None)
        if left := inputs.left():
            raise SandboxError(
                f"the sandbox does not know the input {', '.join(left)}; honour it in "
                f"{self._table[args.typ].__name__} of sandbox/create/"
            )
        return made
