r"""
The agent: `python -m backups.agent VERB < spec.json` (or `--spec FILE`).

It speaks JSON lines on stdout. Any number of
    {"progress": {"doing": "extract", "bytes": 1, "of_bytes": 9, "files": 1, "of_files": 9}}
at most four a second, `of_*` null where unknown; then exactly one last line, with exit code 0 or 1:
    {"result": {...}}
    {"error": {"code": "no-space", "message": "A sentence in English.", "params": {...}}}
Credentials come from the environment only (AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN). SIGTERM ends
it cleanly (`terminated`). Every verb may be started twice, and again after being killed anywhere. A key that is not
named below is refused (`bad-spec`). Names that are not UTF-8 are shown with backslash escapes.

Keys that every verb takes
    data        absolute path of the claim's files (required)
    source      absolute path of a snapshot's files (a directory). `inspect` and `archive` read it instead of `data`
                when it is given; `restore` copies from it; the other verbs pay no attention to it
    run         the run's id, [A-Za-z0-9][A-Za-z0-9._-]{0,62}; required where something is written below
                DATA/.aftermath/RUN/ (restore, verify of staging, own, unown, swap, unswap, discard, purge)
    owners      "real" | "beside" | "auto" (default: real for root, else beside)
    expect      {"filesystem_id": "..."}; another one is refused before anything is touched (`other-filesystem`)
    filesystem, capacity
                where many claims share one filesystem (the range): the id that stands for this claim's, and its size in
                bytes, which its files, what runs keep beside them too, may not exceed
    store       {"endpoint": "http://...", "region": "us-east-1", "bucket": "..."}; for archive, and restore by key

inspect     sentinels: [path], wanted: {"uid", "gid", "modes": bool = false, "keep_list": bool = false}
                keep_list writes DATA/.aftermath/RUN/owners.wanted.jsonl (needs run, and a place that can be written)
            aside: a run's id, what `purge` of which would remove is counted
    result  filesystem_id: str, device: int, total_bytes, free_bytes, total_inodes, used_inodes, free_inodes: int,
            read_only: bool, files, directories, bytes: int, special: int (sockets, pipes, devices), unreadable: int,
            top: {name: {"files", "bytes"}} ("." are files at the root; at most 1,000 names, the rest under "*"),
            owners: [{"uid", "gid", "files"}] most first, newest, oldest: ISO time | null,
            sentinels: [{"path", "exists", "bytes", "sha256"}],
            root: {"uid", "gid", "mode"},
            runs: [{"run", "state", "staging": bool, "previous": bool}]
                state: none | planned | forward | swapped | backing | back | purging | purged
            differing: null | {"count", "first": [{"path", "uid", "gid", "mode"}] (100 at most), "list": path | null}
            aside: null | {"files", "directories", "bytes"}
archive     name, prefix, store, from_: "snapshot" | "quiet" | "live" (default live), sentinels: [path],
            taken: ISO time (when its files were so; default now; for copies of the past that the practice world shows),
            claim_uid, volume_handle: str = "", level: int = 3, of_bytes, of_files: int | null
            (or file: absolute path, instead of store and prefix; its manifest is beside it, as in the store)
            With a run, an archive that this run has finished before is not made again; without one it always is.
            The manifest of PREFIX/NAME.tar.zst is PREFIX/NAME.manifest.json (backups.manifest.beside), and comes last.
    result  archive_key, manifest_key: str, manifest: {...} (backups.manifest.Manifest), again: bool (was there already)
restore     run, and one of
                key: str, store           an archive in S3, as `file`
                file: absolute path       .tar, .tar.gz, .tar.zst; a manifest beside it is used if there is one
                source: absolute path     a directory
            manifest: {...} | null (instead of the one beside the archive), leaving_links: "refuse" | "keep"
            inner: an entry of the archive that is itself the archive (.tar, .tar.gz, .tar.zst); "" is none
            strip: the folder of the archive that is the root of the volume; what lies beside it is left; "" is none
            Where the manifest names these they must not differ. Where nobody names them, a Home Assistant backup is
            known by its looks (one that is encrypted is refused), and anything else is taken as it is.
            of_bytes, of_files: at most so much, where no manifest says; else what has room here. Such an archive is
            read twice: once to list it.
    result  staging: path, files, directories, bytes: int, sha256: str | null, manifest: {...} (what was admitted),
            again: bool, inner, strip: str (what was chosen),
            notes: [no-manifest | inner | stripped | outside-root (there was more beside the folder) | left-out |
                    links-leaving | owners-not-all-set]
verify      run, where: "staging" (default) | "live", manifest: {...} | null (default: what `restore` kept),
            sentinels: [path] (must exist, besides the manifest's own), json: [path] (must parse), sqlite: bool = true
    result  files, directories, bytes: int, sentinels: [...], sqlite: [{"path", "ok"}], json: [path], checked: [code]
    error   not-verified, params.problems: [{"code", "path", "wanted", "found"}]
own         run, uid, gid: int, where: "live" (default) | "staging", modes: bool = true (u+rwX),
            only_listed: bool = false (only what `inspect` kept in owners.wanted.jsonl)
    result  changed, of: int, undo: path, first: [{"path", "uid", "gid", "mode"}] (as they were),
            cleared: int (setuid, setgid or capabilities that the change took away; unown gives them back)
unown       run
    result  changed: int, missing: int
swap        run
    result  state: "swapped", live: int (entries put aside), staged: int (put in place), previous: path, again: bool
unswap      run
    result  state: "back", live, staged: int, again: bool
discard     run
    result  removed: bool, files: int
purge       run, confirm: the run's id once more
    result  removed: bool, files: int, bytes: int
hold        run, seconds: int (1 to 86,400). It holds no lock and touches no file; SIGTERM ends it with a result
            its progress is {"doing": "hold", "seconds_left": int}, every three seconds
    result  seconds: int (that it lasted), early: bool (it was asked to end)

Codes of errors: bad-spec, busy (another agent is at this data; ask again), terminated, other-filesystem, no-data,
not-found, forbidden, unreachable (ask again), refused (by the store), no-credentials, bad-key, too-large,
object-changed, no-space, read-only, io-error, no-tar, tar-failed, changed-while-read, special-file, no-xattrs,
not-ours, bad-journal, bad-manifest, wrong-digest, truncated, bad-archive, no-inner, no-root, encrypted, absolute-path,
parent-path, device, link-leaves, through-link, too-many-files, too-many-bytes, empty-archive, not-restored,
not-verified, no-undo, no-staging, mount-point, swap-unfinished, not-swapped, purged, not-confirmed, other-archive,
internal
"""

