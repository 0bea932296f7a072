"""The program on a cluster, as its manifests start it: with a database and a broker beside it, and all of it ended."""

from __future__ import annotations

import contextlib
import hashlib
import http.client
import os
import re
import secrets
import select
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from pathlib import Path
from string import Template
from urllib.parse import urlencode

import yaml

from tests.cluster.kit import IMAGE
from tests.deploy.kubectl import ROOT, copied, kubectl, program
from tests.requirements import missing

HERE = Path(__file__).parent
NAME = "aftermath.example.org"
ENFORCE = "pod-security.kubernetes.io/enforce"


# --- Images ------------------------------------------------------------------------------------------------------


def kit() -> Path | None:
    """A directory with `up`, `down` and `docker-build` that gives a real Kubernetes here, if there is one."""
    named = os.environ.get("AFTERMATH_KIT")
    here = Path(named) if named else ROOT.parent / "shared" / "kit"
    return here if (here / "docker-build").exists() else None


def image(name: str, variable: str) -> str:
    """An image of the tests' own: the one that the variable names, else one that is built here and kept."""
    if given := os.environ.get(variable):
        return given
    builder = kit()
    if builder is None:
        missing("kubernetes", f"needs an image of {name} that the nodes have: let {variable} name one")
    context = HERE / "images" / name
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in sorted(context.iterdir()))).hexdigest()[:8]
    tag = f"aftermath-tests-{name}:{digest}"
    kept = os.environ.get("KIT_DIR", "")
    if not kept or not (Path(kept) / "images" / f"{tag.replace(':', '_')}.tar").exists():
        done = subprocess.run(
            [builder / "docker-build", context, tag], capture_output=True, text=True, timeout=600, check=False
        )
        assert done.returncode == 0, done.stderr[-2000:]
    return tag


def filled(name: str, **values: str) -> str:
    return Template((HERE / name).read_text()).substitute(values)


# --- What runs ---------------------------------------------------------------------------------------------------


@dataclass
class Product:
    """`namespace` is the program's; `home` has volumes and opted in, `closed` has volumes and did not."""

    namespace: str
    home: str
    closed: str
    directory: Path
    store: str  # where the object store answers, as pods reach it
    password: str = field(default_factory=lambda: secrets.token_hex(16), repr=False)

    def start(self) -> None:
        for name in (self.namespace, self.home, self.closed):
            kubectl("create", "namespace", name)
        kubectl("label", "namespace", self.namespace, f"{ENFORCE}=restricted")
        kubectl("label", "namespace", self.home, f"{ENFORCE}=baseline")
        self.beside()
        overlay = copied(self.directory / "deploy") / "mine"
        (overlay / "secrets").mkdir(parents=True)
        for name, value in self.secrets().items():
            (overlay / "secrets" / name).write_text(value)
        name, _, tag = IMAGE.rpartition(":")
        image = {"IMAGE_NAME": name, "IMAGE_TAG": tag}
        self.apply(overlay, "overlay.yaml", NAMESPACE=self.namespace, S3=self.store, **image)
        opted = overlay.parent / "opted-in"
        opted.mkdir()
        self.apply(opted, "opted-in.yaml", NAMESPACE=self.namespace, HOME=self.home)

    def apply(self, directory: Path, name: str, **values: str) -> None:
        (directory / "kustomization.yaml").write_text(filled(name, **values))
        kubectl("apply", "-k", str(directory))

    def beside(self) -> None:
        database = image("postgres", "AFTERMATH_TEST_POSTGRES")
        broker = image("redis", "AFTERMATH_TEST_REDIS")
        text = filled("beside.yaml", DATABASE=database, BROKER=broker, PASSWORD=self.password)
        kubectl("apply", "--namespace", self.namespace, "-f", "-", given=text)

    def secrets(self) -> dict[str, str]:
        postgres, redis = (self.address(name) for name in ("postgres", "redis"))
        return {
            "secret-key": secrets.token_urlsafe(50),
            "database-url": f"postgres://aftermath:{self.password}@{postgres}:5432/postgres",
            "redis-url": f"redis://{redis}:6379/0",
            "s3-key": os.environ.get("AWS_ACCESS_KEY_ID", ""),
            "s3-secret": os.environ.get("AWS_SECRET_ACCESS_KEY", ""),
        }

    def address(self, service: str) -> str:
        """Without a name: a cluster of tests may have no DNS."""
        return self.ask("get", "service", service, "-o", "jsonpath={.spec.clusterIP}")

    def ask(self, *words: str, **more: float) -> str:
        return kubectl("--namespace", self.namespace, *words, **more)  # type: ignore[arg-type]

    def ready(self, seconds: int = 240) -> None:
        for part in ("web", "worker", "beat"):
            self.ask("rollout", "status", f"deployment/{part}", f"--timeout={seconds}s", seconds=seconds + 10)

    def said(self) -> str:
        """What there is to know when it did not start."""
        pods = self.ask("get", "pods", "-o", "wide", check=False)
        logs = [self.ask("logs", f"deployment/{part}", "--tail=30", check=False) for part in ("web", "worker")]
        jobs = self.ask("logs", "job/migrate", "--tail=30", check=False)
        return "\n".join([pods, *logs, jobs])

    def admin(self) -> tuple[str, str]:
        said = self.ask("exec", "deployment/web", "--container=program", "--", "python", "manage.py", "admin")
        found = re.search(r"Sign in as (\S+) with the one-time password (\S+)", said)
        assert found, said
        return found.group(1), found.group(2)

    def end(self) -> None:
        for kind in ("clusterrolebinding", "clusterrole"):
            kubectl("delete", kind, self.namespace, "--ignore-not-found", check=False)
        names = (self.namespace, self.home, self.closed)
        kubectl("delete", "namespace", *names, "--ignore-not-found", "--wait=false", check=False)


