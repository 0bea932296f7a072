"""What the agent takes (specs) and gives (results), as values. `python -m backups.agent` documents each key."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec

from backups.errors import Refused
from backups.manifest import Folder, Id, Manifest, Moment, Owned, Sentinel

SPEC_LIMIT = 4 << 20

RunId = Annotated[str, msgspec.Meta(pattern=r"\A[A-Za-z0-9][A-Za-z0-9._-]{0,62}\Z")]
Absolute = Annotated[str, msgspec.Meta(pattern=r"\A/[^\x00]*\Z", max_length=4096)]
Inside = Annotated[str, msgspec.Meta(pattern=r"\A(?!/)(?!(.*/)?\.\.?(/|\Z))[^\x00]+\Z", max_length=4096)]
Within = Annotated[
    str, msgspec.Meta(pattern=r"(?s)\A(?!/)(?!.*//)(?!.*/\Z)(?!(.*/)?\.\.?(/|\Z))[^\x00]*\Z", max_length=1024)
]  # "" or a plain path
Key = Annotated[str, msgspec.Meta(pattern=r"\A[^/\x00-\x1f][^\x00-\x1f]*\Z", max_length=900)]
Positive = Annotated[int, msgspec.Meta(ge=0)]
Where = Literal["live", "staging"]
RunState = Literal["none", "planned", "forward", "swapped", "backing", "back", "purging", "purged"]


class Place(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A bucket. Its credentials come from the environment."""

    endpoint: str
    bucket: str
    region: str = "us-east-1"


class Expect(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    filesystem_id: str = ""


class Wanted(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    uid: Id
    gid: Id
    modes: bool = False
    keep_list: bool = False


class Spec(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The keys that every verb takes."""

    data: Absolute
    source: Absolute | None = None
    run: RunId | None = None
    owners: Literal["auto", "real", "beside"] = "auto"
    expect: Expect = Expect()
    store: Place | None = None
    filesystem: str = ""
    capacity: Positive | None = None


class InspectSpec(Spec, frozen=True, kw_only=True, forbid_unknown_fields=True):
    sentinels: list[Inside] = []
    wanted: Wanted | None = None
    aside: RunId | None = None


class ArchiveSpec(Spec, frozen=True, kw_only=True, forbid_unknown_fields=True):
    name: Annotated[str, msgspec.Meta(pattern=r"\A[A-Za-z0-9][A-Za-z0-9._-]{0,127}\Z")] = ""
    prefix: str = ""
    file: Absolute | None = None
    from_: Literal["snapshot", "quiet", "live"] = "live"
    sentinels: list[Inside] = []
    taken: Moment | None = None
    claim_uid: str = ""
    volume_handle: str = ""
    level: Annotated[int, msgspec.Meta(ge=1, le=19)] = 3
    of_bytes: Positive | None = None
    of_files: Positive | None = None


class RestoreSpec(Spec, frozen=True, kw_only=True, forbid_unknown_fields=True):
    run: RunId
    key: Key | None = None
    file: Absolute | None = None
    manifest: Manifest | None = None
    inner: Within | None = None
    strip: Within | None = None
    of_bytes: Positive | None = None
    of_files: Positive | None = None
    leaving_links: Literal["refuse", "keep"] = "refuse"


class VerifySpec(Spec, frozen=True, kw_only=True, forbid_unknown_fields=True):
    run: RunId | None = None
    where: Where = "staging"
    manifest: Manifest | None = None
    sentinels: list[Inside] = []
    json: list[Inside] = []
    sqlite: bool = True


class OwnSpec(Spec, frozen=True, kw_only=True, forbid_unknown_fields=True):
    run: RunId
    uid: Id
    gid: Id
    where: Where = "live"
    modes: bool = True
    only_listed: bool = False


class RunSpec(Spec, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """unown, swap, unswap, discard."""

    run: RunId


class PurgeSpec(Spec, frozen=True, kw_only=True, forbid_unknown_fields=True):
    run: RunId
    confirm: str


class HoldSpec(Spec, frozen=True, kw_only=True, forbid_unknown_fields=True):
    run: RunId
    seconds: Annotated[int, msgspec.Meta(ge=1, le=24 * 3600)]


class Listed(msgspec.Struct, frozen=True, kw_only=True):
    """An entry that is not as wanted, as it is: numeric owner, permission bits."""

    path: str
    uid: int
    gid: int
    mode: int


class Differing(msgspec.Struct, frozen=True, kw_only=True):
    count: int
    first: list[Listed]
    list: str | None = None


class Root(msgspec.Struct, frozen=True, kw_only=True):
    uid: int
    gid: int
    mode: int


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """What an earlier run left below .aftermath."""

    run: str
    state: RunState
    staging: bool
    previous: bool


class Counts(msgspec.Struct, frozen=True, kw_only=True):
    """Of a tree: entries that are no directory, directories, bytes of regular files (hard-linked ones once)."""

    files: int
    directories: int
    bytes: int


class Inspected(msgspec.Struct, frozen=True, kw_only=True):
    filesystem_id: str
    device: int
    total_bytes: int
    free_bytes: int
    total_inodes: int
    used_inodes: int
    free_inodes: int
    read_only: bool
    files: int
    directories: int
    bytes: int
    special: int
    unreadable: int
    top: dict[str, Folder]
    owners: list[Owned]
    newest: datetime | None
    oldest: datetime | None
    sentinels: list[Sentinel]
    root: Root
    runs: list[Run]
    differing: Differing | None = None
    aside: Counts | None = None


class Archived(msgspec.Struct, frozen=True, kw_only=True):
    archive_key: str
    manifest_key: str
    manifest: Manifest
    again: bool = False


class Restored(msgspec.Struct, frozen=True, kw_only=True):
    staging: str
    files: int
    directories: int
    bytes: int
    sha256: str | None
    manifest: Manifest
    again: bool = False
    notes: list[str] = []
    inner: str = ""
    strip: str = ""


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    code: str
    path: str = ""
    wanted: Any = None
    found: Any = None


class Checked(msgspec.Struct, frozen=True, kw_only=True):
    path: str
    ok: bool


class Verified(msgspec.Struct, frozen=True, kw_only=True):
    files: int
    directories: int
    bytes: int
    sentinels: list[Sentinel]
    sqlite: list[Checked]
    json: list[str]
    checked: list[str]


class Owning(msgspec.Struct, frozen=True, kw_only=True):
    changed: int
    of: int
    undo: str
    first: list[Listed]
    cleared: int


class Unowned(msgspec.Struct, frozen=True, kw_only=True):
    changed: int
    missing: int


class Swapped(msgspec.Struct, frozen=True, kw_only=True):
    state: Literal["swapped", "back"]
    live: int
    staged: int
    previous: str
    again: bool


class Removed(msgspec.Struct, frozen=True, kw_only=True):
    removed: bool
    files: int
    bytes: int = 0


class Held(msgspec.Struct, frozen=True, kw_only=True):
    seconds: int
    early: bool


Result = Held | Inspected | Archived | Restored | Verified | Owning | Unowned | Swapped | Removed


def read_spec(data: bytes, kind: type[Any]) -> Any:
    """Raises Refused (`bad-spec`) and says which key is wrong."""
    if len(data) > SPEC_LIMIT:
        raise Refused("The spec is too long.", code="bad-spec")
    try:
        return msgspec.json.decode(data, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Refused(f"The spec cannot be read: {error}", code="bad-spec") from error
