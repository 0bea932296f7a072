"""The settings of a NAS: whether they can be used, and whether they are still those that were refused."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from django.conf import settings
from django.utils.crypto import salted_hmac

HERE = {"localhost", "127.0.0.1", "::1"}


@dataclass(frozen=True)
class Configured:
    """`url` leads to DSM's own pages; `certificate` is the SHA-256 of the one it must show, or empty."""

    url: str
    user: str
    password: str = field(repr=False)
    certificate: str = ""

    @property
    def wanted(self) -> bool:
        """Whether anybody set any of it: half a NAS is a mistake, and none is none."""
        return bool(self.url or self.user or self.password or self.certificate)

    @property
    def pin(self) -> str:
        """64 hexadecimal digits, or nothing."""
        return self.certificate.replace(":", "").replace(" ", "").lower()

    def missing(self) -> list[str]:
        """The settings without which the others are of no use."""
        needed = {"NAS_URL": self.url, "NAS_USER": self.user, "NAS_PASSWORD": self.password}
        return [name for name, value in needed.items() if not value]

    def unusable(self) -> Iterator[str]:
        """A sentence for each setting that cannot be used as it is."""
        try:
            parts = urlsplit(self.url)
            host, scheme = parts.hostname or "", parts.scheme
            unclear = not host or scheme not in ("http", "https") or parts.port == 0 or bool(parts.username)
        except ValueError:
            unclear, host, scheme = True, "", ""
        if unclear:
            yield "NAS_URL is no address such as https://nas.example.org:5001."
        elif scheme == "http" and host not in HERE:
            yield "NAS_URL begins with http: the password would travel in the clear."
        elif scheme == "http" and self.pin:
            yield "NAS_CERTIFICATE is set, and NAS_URL begins with http: no certificate would be shown."
        if self.pin and not re.fullmatch(r"[0-9a-f]{64}", self.pin):
            yield "NAS_CERTIFICATE is no SHA-256: it has 64 hexadecimal digits."

    @property
    def account(self) -> str:
        """What stands for these credentials in our records, and gives none of them away."""
        parts = "\0".join((self.url, self.user, self.password))
        return salted_hmac("cluster.nas", parts, algorithm="sha256").hexdigest()


def configured() -> Configured:
    return Configured(settings.NAS_URL, settings.NAS_USER, settings.NAS_PASSWORD, settings.NAS_CERTIFICATE)
