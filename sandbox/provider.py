"""Takes the place of the AWS provider: creates each resource that the program registers in the emulator.

Each type of resource has one function, in `create.CREATE_FUNCTIONS`. A type without a function stops the run, and so
does an input that the function did not take: a resource must not be created with less than the program asks for.
"""

import secrets
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from pulumi.runtime import MockCallArgs, MockResourceArgs, Mocks

from .emulator import Account
from .errors import SandboxError

GLOBAL_REGION = "us-east-1"  # where IAM answers
WAITER_CONFIG = {"Delay": 0.02, "MaxAttempts": 500}  # of boto3: ten seconds, with a short delay for a quick emulator
SUFFIX_LENGTH = 7  # as the AWS provider adds to a logical name


class Inputs:
    """The inputs of a resource, or of an object inside one. A create function takes each of them; one that it does not
    take is an error.
    """

    def __init__(self, values: Mapping[str, Any], path: str = "") -> None:
        self._values = dict(values)
        self._path = path
        self._nested: list[Inputs] = []

    def take(self, key: str, default: Any = None) -> Any:
        """Return an input, and note it as taken."""
        value = self._values.pop(key, default)
        return default if value is None else value

    def integer(self, key: str) -> int | None:
        """Return an input as an integer: Pulumi passes every number as a float."""
        value = self.take(key)
        return None if value is None else int(value)

    def nested(self, key: str) -> "Inputs":
        """Return the object at a key, empty if there is none. Its own inputs must be taken, too."""
        return self._nest(key, self.take(key, {}))

    def each(self, key: str) -> "list[Inputs]":
        """Return the objects of the list at a key, as `nested` does for one object."""
        return [self._nest(f"{key}[{index}]", values) for index, values in enumerate(self.take(key, []))]

    def tag_list(self) -> list[dict[str, str]]:
        """Return the input `tags` as most services take it."""
        return [{"Key": key, "Value": value} for key, value in self.take("tags", {}).items()]

    def _nest(self, key: str, values: Mapping[str, Any]) -> "Inputs":
        inputs = Inputs(values, f"{self._path}{key}.")
        self._nested.append(inputs)
        return inputs

    def not_taken(self) -> list[str]:
        """Return the names of all inputs, also inside objects, that were not taken."""
        names = [f"{self._path}{key}" for key, value in self._values.items() if value is not None]
        return sorted(names + [name for inputs in self._nested for name in inputs.not_taken()])


def without_none(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is set: boto3 takes no None."""
    return {key: value for key, value in values.items() if value is not None}


@dataclass
class CreateRequest:
    """A resource to be created."""

    name: str
    inputs: Inputs
    account: Account
    default_region: str | None
    _region: str | None = field(default=None, init=False)

    @property
    def region(self) -> str:
        """The Region of the resource: its input `region`, else the configuration key aws:region."""
        self._region = self._region or self.inputs.take("region", self.default_region)
        if not self._region:
            raise SandboxError("no region: neither the resource nor the configuration key aws:region gives one")
        return self._region

    def client(self, service: str, region: str | None = None) -> Any:
        """Return the boto3 client of a service, in the Region of the resource unless another is named."""
        return self.account.client(service, region or self.region)

    def physical_name(self, max_length: int) -> str:
        """Return the `name` input, else the logical name and seven random digits, as the AWS provider does."""
        name: str = self.inputs.take("name") or f"{self.name}-{secrets.token_hex(4)[:SUFFIX_LENGTH]}"
        if len(name) > max_length:
            raise SandboxError(f"its name in AWS, {name!r}, has {len(name)} characters; {max_length} are allowed")
        return name


@dataclass(frozen=True)
class CreateResult:
    """What a create function returns: the id, and the outputs that are not inputs."""

    id: str
    outputs: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class CreatedResource:
    """A resource that exists now."""

    type: str
    name: str
    id: str


CreateFunction = Callable[[CreateRequest], CreateResult]


class EmulatorProvider(Mocks):
    """Gets every resource and every invoke of the program from the SDK's test monitor."""

    def __init__(
        self,
        account: Account,
        create_functions: Mapping[str, CreateFunction],
        default_region: str | None,
        before_first: Callable[[], None],
    ) -> None:
        """``before_first`` is called once, before the first resource is created."""
        self.created: list[CreatedResource] = []
        self._account = account
        self._create_functions = create_functions
        self._default_region = default_region
        self._before_first: Callable[[], None] | None = before_first
        self._lock = threading.Lock()

    def new_resource(self, args: MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        """Create one resource. Pulumi calls this in several threads at once, after what the resource depends on."""
        if args.custom is False:  # AWS knows nothing of a component, only of its children
            return None, dict(args.inputs)
        if args.resource_id:
            raise SandboxError(f"{args.typ}: importing or reading an existing resource is not supported here")
        with self._lock:  # by now the program has checked its configuration
            if self._before_first:
                self._before_first()
                self._before_first = None
        try:
            result = self._create(args)
        except (SandboxError, ClientError, BotoCoreError) as error:
            raise SandboxError(f"{args.typ} {args.name!r}: {error}") from error
        with self._lock:
            self.created.append(CreatedResource(args.typ, args.name, result.id))
        return result.id, {**args.inputs, **result.outputs}

    def call(self, args: MockCallArgs) -> tuple[dict[str, Any], list[tuple[str, str]] | None]:
        """Refuse: the program makes no invoke, and an invented result could hide a mistake."""
        raise SandboxError(
            f"the program calls {args.token}, which the sandbox cannot answer; "
            "add it to EmulatorProvider.call in sandbox/provider.py"
        )

    def _create(self, args: MockResourceArgs) -> CreateResult:
        create = self._create_functions.get(args.typ)
        if create is None:
            raise SandboxError(
                "the sandbox cannot create this type of resource; add a create function for it to CREATE_FUNCTIONS in "
                "sandbox/create/__init__.py"
            )
        inputs = Inputs(args.inputs)
        result = create(CreateRequest(args.name, inputs, self._account, self._default_region))
        inputs.take("region")
        if names := inputs.not_taken():
            raise SandboxError(
                f"the sandbox does not know the input {', '.join(names)}; take it in {create.__name__} of "
                "sandbox/create/"
            )
        return result
