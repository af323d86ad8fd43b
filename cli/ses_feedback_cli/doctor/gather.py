"""Gathers the facts: every pipeline, table and Region at the same time, a few calls at once."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from multiprocessing.pool import ThreadPool

from ses_feedback_cli.context import Context
from ses_feedback_cli.doctor import standing, ways
from ses_feedback_cli.doctor.ask import AT_ONCE, Ask, Clients
from ses_feedback_cli.doctor.facts import Absent, AccountFacts, Counted, Facts, PipelineFacts, TableFacts, queue_name
from ses_feedback_cli.doctor.standing import Sources
from ses_feedback_cli.stack_outputs import Pipeline

Place = tuple[str, str]
"""Account and Region."""


def known_tables(context: Context) -> list[tuple[str, str]]:
    """The tables that were given or are of the stacks, each once: its ARN or name, and what it is."""
    found = {
        (table, what): None
        for what, given, key in (
            ("blocked", context.table, "blockedTableArn"),
            ("history", context.history, "historyTableArn"),
        )
        for table in ([given] if given else [stack[key] for stack in context.stack_outputs if key in stack])
    }
    return list(found)


def gather(context: Context, clients: Clients, now: datetime, hours: int) -> Facts:
    """Ask about everything that was given.

    Raises: MissingError when there is no pipeline.
    """
    by_place: dict[Place, list[Pipeline]] = defaultdict(list)
    elsewhere: list[tuple[str, Pipeline]] = []
    for one in context.pipelines():
        _, partition, _, _, account, _ = one.topic_arn.split(":", 5)
        if clients.open(account, partition, one.region):
            by_place[account, one.region].append(one)
        else:
            elsewhere.append((account, one))
    for table, _ in known_tables(context):
        if table.startswith("arn:"):
            _, partition, _, region, account, _ = table.split(":", 5)
            clients.open(account, partition, region)  # if not, its own policy decides
    return _Gathering(context, clients, now, hours, by_place).facts(elsewhere)


class _Gathering:
    def __init__(
        self, context: Context, clients: Clients, now: datetime, hours: int, by_place: dict[Place, list[Pipeline]]
    ) -> None:
        self._context, self._clients, self._now, self._hours, self._by_place = context, clients, now, hours, by_place
        self._asks: list[Ask] = []
        self._tables = known_tables(context)
        of_stacks = (
            stack.get(key) for stack in context.stack_outputs for key in ("blockedTableArn", "historyTableArn")
        )
        self._known_tables = frozenset(filter(None, (*(table for table, _ in self._tables), *of_stacks)))

    def facts(self, elsewhere: list[tuple[str, Pipeline]]) -> Facts:
        pool = ThreadPool(AT_ONCE)  # of daemons: a call that hangs does not outlive Ctrl-C
        try:
            tables = [pool.apply_async(self._table, one) for one in self._tables]
            places = [
                (place, ones, pool.apply_async(self._place, (place, ones))) for place, ones in self._by_place.items()
            ]
            ways_ = [
                (place, one, pool.apply_async(self._way, (place, one))) for place, ones, _ in places for one in ones
            ]
            shared = {place: asked.get() for place, _, asked in places}
            done = [self._whole(one, shared[place], asked.get()) for place, one, asked in ways_]
            looks = [one.get() for one in tables]
            unseen = [*self._clients.unseen, *(one for ask in self._asks for one in ask.unseen)]
            return Facts(
                self._clients.caller,
                tuple(done),
                tuple(looks),
                tuple(shared[place][0] for place in self._by_place),
                tuple(sorted(unseen, key=lambda one: (one.account, one.region, one.action, one.about))),
                tuple(elsewhere),
                sum(ask.answered for ask in self._asks),
            )
        finally:
            pool.terminate()

    def _ask(self, place: Place, about: str) -> Ask:
        ask = Ask(self._clients, *place, about)
        self._asks.append(ask)
        return ask

    def _place(self, place: Place, ones: Sequence[Pipeline]) -> tuple[AccountFacts, Sources, dict[str, Counted]]:
        ask = self._ask(place, "account")
        identities = list(dict.fromkeys(name for one in ones for name in one.identities))
        sets = list(dict.fromkeys(one.configuration_set for one in ones if one.configuration_set))
        account = standing.account(ask, *place, self._now)
        counts = standing.counted(ask, ones, self._now, self._hours)
        return (
            account,
            standing.sources(ask, identities, sets),
            dict(zip((one.topic_arn for one in ones), counts, strict=True)),
        )

    def _table(self, name: str, what: str) -> TableFacts:
        account, region = self._clients.caller, self._context.session.region_name or self._context.selected_regions()[0]
        if name.startswith("arn:"):
            _, _, _, region, account, _ = name.split(":", 5)
        return standing.table(self._ask((account, region), f"{what} table"), name, what, account, region)

    def _way(self, place: Place, one: Pipeline) -> PipelineFacts:
        """What is the pipeline's own; the rest is filled in later."""
        ask = self._ask(place, one.name)
        find_key = ways.key_finder(ask)
        queue = ways.queue(ask, one.queue_url, find_key)
        account, region = place
        partition = one.topic_arn.split(":")[1]
        arn = (
            f"arn:{partition}:sqs:{region}:{account}:{queue_name(one.queue_url)}"
            if isinstance(queue, Absent)
            else queue.arn
        )
        function, reserved = ways.function(ask, one)
        return PipelineFacts(
            one,
            account,
            self._hours,
            identities=(),
            destinations=None,
            topic=ways.topic(ask, one, find_key),
            subscription=ways.subscription(ask, one, arn),
            queue=queue,
            dead_letters=ways.queue(ask, one.dead_letter_queue_url, find_key),
            subscription_dead_letters=ways.queue(ask, one.subscription_dead_letter_queue_url, find_key),
            mapping=ways.mapping(ask, one, arn),
            function=function,
            reserved_concurrency=reserved,
            counted=Counted(),
            known_tables=self._known_tables,
        )

    def _whole(
        self,
        one: Pipeline,
        shared: tuple[AccountFacts, Sources, dict[str, Counted]],
        way: PipelineFacts,
    ) -> PipelineFacts:
        _, sources, counts = shared
        return replace(
            way,
            identities=sources.identities(one),
            destinations=sources.destinations[one.configuration_set] if one.configuration_set else None,
            counted=counts[one.topic_arn],
        )
