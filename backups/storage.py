"""
The object store. The only module that knows boto3 and obstore: obstore lists, boto3 does the rest.

Every call has a deadline and raises NotFound, Forbidden, Unreachable or Refused of `backups.errors`. It works with AWS,
MinIO and `rclone serve s3`; a prefix is always a folder: `a/b` means what lies below `a/b/`.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any

import boto3.session
import botocore.session
import obstore
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, ParamValidationError
from botocore.utils import parse_timestamp
from obstore import exceptions as unhappy
from obstore.store import S3Store

from backups.bucket import read_bucket
from backups.errors import BackupsError, Forbidden, NotFound, Refused, Unreachable
from backups.scan import Bucket, Item, Page, Scan, Totals
from backups.together import SideBySide

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

CONNECT, READ, TRIES = 5, 30, 3  # seconds, seconds without a byte, attempts
HOUR = 3600
PAGE = 1_000
AT_ONCE = 32  # shards listed side by side
MOST_SHARDS = 200  # beyond this one request a shard would cost more than it saves
MANIFEST_LIMIT = 1 << 20
NO_SUCH = {"NoSuchKey", "NoSuchBucket", "NoSuchUpload", "NotFound", "404"}
SLOW = {
    "SlowDown",
    "ServiceUnavailable",
    "InternalError",
    "RequestTimeout",
    "ThrottlingException",
    "503",
    "500",
    "502",
    "504",
}


@dataclass(frozen=True)
class Credentials:
    """A key for the store. Its secret parts are never shown."""

    key: str
    secret: str = field(repr=False)
    token: str = field(default="", repr=False)

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> Credentials:
        """AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN; each may be named with _FILE instead."""

        def read(name: str) -> str:
            if path := environment.get(f"{name}_FILE"):
                with open(path, encoding="utf-8") as file:
                    return file.read().strip()
            return environment.get(name, "")

        key, secret = read("AWS_ACCESS_KEY_ID"), read("AWS_SECRET_ACCESS_KEY")
        if not key or not secret:
            raise Refused("No S3 credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.", code="no-credentials")
        return cls(key, secret, read("AWS_SESSION_TOKEN"))


def moment(value: Any) -> datetime:
    """A listing's times are ISO 8601, which Python reads four times faster than botocore; headers are not."""
    try:
        return datetime.fromisoformat(value)
    except (TypeError, ValueError):
        return parse_timestamp(value)


@cache
def session() -> boto3.session.Session:
    """One for the process: it reads boto3's description of S3, which takes longer than most calls."""
    core = botocore.session.Session()
    core.get_component("response_parser_factory").set_parser_defaults(timestamp_parser=moment)
    return boto3.session.Session(botocore_session=core)


