"""Reading how a bucket keeps what is overwritten or deleted, out of what S3 answers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Part:
    """One question. `absent`: error codes that are an answer, such as "there is no lifecycle"."""

    name: str
    read: Callable[[], dict[str, Any]]
    absent: Mapping[str, dict[str, Any]] = field(default_factory=dict)


def read_bucket(client: Any, bucket: str) -> Iterator[Part]:
    """The three questions, to be asked one by one by who can name the errors."""
    yield Part("versioning", lambda: versioning(client.get_bucket_versioning(Bucket=bucket)))
    yield Part(
        "lock",
        lambda: lock(client.get_object_lock_configuration(Bucket=bucket)),
        {"ObjectLockConfigurationNotFoundError": {"lock": "off"}, "NoSuchObjectLockConfiguration": {"lock": "off"}},
    )
    yield Part(
        "lifecycle",
        lambda: lifecycle(client.get_bucket_lifecycle_configuration(Bucket=bucket)),
        {"NoSuchLifecycleConfiguration": {"lifecycle": "off"}},
    )


def versioning(answer: Mapping[str, Any]) -> dict[str, Any]:
    states = {"Enabled": "on", "Suspended": "suspended"}
    return {"versioning": states.get(answer.get("Status", ""), "off")}


def lock(answer: Mapping[str, Any]) -> dict[str, Any]:
    rules = answer.get("ObjectLockConfiguration", {})
    kept = rules.get("Rule", {}).get("DefaultRetention", {})
    days = kept.get("Days") or (kept["Years"] * 365 if kept.get("Years") else None)
    on = rules.get("ObjectLockEnabled") == "Enabled"
    return {"lock": "on" if on else "off", "lock_mode": kept.get("Mode", ""), "lock_days": days}


def lifecycle(answer: Mapping[str, Any]) -> dict[str, Any]:
    rules = [rule for rule in answer.get("Rules", ()) if rule.get("Status") == "Enabled"]
    old = [rule.get("NoncurrentVersionExpiration", {}).get("NoncurrentDays") for rule in rules]
    gone = [rule.get("Expiration", {}).get("Days") for rule in rules]
    return {
        "lifecycle": "on" if rules else "off",
        "noncurrent_days": min((days for days in old if days), default=None),
        "expire_days": min((days for days in gone if days), default=None),
    }
