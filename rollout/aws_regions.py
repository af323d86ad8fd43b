"""The Regions of AWS in which a service is, as botocore knows them; makes no calls."""

from functools import cache

import botocore
import botocore.session

from components import inputs

from .words import did_you_mean


def ses_region(name: str, value: object) -> str:
    """A Region in which SES sends mail."""
    return _region_of("ses", "SES sends mail", name, value)


def dynamodb_region(name: str, value: object) -> str:
    """A Region in which a table can have a replica."""
    return _region_of("dynamodb", "DynamoDB works", name, value)


def _region_of(service: str, what_is_there: str, name: str, value: object) -> str:
    region = inputs.region(name, value)
    if region in (regions := _regions(service)):
        return region
    version = f"(a newer one than botocore {botocore.__version__} knows: update botocore)"
    raise inputs.InputError(
        name, value, f"a Region where {what_is_there} is needed {version}{did_you_mean(region, regions)}"
    )


@cache
def _regions(service: str) -> frozenset[str]:
    """In all partitions, since a role's ARN may be in any."""
    session = botocore.session.get_session()
    partitions = session.get_available_partitions()
    return frozenset(region for partition in partitions for region in session.get_available_regions(service, partition))