def assume(
    mine: Credentials, *, endpoint: str, region: str, role: str, policy: str, seconds: int
) -> tuple[Credentials, int]:
    """
    A key that may do what `policy` says and no more, and for how many seconds. `endpoint` "" is AWS' own. A role whose
    sessions may not last so long gives an hour, which every role does. Raises as a Store does.
    """
    client = session().client(
        "sts",
        aws_access_key_id=mine.key,
        aws_secret_access_key=mine.secret,
        aws_session_token=mine.token or None,
        region_name=region or "us-east-1",
        endpoint_url=endpoint or None,
        config=Config(
            connect_timeout=CONNECT, read_timeout=READ, retries={"mode": "standard", "total_max_attempts": TRIES}
        ),
    )
    with telling("ask for a key for a job"):
        for asked in dict.fromkeys((seconds, min(seconds, HOUR))):
            try:
                answer = client.assume_role(
                    RoleArn=role, RoleSessionName="aftermath", Policy=policy, DurationSeconds=asked
                )
            except ClientError as error:
                if asked <= HOUR or "DurationSeconds" not in str(error):
                    raise
                continue
            given = answer["Credentials"]
            return Credentials(given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"]), asked
    raise AssertionError("an hour was refused without a word")


@dataclass(frozen=True)
class Store:
    """One bucket. `endpoint` "" is AWS itself. Credentials default to the environment's."""

    endpoint: str
    region: str
    bucket: str
    credentials: Credentials = field(default_factory=Credentials.from_environment)

    @cached_property
    def client(self) -> S3Client:
        key = self.credentials
        return session().client(
            "s3",
            aws_access_key_id=key.key,
            aws_secret_access_key=key.secret,
            aws_session_token=key.token or None,
            region_name=self.region or "us-east-1",
            endpoint_url=self.endpoint or None,
            config=Config(
                connect_timeout=CONNECT,
                read_timeout=READ,
                retries={"mode": "standard", "total_max_attempts": TRIES},
                s3={"addressing_style": "path" if self.endpoint else "auto"},
                request_checksum_calculation="when_required",
                response_checksum_validation="when_required",
                max_pool_connections=8,
            ),
        )

    @cached_property
    def lister(self) -> S3Store:
        key = self.credentials
        options: dict[str, Any] = {"endpoint": self.endpoint} if self.endpoint else {}
        if key.token:
            options["session_token"] = key.token
        return S3Store(
            self.bucket,
            access_key_id=key.key,
            secret_access_key=key.secret,
            region=self.region or "us-east-1",
            client_options={
                "allow_http": self.endpoint.startswith("http://"),
                "connect_timeout": timedelta(seconds=CONNECT),
                "timeout": timedelta(seconds=READ),
            },
            retry_config={"max_retries": TRIES - 1, "retry_timeout": timedelta(seconds=20)},
            **options,
        )

    def listing(self, prefix: str = "", *, deadline: float = 600) -> Iterator[Page]:
        """
        What lies below `prefix`, newest versions only, a page at a time, in no order; side by side over the folders
        where there are several. Raises Unreachable when it takes longer than `deadline` seconds.
        """
        end = time.monotonic() + deadline
        folder = below(prefix)
        while True:
            first, folders, whole = self._level(folder)
            if not whole or len(folders) > MOST_SHARDS:
                yield from self._flat(folder, end)
                return
            if first:
                yield first
            if len(folders) != 1:
                break
            folder = folders[0]
        if folders:
            shards = SideBySide(folders, lambda name: self._flat(name, end), at_once=AT_ONCE, end=end)
            with closing(shards.pages()) as pages:
                yield from pages

    def scan(self, prefix: str = "", sentinels: Sequence[str] = (), *, deadline: float = 600) -> Scan:
        """
        Totals of what lies below `prefix`. On a versioned bucket the versions are listed. A listing that breaks off
        after its first page gives an incomplete Scan that says why; one that does not begin raises.
        """
        settings = self.settings()
        versions = settings.versioning in ("on", "suspended")
        totals, begun = Totals(prefix, sentinels, settings), False
        pages = self.versions(prefix, deadline=deadline) if versions else self.listing(prefix, deadline=deadline)
        try:
            for page in pages:
                begun = True
                for item in page:
                    totals.add(item)
        except BackupsError as error:
            if not begun:
                raise
            return totals.scan(complete=False, error=str(error))
        return totals.scan(complete=True)

    def versions(self, prefix: str = "", *, deadline: float = 600) -> Iterator[Page]:
        """Every version and delete marker below `prefix`."""
        end = time.monotonic() + deadline
        more: dict[str, Any] = {}
        while True:
            with telling(f"list the versions of {self.bucket}/{prefix}"):
                answer = self.client.list_object_versions(
                    Bucket=self.bucket, Prefix=below(prefix), MaxKeys=PAGE, **more
                )
            page = [
                Item(v["Key"], v["Size"], v["LastModified"], v.get("ETag", ""), v["VersionId"], v["IsLatest"])
                for v in answer.get("Versions", ())
            ]
            page += [
                Item(m["Key"], 0, m["LastModified"], "", m["VersionId"], m["IsLatest"], True)
                for m in answer.get("DeleteMarkers", ())
            ]
            yield page
            if not answer.get("IsTruncated"):
                return
            in_time(end)
            more = {"KeyMarker": answer["NextKeyMarker"], "VersionIdMarker": answer["NextVersionIdMarker"]}

    def _level(self, folder: str) -> tuple[Page, list[str], bool]:
        """The objects and the folders directly below `folder`, and whether one page held them all."""
        with telling(f"list {self.bucket}/{folder}"):
            answer = self.client.list_objects_v2(Bucket=self.bucket, Prefix=folder, Delimiter="/", MaxKeys=PAGE)
        return (
            contents(answer),
            [each["Prefix"] for each in answer.get("CommonPrefixes", ())],
            not answer["IsTruncated"],
        )

    def _flat(self, folder: str, end: float, after: str = "") -> Iterator[Page]:
        """
        Everything below `folder` in one stream. obstore cannot name some keys (an empty part, as in `a//b`): boto3
        goes on from the last key seen.
        """
        last = after
        try:
            with telling(f"list {self.bucket}/{folder}"):
                for metas in obstore.list(self.lister, prefix=folder or None, offset=after or None, chunk_size=PAGE):
                    in_time(end)
                    page = [Item(m["path"], m["size"], m["last_modified"], m["e_tag"] or "") for m in metas]
                    last = page[-1].key if page else last
                    yield page
        except Refused as error:
            if error.params.get("kind") != "odd-key":
                raise
            yield from self._slowly(folder, end, last)

    def _slowly(self, folder: str, end: float, after: str) -> Iterator[Page]:
        while True:
            with telling(f"list {self.bucket}/{folder}"):
                answer = self.client.list_objects_v2(Bucket=self.bucket, Prefix=folder, StartAfter=after, MaxKeys=PAGE)
            if page := contents(answer):
                after = page[-1].key
                yield page
            if not answer["IsTruncated"] or not page:
                return
            in_time(end)

    def head(self, key: str) -> Item:
        """What the store says of one object. Raises NotFound."""
        with telling(f"look at {self.bucket}/{key}"):
            answer = self.client.head_object(Bucket=self.bucket, Key=proper(key))
        return Item(key, answer["ContentLength"], answer["LastModified"], answer["ETag"], answer.get("VersionId", ""))

    def exists(self, key: str) -> bool:
        try:
            self.head(key)
        except NotFound:
            return False
        return True

    def put_bytes(self, key: str, data: bytes) -> str:
        """Put a small object in place, whole or not at all; returns its ETag."""
        with telling(f"write {self.bucket}/{key}"):
            return self.client.put_object(Bucket=self.bucket, Key=proper(key), Body=data)["ETag"]

    def get_bytes(self, key: str, limit: int = MANIFEST_LIMIT) -> bytes:
        """A small object, whole. Raises Refused when it is over `limit` bytes."""
        with telling(f"read {self.bucket}/{key}"):
            answer = self.client.get_object(Bucket=self.bucket, Key=proper(key))
            with closing(answer["Body"]) as body:
                data = body.read(limit + 1)
        if len(data) > limit:
            raise Refused(f"{key} is over {limit} bytes.", code="too-large", key=key, limit=limit)
        return data

    def delete(self, key: str) -> None:
        """Destroy one object. Only a purge does this; done twice it is done once."""
        with telling(f"delete {self.bucket}/{key}"):
            self.client.delete_object(Bucket=self.bucket, Key=proper(key))

    def settings(self) -> Bucket:
        """How the bucket keeps what is overwritten or deleted. What cannot be read is "unknown", and says why."""
        bucket = Bucket()
        for part in read_bucket(self.client, self.bucket):
            try:
                with telling(f"read {part.name} of {self.bucket}"):
                    bucket = replace(bucket, **part.read())
            except (NotFound, Forbidden, Refused) as error:
                if part.name == "versioning" and error.params.get("kind") == "NoSuchBucket":
                    raise
                known = part.absent.get(str(error.params.get("kind", "")))
                bucket = replace(bucket, **known) if known else _unread(bucket, part.name, str(error))
        return bucket

    def begin(self, key: str) -> str:
        with telling(f"begin {self.bucket}/{key}"):
            return self.client.create_multipart_upload(Bucket=self.bucket, Key=proper(key))["UploadId"]

    def put_part(self, key: str, upload: str, number: int, body: Any) -> str:
        with telling(f"write part {number} of {self.bucket}/{key}"):
            part = self.client.upload_part(Bucket=self.bucket, Key=key, UploadId=upload, PartNumber=number, Body=body)
            return part["ETag"]

    def complete(self, key: str, upload: str, etags: Mapping[int, str]) -> str:
        parts: Any = [{"PartNumber": number, "ETag": etags[number]} for number in sorted(etags)]
        with telling(f"finish {self.bucket}/{key}"):
            answer = self.client.complete_multipart_upload(
                Bucket=self.bucket, Key=key, UploadId=upload, MultipartUpload={"Parts": parts}
            )
        return answer["ETag"]

    def abort(self, key: str, upload: str) -> None:
        with telling(f"give up {self.bucket}/{key}"):
            self.client.abort_multipart_upload(Bucket=self.bucket, Key=key, UploadId=upload)

    def stream_from(self, key: str, start: int) -> tuple[Any, str]:
        """The object's bytes from `start` on as a boto3 body to be read within `telling()`, and its ETag."""
        more: dict[str, Any] = {"Range": f"bytes={start}-"} if start else {}
        with telling(f"read {self.bucket}/{key}"):
            answer = self.client.get_object(Bucket=self.bucket, Key=proper(key), **more)
        return answer["Body"], answer["ETag"]


def below(prefix: str) -> str:
    bare = prefix.strip("/")
    return bare + "/" if bare else ""


def proper(key: str) -> str:
    parts = key.split("/")
    if not key or len(key.encode()) > 1024 or ".." in parts or "." in parts or any(ord(c) < 32 for c in key):
        raise Refused(f"{key!r} cannot be the name of an object.", code="bad-key", key=key)
    return key


def contents(answer: Any) -> list[Item]:
    return [Item(o["Key"], o["Size"], o["LastModified"], o.get("ETag", "")) for o in answer.get("Contents", ())]


def in_time(end: float) -> None:
    if time.monotonic() > end:
        raise Unreachable("The listing took too long.")


def _unread(bucket: Bucket, name: str, why: str) -> Bucket:
    return replace(bucket, unread={**bucket.unread, name: why})


@contextmanager
def telling(doing: str) -> Iterator[None]:
    """Turn what boto3 and obstore raise into an error named by what the caller does about it."""
    try:
        yield
    except ClientError as error:
        raise named(doing, error) from error
    except ParamValidationError as error:
        raise Refused(f"Could not {doing}: {error}") from error
    except BotoCoreError as error:
        raise Unreachable(f"Could not {doing}: {error}") from error
    except unhappy.NotFoundError as error:
        raise NotFound(f"Could not {doing}: no such thing.") from error
    except (unhappy.PermissionDeniedError, unhappy.UnauthenticatedError) as error:
        raise Forbidden(f"Could not {doing}: the key may not.") from error
    except unhappy.BaseError as error:
        raise judged(doing, str(error)) from error


def named(doing: str, error: ClientError) -> BackupsError:
    code = error.response.get("Error", {}).get("Code", "")
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    words = f"Could not {doing}: {error.response.get('Error', {}).get('Message', '') or code}"
    if code in NO_SUCH or status == 404:
        return NotFound(words, kind=code)
    if status in (401, 403):
        return Forbidden(words, kind=code)
    if code in SLOW or (status >= 500 and status != 501) or status == 429:
        return Unreachable(words, kind=code)
    return Refused(words, kind=code)


def judged(doing: str, words: str) -> BackupsError:
    """obstore has one class for most troubles; its words tell them apart."""
    if "PathError" in words or "empty path segment" in words or "InvalidPath" in words:
        return Refused(f"Could not {doing}: a key that cannot be named.", kind="odd-key")
    if any(sign in words for sign in ("status: 403", "403 Forbidden", "InvalidAccessKeyId", "SignatureDoesNotMatch")):
        return Forbidden(f"Could not {doing}: the key may not.")
    first = words.splitlines()[0][:300] if words else "no reason given"
    return Unreachable(f"Could not {doing}: {first}")
