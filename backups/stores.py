"""Where the objects are kept, and the store that reads a bucket there."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Mapping
from functools import lru_cache

from django.conf import settings

from backups.storage import Credentials, Store, assume
from cluster.range.store import REGION, access

log = logging.getLogger(__name__)
SHORTEST, LONGEST = 900, 12 * 3600  # seconds of a key's life
AGAIN = 300.0  # seconds in which the same key is given again
MOST = 200  # keys kept
ANY_ROLE = "arn:aws:iam::000000000000:role/aftermath"  # for a store that asks for a role's name and pays it no heed
given: dict[tuple[str, str, bool, int], tuple[float, Credentials]] = {}


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


def lent(bucket: str, prefix: str, *, write: bool = False, seconds: int = LONGEST) -> Mapping[str, str]:
    """
    The environment of a job that reads the objects under a prefix, and with `write` puts some there, for so long. Where
    the settings name no way to ask for less, that is the key that this program has itself. Raises BackupsError.
    """
    key = (
        narrow(bucket, prefix.strip("/"), write, min(max(seconds, SHORTEST), LONGEST)) if narrowing() else credentials()
    )
    environment = {
        "AWS_ACCESS_KEY_ID": key.key,
        "AWS_SECRET_ACCESS_KEY": key.secret,
        "AWS_DEFAULT_REGION": place()["region"],
    }
    return {**environment, "AWS_SESSION_TOKEN": key.token} if key.token else environment


def narrowing() -> bool:
    """Whether a job's key is made for it alone."""
    return settings.CLUSTER != "range" and bool(settings.S3_ROLE or settings.S3_STS)


def narrow(bucket: str, prefix: str, write: bool, seconds: int) -> Credentials:
    """
    A key for one prefix. The same is given again for a few minutes, since a job is asked for many times before it is
    seen to run.
    """
    wanted = (bucket, prefix, write, seconds)
    if wanted in given and time.monotonic() - given[wanted][0] < AGAIN:
        return given[wanted][1]
    key, lasts = assume(
        credentials(),
        endpoint=settings.S3_STS or settings.S3_ENDPOINT,
        region=settings.S3_REGION,
        role=settings.S3_ROLE or ANY_ROLE,
        policy=policy(bucket, prefix, write=write),
        seconds=seconds,
    )
    if lasts < seconds:
        log.warning("A key lasts %s seconds at most: a job that takes longer will be refused by the store", lasts)
    if len(given) > MOST:
        given.clear()
    given[wanted] = (time.monotonic(), key)
    return key


def policy(bucket: str, prefix: str, *, write: bool) -> str:
    """Read what is under the prefix, put something there: delete nothing, and see no other place."""
    bucket_arn = f"arn:aws:s3:::{bucket}"
    objects = f"{bucket_arn}/{prefix}/*" if prefix else f"{bucket_arn}/*"
    actions = ["s3:GetObject", *(["s3:PutObject", "s3:AbortMultipartUpload"] if write else [])]
    under = {"StringLike": {"s3:prefix": [f"{prefix}/*"]}} if prefix else {}
    listing = {"Effect": "Allow", "Action": ["s3:ListBucket"], "Resource": [bucket_arn], "Condition": under}
    statements = [{"Effect": "Allow", "Action": actions, "Resource": [objects]}, listing]
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


def credentials() -> Credentials:
    """The range has its own, in a file that its owner alone may read; a real store's are in the environment."""
    if settings.CLUSTER == "range":
        mine = access(settings.RANGE_DIR)
        return Credentials(mine.key, mine.secret)
    return Credentials.from_environment()
