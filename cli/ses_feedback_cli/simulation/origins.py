"""The identities and configuration sets of pipelines, by which mails are sent. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass

from ses_feedback_cli.errors import UsageError
from ses_feedback_cli.stack_outputs import Pipeline

LOCAL_PART = "simulator-check"
"""Of the sender's address, at an identity that is a domain."""


@dataclass(frozen=True)
class Origin:
    """An identity, whose notification topics SES publishes to, or a configuration set with its event destinations."""

    sender: str
    region: str
    identity: str
    configuration_set: str | None
    pipelines: dict[str, Pipeline]
    """By kind."""

    @property
    def name(self) -> str:
        """For people."""
        name = f"configuration set {self.configuration_set}" if self.configuration_set else self.identity
        return f"{name} in {self.region}"


def read_origins(pipelines: Iterable[Pipeline], sender: str | None = None) -> list[Origin]:
    """Every origin of the pipelines; with a ``sender`` only those that may send as this address.

    Raises: UsageError when there is none, or when a configuration set without an identity needs a sender.
    """
    sources: dict[tuple[str, tuple[str, ...], str | None], dict[str, Pipeline]] = {}
    for pipeline in pipelines:
        source = (pipeline.region, pipeline.identities, pipeline.configuration_set)
        sources.setdefault(source, {})[pipeline.kind] = pipeline
    origins: list[Origin] = []
    for (region, identities, configuration_set), by_kind in sources.items():
        usable = [identity for identity in identities if sender is None or _covers(identity, sender)]
        origins += [Origin(sender or _sender(identity), region, identity, None, by_kind) for identity in usable]
        if configuration_set and (usable or (sender and not identities)):
            address = sender or _sender(usable[0])
            identity = usable[0] if usable else address.rpartition("@")[2]
            origins.append(Origin(address, region, identity, configuration_set, by_kind))
        elif configuration_set and not identities:
            raise UsageError(
                f"the source in {region} has the configuration set {configuration_set} and no identity: --from "
                "ADDRESS is needed, of an identity that is verified there (and --pipeline to try the others alone)"
            )
    if not origins:
        raise UsageError(f"--from {sender} belongs to none of the identities of the pipelines that were chosen")
    return origins


def _sender(identity: str) -> str:
    return identity if "@" in identity else f"{LOCAL_PART}@{identity}"


def _covers(identity: str, sender: str) -> bool:
    """Whether SES lets an identity send as an address: its own, or one of its domain or a subdomain."""
    domain = sender.rpartition("@")[2].lower()
    return identity.lower() in {sender.lower(), domain} or domain.endswith("." + identity.lower())