def volume(namespace: str, name: str, kind: str, box: str) -> str:
    """A claim with an application of one replica that writes to it, as restricted as its namespace asks."""
    own = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}
    container = {
        "name": "app",
        "image": box,
        "command": ["sh", "-c", f"echo 1 > /{name}/kept; trap 'exit 0' TERM; while :; do sleep 1; done"],
        "volumeMounts": [{"name": "data", "mountPath": f"/{name}"}],
        "securityContext": own,
    }
    pod = {
        "terminationGracePeriodSeconds": 1,
        "automountServiceAccountToken": False,
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": 1000,
            "fsGroup": 1000,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "containers": [container],
        "volumes": [{"name": "data", "persistentVolumeClaim": {"claimName": name}}],
    }
    claim = {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {
            "accessModes": ["ReadWriteOnce"],
            "storageClassName": kind,
            "resources": {"requests": {"storage": "64Mi"}},
        },
    }
    labels = {"app": name}
    app = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {
            "replicas": 1,
            "strategy": {"type": "Recreate"},
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": pod},
        },
    }
    return yaml.safe_dump_all([claim, app])


# --- Who reads ---------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def forwarded(namespace: str) -> Iterator[int]:
    """A port of this machine that leads to the web's service."""
    command = [program(), "--namespace", namespace, "port-forward", "service/web", ":80"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        try:
            assert process.stdout
            assert select.select([process.stdout], [], [], 30)[0], "nothing was forwarded in 30 seconds"
            line = process.stdout.readline()
            found = re.search(r"127\.0\.0\.1:(\d+)", line)
            assert found, line
            yield int(found.group(1))
        finally:
            process.terminate()


@dataclass
class Person:
    """A browser without scripts, behind a proxy that speaks TLS."""

    port: int
    cookies: dict[str, str] = field(default_factory=dict)
    at: str = ""

    def ask(self, method: str, path: str, **form: str) -> tuple[int, str]:
        """The status and the text, after any redirects."""
        headers = {"Host": NAME, "X-Forwarded-Proto": "https", "Referer": f"https://{NAME}/"}
        headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        body = None
        if method == "POST":
            headers["Content-Type"] = "application/x-www-form-urlencoded"
            body = urlencode({"csrfmiddlewaretoken": self.cookies.get("csrftoken", ""), **form})
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            text = answer.read().decode()
        finally:
            connection.close()
        for name, value in answer.getheaders():
            if name.lower() == "set-cookie":
                self.cookies |= {key: morsel.value for key, morsel in SimpleCookie(value).items()}
        self.at = path
        if answer.status in (301, 302, 303):
            return self.ask("GET", answer.getheader("Location", ""))
        return answer.status, text

    def read(self, path: str) -> str:
        status, text = self.ask("GET", path)
        assert status == 200, (status, path, text[-500:])
        return text

    def send(self, path: str, **form: str) -> str:
        status, text = self.ask("POST", path, **form)
        assert status == 200, (status, path, re.findall(r'class="[^"]*error[^"]*"[^>]*>([^<]+)', text), text[-300:])
        return text

    def until(self, path: str, pattern: str, seconds: float = 60) -> str:
        """The page, once it says so."""
        end = time.monotonic() + seconds
        while not re.search(pattern, text := self.read(path), re.DOTALL):
            assert time.monotonic() < end, f"{path} did not say {pattern} in {seconds:g} s: {plain(text)[-1500:]}"
            time.sleep(0.5)
        return text


def plain(page: str) -> str:
    """What a page says, without its tags."""
    main = page.partition("<main")[2] or page
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", main)).strip()
