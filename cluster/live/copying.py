"""
Whether a container copies files away by itself. Nothing in Kubernetes says so: it shows in what the container runs, or
somebody has said it with the annotation (or label) `aftermath.dev/sync` on the workload or on its pods.

`"true"` means every container of it, `"false"` none; anything else names the containers, with commas.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from cluster.live.objects import ContainerSpec

KEY = "aftermath.dev/sync"

TOOLS = (
    r"rclone(?!\s+(?:serve|rcd|version|about))",
    r"restic",
    r"rsync",
    r"(?:mc|minio-client)\s(?:[^;|&]*\s)?mirror",
    r"aws(?:-cli)?\s(?:[^;|&]*\s)?s3\s+(?:sync|cp|mv)",
    r"s3cmd",
    r"s5cmd",
    r"kopia",
    r"borg(?:backup|matic)?",
    r"duplicity",
    r"duplicati(?:-cli)?",
    r"duplicacy",
    r"docker-volume-backup",
    r"litestream",
    r"lsyncd",
    r"syncthing",
    r"unison",
    r"gsutil",
    r"gcloud\s(?:[^;|&]*\s)?storage\s+(?:cp|rsync)",
    r"azcopy",
    r"b2\s(?:[^;|&]*\s)?sync",
)
# A program's name stands alone or at the end of a path: /etc/rclone.conf and rsync-web are none.
SPOKEN = re.compile(rf"(?:^|[\s/;|&(\"'`])(?:{'|'.join(TOOLS)})(?=$|[\s;|&)\"'`])", re.MULTILINE)


def copies(container: ContainerSpec) -> bool:
    """What the image runs counts where the command does not name it: a script of one's own, or none at all."""
    image, command = program(container.image), " ".join([*container.command, *container.args])
    named = container.command and image in re.split(r"[\s/;|&()\"'`]+", command)
    return bool(SPOKEN.search(command if named else f"{image} {command}"))


def program(image: str) -> str:
    """The last word of an image's name: what it runs where nothing else is said."""
    return image.partition("@")[0].rpartition("/")[2].partition(":")[0]


def said(*labelled: Mapping[str, str]) -> str:
    return next((where[KEY].strip() for where in labelled if KEY in where), "")


def is_sync(container: ContainerSpec, word: str) -> bool:
    """`word` is what the annotation says, empty where there is none."""
    match word:
        case "true":
            return True
        case "false":
            return False
        case "":
            return copies(container)
        case _:
            return container.name in {name.strip() for name in word.split(",")}
