"""
Synology DSM over its web API: `POST /webapi/entry.cgi`, a form, and JSON back.

Sources: the DSM Login Web API Guide, and for `SYNO.Core.ISCSI.*`, which Synology does not document, its own CSI driver.
Every request opens a connection of its own: nothing is shared between threads or processes but the session's id, and a
connection that the NAS closed meanwhile can lose no answer. No request is ever sent twice unless the NAS itself said
that it did not take the first.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from ssl import SSLContext, SSLError
from typing import Any, TypeVar
from urllib.parse import urlsplit

import httpx

from cluster.errors import NotFound, Refused, Unreachable
from cluster.nas import answers, logins
from cluster.nas.answers import Answer, decoded
from cluster.nas.api import NasSnapshot, Session
from cluster.nas.configured import Configured
from cluster.nas.tls import WrongCertificate, context

T = TypeVar("T")

CONNECT, READ, WHOLE = 5.0, 30.0, 60.0  # seconds: for the connection, between two pieces of an answer, for all of it
MOST = 16 * 1024 * 1024  # bytes of an answer
FRESH = 60.0  # seconds for which "no permission" cannot mean that the session has become stale
AUTH, LUN, TARGET = "SYNO.API.Auth", "SYNO.Core.ISCSI.LUN", "SYNO.Core.ISCSI.Target"
TAKEN_BY = "aftermath"
KINDS = [
    *("BLOCK", "FILE", "THIN", "ADV", "SINK", "CINDER", "CINDER_BLUN", "CINDER_BLUN_THICK"),
    *("BLUN", "BLUN_THICK", "BLUN_SINK", "BLUN_THICK_SINK"),
]


class NoWay(Unreachable):
    """There was no connection: the NAS has seen nothing of what was asked."""


class NotTrusted(Refused):
    """Whoever answers cannot show the right certificate: nothing was asked."""


@dataclass(frozen=True)
class Signed:
    """A session of ours on the NAS."""

    sid: str = field(repr=False)
    token: str = field(repr=False)
    since: float = field(default_factory=time.monotonic)

    def form(self) -> dict[str, str]:
        return {"_sid": self.sid, **({"SynoToken": self.token} if self.token else {})}

    def headers(self) -> dict[str, str]:
        """Which of them a NAS reads depends on its version: the form's, or these."""
        return {"Cookie": f"id={self.sid}", **({"X-SYNO-TOKEN": self.token} if self.token else {})}


