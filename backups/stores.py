"""Where the objects are kept, and the store that reads a bucket there."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from django.conf import settings

from backups.storage import Credentials, Store
from cluster.range.store import REGION, access


def place() -> Mapping[str, str]:
    """`endpoint` and `region` of the object store, never a credential. An endpoint of "" is AWS itself."""
    if settings.CLUSTER == "range":
        return {"endpoint": access(settings.RANGE_DIR).endpoint, "region": REGION}
    return {"endpoint": settings.S3_ENDPOINT, "region": settings.S3_REGION}


def place_from_pods() -> Mapping[str, str]:
    """The same, as a job in the cluster reaches it."""
    return place() if settings.CLUSTER == "range" else {**place(), "endpoint": settings.S3_ENDPOINT_FROM_PODS}


def store(bucket: str) -> Store:
    """The store of a bucket. Raises Refused (`no-credentials`) where the environment has no key."""
    there = place()
    return made(there["endpoint"], there["region"], bucket, credentials())


@lru_cache(maxsize=64)
def made(endpoint: str, region: str, bucket: str, key: Credentials) -> Store:
    """A client takes a while to make, and may be used again and again."""
    return Store(endpoint, region, bucket, key)


def lent(bucket: str, prefix: str, *, write: bool = False) -> Mapping[str, str]:
    """The environment of a job that works with the objects under a prefix. Raises Refused (`no-credentials`)."""
    mine = credentials()
    environment = {
        "AWS_ACCESS_KEY_ID": mine.key,
        "AWS_SECRET_ACCESS_KEY": mine.secret,
        "AWS_DEFAULT_REGION": place()["region"],
    }
    return {**environment, "AWS_SESSION_TOKEN": mine.token} if mine.token else environment


def credentials() -> Credentials:
    """The range has its own, in a file that its owner alone may read; a real store's are in the environment."""
    if settings.CLUSTER == "range":
        mine = access(settings.RANGE_DIR)
        return Credentials(mine.key, mine.secret)
    return Credentials.from_environment()
