"""The accounts of `deploy/rbac` under names of their own: runs are driven with the rights that people are given."""

from __future__ import annotations

import base64
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from tests.acceptance.server import Answered, Server

RBAC = Path(__file__).resolve().parents[2] / "deploy" / "rbac"
API = "/apis/rbac.authorization.k8s.io/v1"
WHERE = {
    "Namespace": "/api/v1/namespaces",
    "ServiceAccount": "/api/v1/namespaces/{}/serviceaccounts",
    "ClusterRole": f"{API}/clusterroles",
    "ClusterRoleBinding": f"{API}/clusterrolebindings",
    "Role": f"{API}/namespaces/{{}}/roles",
    "RoleBinding": f"{API}/namespaces/{{}}/rolebindings",
}
ORDINARY, GLASS = "aftermath", "aftermath-break-glass"
LASTS = 4 * 3600  # seconds


@dataclass
class Accounts:
    """`directory` is where their kubeconfigs are written."""

    server: Server
    directory: Path
    suffix: str = field(default_factory=lambda: uuid.uuid4().hex[:6])
    made: list[str] = field(default_factory=list)

    def make(self) -> Accounts:
        for part in ("reader", "keeper", "break-glass"):
            self.apply(part)
        for name in (ORDINARY, GLASS):
            self.kubeconfig(name).write_text(self.access(name))
        return self

    def opt_in(self, namespace: str) -> None:
        """As a namespace does: from then on there may be acted in it."""
        for part in ("actor", "gitops"):
            self.apply(part, namespace)

    def kubeconfig(self, name: str) -> Path:
        return self.directory / f"{name}.kubeconfig"

    def apply(self, part: str, namespace: str = "") -> None:
        # Namespaces sort before accounts, and what is bound before its bindings does not matter.
        for path in sorted((RBAC / part).glob("*.yaml"), key=lambda path: path.name != "namespace.yaml"):
            for told in yaml.safe_load_all(path.read_text()):
                if told["kind"] in WHERE:
                    self.create(self.renamed(told, namespace))

    def renamed(self, told: dict[str, Any], namespace: str) -> dict[str, Any]:
        meta = {**told["metadata"], "name": self.name(told["metadata"]["name"])}
        if "{}" in WHERE[told["kind"]]:
            meta["namespace"] = namespace or self.name(meta["namespace"])
        for subject in told.get("subjects", ()):
            subject |= {"name": self.name(subject["name"]), "namespace": self.name(subject["namespace"])}
        if "roleRef" in told:
            told["roleRef"]["name"] = self.name(told["roleRef"]["name"])
        return {**told, "metadata": meta}

    def name(self, name: str) -> str:
        return f"{name}-{self.suffix}"

    def create(self, told: dict[str, Any]) -> None:
        where = WHERE[told["kind"]].format(told["metadata"].get("namespace", ""))
        self.server.ask("POST", where, told)
        self.made.append(f"{where}/{told['metadata']['name']}")

    def access(self, name: str) -> str:
        """A kubeconfig with a token of the account."""
        path = f"{WHERE['ServiceAccount'].format(self.name(ORDINARY))}/{self.name(name)}/token"
        token = self.server.ask("POST", path, {"spec": {"expirationSeconds": LASTS}})["status"]["token"]
        ca = base64.b64encode(self.server.access.ca).decode()
        server = f"https://{self.server.access.host}:{self.server.access.port}"
        return yaml.safe_dump(
            {
                "apiVersion": "v1",
                "kind": "Config",
                "clusters": [{"name": "c", "cluster": {"server": server, "certificate-authority-data": ca}}],
                "users": [{"name": "u", "user": {"token": token}}],
                "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u"}}],
                "current-context": "x",
            }
        )

    def clear(self) -> None:
        for path in reversed(self.made):
            try:
                self.server.ask("DELETE", path)
            except Answered as e:
                if e.code != 404:
                    raise