from __future__ import annotations

import errno
import importlib
import logging
import os
import signal
import sys
from collections.abc import Callable
from typing import Any, NoReturn

import msgspec

from backups.agent import values
from backups.agent.speak import Speaker
from backups.errors import BackupsError, Refused

log = logging.getLogger("backups.agent")

# A verb, the module that does it and its spec. Only that module is loaded: half of the verbs need no object store.
VERBS: dict[str, tuple[str, type[values.Spec]]] = {
    "inspect": ("looking", values.InspectSpec),
    "archive": ("archiving", values.ArchiveSpec),
    "restore": ("restoring", values.RestoreSpec),
    "verify": ("verifying", values.VerifySpec),
    "own": ("owning", values.OwnSpec),
    "unown": ("owning", values.RunSpec),
    "swap": ("swapping", values.RunSpec),
    "unswap": ("swapping", values.RunSpec),
    "discard": ("clearing", values.RunSpec),
    "purge": ("clearing", values.PurgeSpec),
    "hold": ("holding", values.HoldSpec),
}
SYSTEM = {
    errno.ENOSPC: "no-space",
    errno.EDQUOT: "no-space",
    errno.EROFS: "read-only",
    errno.EIO: "io-error",
    errno.EACCES: "forbidden",
    errno.EPERM: "forbidden",
}


class Terminated(BaseException):
    """SIGTERM."""


def terminate(number: int, frame: object) -> NoReturn:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # what is being cleaned up is not interrupted again
    raise Terminated


def run(verb: str, data: bytes, speaker: Speaker) -> values.Result:
    """Do what the spec says. Raises BackupsError or OSError."""
    module, kind = VERBS[verb]
    spec = values.read_spec(data, kind)
    act: Callable[[Any, Speaker], values.Result] = getattr(importlib.import_module(f"backups.agent.{module}"), verb)
    return act(spec, speaker)


def answer(verb: str, data: bytes, speaker: Speaker) -> dict[str, Any]:
    """The last line, whatever happens."""
    try:
        return {"result": msgspec.to_builtins(run(verb, data, speaker))}
    except BackupsError as error:
        return failure(error.code, str(error), error.params)
    except OSError as error:
        return failure(
            SYSTEM.get(error.errno or 0, "internal"), f"{error.strerror or error}: {error.filename or ''}", {}
        )
    except Terminated:
        return failure("terminated", "It was asked to end.", {})
    except Exception as error:
        log.exception("%s", verb)
        return failure("internal", f"{type(error).__name__}: {error}", {})


def failure(code: str, message: str, params: dict[str, Any]) -> dict[str, Any]:
    return {"error": {"code": code, "message": message, "params": params}}


def main(arguments: list[str]) -> int:
    speaker = Speaker()
    signal.signal(signal.SIGTERM, terminate)
    try:
        verb, data = read(arguments)
    except Terminated:
        last = failure("terminated", "It was asked to end.", {})
    except (Refused, OSError) as error:
        last = failure("bad-spec", str(error), {})
    else:
        last = answer(verb, data, speaker)
    speaker.last(last)
    return 0 if "result" in last else 1


def read(arguments: list[str]) -> tuple[str, bytes]:
    if len(arguments) not in (1, 3) or arguments[0] not in VERBS or (len(arguments) == 3 and arguments[1] != "--spec"):
        raise Refused(f"Say one of {', '.join(VERBS)}, and the spec on stdin or by --spec FILE.")
    if len(arguments) == 1:
        return arguments[0], sys.stdin.buffer.read(values.SPEC_LIMIT + 1)
    with open(arguments[2], "rb") as file:
        return arguments[0], file.read(values.SPEC_LIMIT + 1)


if __name__ == "__main__":
    logging.basicConfig(stream=sys.stderr)
    code = main(sys.argv[1:])
    sys.stdout.flush()
    os._exit(code)  # threads that still wait for a silent store are not waited for
