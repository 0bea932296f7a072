"""A NAS of one's own, on loopback, that the settings name."""

from __future__ import annotations

import hashlib
import shutil
import ssl
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from cluster.nas.configured import Configured
from cluster.nas.connect import made
from cluster.nas.dsm import Dsm
from tests.nas.twin import PASSWORD, USER, Twin, served
from tests.requirements import missing


@pytest.fixture
def twin():
    with served(Twin()) as twin:
        yield twin


@pytest.fixture
def dsm(twin, db):
    return signed_for(twin)


def signed_for(twin, *, password=PASSWORD, certificate=""):
    return Dsm(Configured(twin.url, USER, password, certificate))


@pytest.fixture
def configured(twin, settings, db):
    """The settings name the twin; a process that starts now speaks with it."""
    settings.NAS_URL, settings.NAS_USER, settings.NAS_PASSWORD = twin.url, USER, PASSWORD
    settings.NAS_CERTIFICATE = ""
    made.cache_clear()
    yield settings
    made.cache_clear()


@dataclass(frozen=True)
class Identity:
    certificate: Path
    key: Path

    @property
    def digest(self) -> str:
        der = ssl.PEM_cert_to_DER_cert(self.certificate.read_text())
        return hashlib.sha256(der).hexdigest()


@pytest.fixture(scope="session")
def identities(tmp_path_factory):
    """Two certificates that nobody vouches for, as a NAS makes its own: for another name, and of the past."""
    if not shutil.which("openssl"):
        missing("openssl", "openssl makes the certificates of these tests: apt install openssl.")
    return [make(tmp_path_factory.mktemp("tls"), name) for name in ("synology.com", "another.example")]


def make(directory: Path, name: str) -> Identity:
    identity = Identity(directory / "certificate.pem", directory / "key.pem")
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    command += ["-subj", f"/CN={name}", "-days", "1", "-keyout", identity.key, "-out", identity.certificate]
    subprocess.run(command, check=True, capture_output=True)
    return identity
