"""What the first bytes of a file say that it is: an archive that can be read here, or what it is instead."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from backups.agent.compress import beginning
from backups.agent.guessing import looks_like_tar
from backups.agent.tarstream import BLOCK

ENOUGH = 64 << 10  # bytes
OTHERS = {
    b"PK\x03\x04": "zip",
    b"PK\x05\x06": "zip",
    b"%PDF": "pdf",
    b"BZh": "other-compression",
    b"\xfd7zXZ\x00": "other-compression",
    b"7z\xbc\xaf\x27\x1c": "other-compression",
    b"Rar!": "other-compression",
}


def doubt(first: bytes, *, whole: bool = False) -> Mapping[str, Any]:
    """
    Facts of why a file that begins so cannot be restored from; empty where it may be. `first` are its first ENOUGH
    bytes, or with `whole` all of it.
    """
    if not first:
        return {"code": "empty-file"}
    if code := next((code for magic, code in OTHERS.items() if first.startswith(magic)), ""):
        return {"code": code}
    if first.startswith((b"\x1f\x8b", b"\x28\xb5\x2f\xfd")):
        plain = beginning(first, BLOCK)
        if plain is None:
            return {"code": "not-an-archive"}
        if len(plain) < BLOCK:
            return {"code": "truncated"} if whole else {}
        return {} if starts_a_tar(plain) else {"code": "compressed-other"}
    if len(first) < BLOCK:
        return {"code": "not-an-archive"}
    return {} if starts_a_tar(first) else {"code": "not-an-archive"}


def starts_a_tar(block: bytes) -> bool:
    """A header, or the zeros that an archive of nothing is made of: what is wrong with that is said later."""
    return looks_like_tar(block) or not any(block[:BLOCK])