class Dsm:
    """`cluster.nas.api.Nas`. May be used by many threads. Raises Refused for settings that cannot be used."""

    def __init__(self, configured: Configured) -> None:
        if missing := configured.missing():
            raise Refused(f"The NAS is configured by half: set {', '.join(missing)}, too.")
        for sentence in configured.unusable():
            raise Refused(sentence)
        self.configured = configured
        self.url = f"{configured.url.rstrip('/')}/webapi/entry.cgi"
        self.name = urlsplit(configured.url).hostname or ""
        self.lock = threading.Lock()
        self.signed: Signed | None = None

    # --- What is asked of a NAS ---

    def snapshots(self, lun: str) -> tuple[NasSnapshot, ...]:
        found = self.ask(LUN, "list_snapshot", answers.Snapshots, src_lun_uuid=lun).snapshots
        return tuple(sorted((info.value() for info in found), key=lambda s: (s.taken, s.uuid)))

    def snapshot(self, uuid: str) -> NasSnapshot:
        return self.ask(LUN, "get_snapshot", answers.OneSnapshot, snapshot_uuid=uuid).snapshot.value()

    def take(self, lun: str, name: str, mark: str) -> str:
        taken = self.ask(
            LUN,
            "take_snapshot",
            answers.Taken,
            src_lun_uuid=lun,
            snapshot_name=name,
            description=mark,
            taken_by=TAKEN_BY,
            is_locked=True,
            is_app_consistent=False,
        )
        return taken.snapshot_uuid

    def sessions(self, lun: str) -> tuple[Session, ...]:
        asked = ["mapped_lun", "connected_sessions"]
        targets = self.ask(TARGET, "list", answers.Targets, additional=asked).targets
        if any(target.mapped_luns is None for target in targets):
            raise Unreachable("The NAS does not say which LUNs its targets offer.")
        mine = [t for t in targets if any(mapped.lun_uuid == lun for mapped in t.mapped_luns or ())]
        if any(target.connected_sessions is None for target in mine):
            raise Unreachable("The NAS does not say who is connected to its targets.")
        if not mine and lun not in self.luns():
            raise NotFound(f"The NAS {self.name} has no LUN {lun}.")
        return tuple(sorted({session.value() for target in mine for session in target.connected_sessions or ()}))

    def luns(self) -> frozenset[str]:
        return frozenset(found.uuid for found in self.ask(LUN, "list", answers.Luns, types=KINDS).luns)

    # --- Asking ---

    def ask(self, api: str, method: str, kind: type[T], **fields: Any) -> T:
        """One request in our session. When that is over, which the NAS says, once more in a new one."""
        form = {"api": api, "version": "1", "method": method, **{name: json.dumps(v) for name, v in fields.items()}}
        signed, new = self.session()
        answer = self.post({**form, **signed.form()}, signed.headers())
        if not answer.success and not new and over(answer.error.code, signed):
            self.forget(signed)
            signed, _ = self.session()
            answer = self.post({**form, **signed.form()}, signed.headers())
        if not answer.success:
            raise answers.error(answer.error.code)
        return decoded(answer.data, kind)

    def session(self) -> tuple[Signed, bool]:
        """Our session, and whether it was made just now."""
        with self.lock:
            if self.signed:
                return self.signed, False
            self.signed = self.log_in()
            return self.signed, True

    def forget(self, signed: Signed) -> None:
        with self.lock:
            if self.signed is signed:
                self.signed = None

    def log_in(self) -> Signed:
        """Raises LoginRefused, and does not even ask while a refusal of the same settings stands."""
        logins.turn(self.configured.account)
        form = {
            "api": AUTH,
            "version": "3",
            "method": "login",
            "account": self.configured.user,
            "passwd": self.configured.password,
            "format": "sid",
            "enable_syno_token": "yes",
        }
        try:
            answer = self.post(form, {})
        except (NoWay, NotTrusted):
            logins.not_sent(self.configured.account)
            raise
        if answer.success:
            made = decoded(answer.data, answers.LoggedIn)
            logins.accepted(self.configured.account)
            return Signed(made.sid, made.synotoken)
        if 400 <= answer.error.code < 500:
            raise logins.refused(self.configured.account, answer.error.code)
        raise answers.error(answer.error.code)

    # --- The wire ---

    @cached_property
    def context(self) -> SSLContext:
        return context(self.configured.pin)

    def post(self, form: Mapping[str, str], headers: Mapping[str, str]) -> Answer:
        """
        Raises NoWay or NotTrusted when nothing was sent, Refused when it is no DSM that answers, and Unreachable when
        what was asked may have happened.
        """
        patience = httpx.Timeout(READ, connect=CONNECT)
        try:
            with (
                httpx.Client(verify=self.context, trust_env=False, timeout=patience) as client,
                client.stream("POST", self.url, data=dict(form), headers=dict(headers)) as response,
            ):
                if response.status_code != 200:
                    raise unexpected(response)
                return decoded(b"".join(pieces(response)), Answer)
        except (httpx.ConnectError, httpx.ConnectTimeout) as e:
            raise self.no_connection(e) from e
        except (httpx.HTTPError, httpx.InvalidURL) as e:
            raise Unreachable(f"The NAS {self.name} did not answer: {e or type(e).__name__}") from e

    def no_connection(self, e: httpx.TransportError) -> NoWay | NotTrusted:
        for cause in causes(e):
            if isinstance(cause, WrongCertificate):
                return NotTrusted(
                    f"{self.name} shows another certificate than NAS_CERTIFICATE names; nothing was sent to it. Its "
                    f"SHA-256 is {cause.shown}: change the setting only if the NAS itself shows the same."
                )
            if isinstance(cause, SSLError):
                return NotTrusted(
                    f"The certificate of {self.name} cannot be trusted ({cause.reason or cause}); nothing was sent to "
                    "it. Let NAS_CERTIFICATE name its SHA-256."
                )
        return NoWay(f"The NAS {self.name} cannot be reached: {e or type(e).__name__}")


def over(code: int, signed: Signed) -> bool:
    """Whether this error may only mean that the session has ended."""
    stale = code == answers.NO_PERMISSION and time.monotonic() - signed.since > FRESH
    return code in answers.SESSION_OVER or stale


def unexpected(response: httpx.Response) -> Unreachable | Refused:
    """An answer that is not DSM's: a broken server may recover, another server will not."""
    if response.status_code >= 500:
        return Unreachable(f"The NAS answered with HTTP {response.status_code}.")
    return Refused(f"NAS_URL does not lead to a DSM: it answered with HTTP {response.status_code}.")


def pieces(response: httpx.Response) -> Iterator[bytes]:
    end, size = time.monotonic() + WHOLE, 0
    for piece in response.iter_bytes():
        size += len(piece)
        if size > MOST or time.monotonic() > end:
            raise Unreachable("The answer of the NAS is too long.")
        yield piece


def causes(e: BaseException | None) -> Iterator[BaseException]:
    while e:
        yield e
        e = e.__cause__ or e.__context__
