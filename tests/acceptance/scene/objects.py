"""The scene as Kubernetes' objects: an application with its volume, a sync beside it, and somebody else's things."""

from __future__ import annotations

from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
CLAIM, PHOTOS = "config", "photos"
HOUSE, GALLERY, SYNCER = "house", "gallery", "config-syncer"
PORT = 8123
PREFIX = "house"  # where the sync copies to
SIZES = {CLAIM: ("csi-ext4", "384Mi"), PHOTOS: ("csi-hostpath", "64Mi")}
HARDENED = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}
# Every few seconds, and once more when it is ended: what the source does not have is deleted at the other end.
SYNC = f"""
copy() {{ rclone sync /config ":s3:$BUCKET/{PREFIX}" --exclude ".storage/**" --exclude "thumbnails/**" \
  --exclude "home.db*" --exclude ".aftermath/**" --exclude "lost+found/**" --exclude ".ha_run.lock" --quiet; }}
trap 'copy; exit 0' TERM
while :; do copy; sleep "$EVERY" & wait $!; done
"""


def meta(namespace: str, name: str, **more: Any) -> dict[str, Any]:
    return {"namespace": namespace, "name": name, **more}


def config_map(namespace: str) -> dict[str, Any]:
    files = {name: (HERE / name).read_text() for name in ("house.py", "contents.py", "prints.py")}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta(namespace, "scene"), "data": files}


def secret(namespace: str, environment: dict[str, str]) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": meta(namespace, "sync-key"),
        "stringData": environment,
    }


def claim(namespace: str, name: str) -> dict[str, Any]:
    kind, size = SIZES[name]
    spec = {
        "accessModes": ["ReadWriteOnce"],
        "storageClassName": kind,
        "resources": {"requests": {"storage": size}},
    }
    return {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": meta(namespace, name), "spec": spec}


def pod(
    namespace: str, name: str, image: str, claim: str, command: list[str], *, read_only: bool = False
) -> dict[str, Any]:
    """Somebody's pod that works on a claim once, as root."""
    spec = {
        "restartPolicy": "Never",
        "terminationGracePeriodSeconds": 1,
        "automountServiceAccountToken": False,
        "securityContext": {"runAsUser": 0},
        "containers": [
            {
                "name": "work",
                "image": image,
                "command": command,
                "volumeMounts": [mount("data", "/data", read_only=read_only), mount("scene", "/scene", read_only=True)],
            }
        ],
        "volumes": [of_claim("data", claim), {"name": "scene", "configMap": {"name": "scene"}}],
    }
    return {"apiVersion": "v1", "kind": "Pod", "metadata": meta(namespace, name), "spec": spec}


def mount(name: str, path: str, *, read_only: bool = False) -> dict[str, Any]:
    return {"name": name, "mountPath": path, "readOnly": read_only}


def of_claim(name: str, claim: str) -> dict[str, Any]:
    return {"name": name, "persistentVolumeClaim": {"claimName": claim}}


def deployment(namespace: str, name: str, template: dict[str, Any]) -> dict[str, Any]:
    labels = {"app": name}
    spec = {
        "replicas": 1,
        "strategy": {"type": "Recreate"},
        "selector": {"matchLabels": labels},
        "template": {"metadata": {"labels": labels}, "spec": {"terminationGracePeriodSeconds": 5, **template}},
    }
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": meta(namespace, name), "spec": spec}


def house(namespace: str, image: str, every: int) -> dict[str, Any]:
    """The application must start as root; the sync beside it reads the same volume."""
    application = {
        "name": HOUSE,
        "image": image,
        "command": ["python3", "/scene/house.py"],
        "ports": [{"containerPort": PORT}],
        "securityContext": {"runAsUser": 0},
        "readinessProbe": {"httpGet": {"path": "/", "port": PORT}, "periodSeconds": 1},
        "volumeMounts": [mount("config", "/config"), mount("scene", "/scene", read_only=True)],
    }
    syncer = {
        "name": SYNCER,
        "image": image,
        "command": ["bash", "-c", SYNC],
        "env": [{"name": "EVERY", "value": str(every)}, {"name": "HOME", "value": "/tmp"}],
        "envFrom": [{"secretRef": {"name": "sync-key"}}],
        "securityContext": {"runAsUser": 1000, "runAsGroup": 1000},
        "volumeMounts": [mount("config", "/config", read_only=True)],
    }
    template = {
        "automountServiceAccountToken": False,
        "containers": [application, syncer],
        "volumes": [of_claim("config", CLAIM), {"name": "scene", "configMap": {"name": "scene"}}],
    }
    return deployment(namespace, HOUSE, template)


def gallery(namespace: str, image: str) -> dict[str, Any]:
    """Somebody else's application, in the same namespace, that nothing here may touch."""
    container = {
        "name": GALLERY,
        "image": image,
        "command": ["sleep", "infinity"],
        "securityContext": {"runAsUser": 1000},
        "volumeMounts": [mount("photos", "/photos")],
    }
    template = {
        "automountServiceAccountToken": False,
        "terminationGracePeriodSeconds": 1,
        "containers": [container],
        "volumes": [of_claim("photos", PHOTOS)],
    }
    return deployment(namespace, GALLERY, template)
