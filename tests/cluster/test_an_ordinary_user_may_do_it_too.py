"""The range, run by somebody who may not give files away: owners stand beside the files, and all else is the same."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
NOBODY = 65534
# He may read what is not his, for a Python below root's home; giving files away he may not.
READ = "dac_read_search"
AS_NOBODY = (
    *("setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"),
    *(f"--bounding-set=-all,+{READ}", f"--inh-caps=-all,+{READ}", f"--ambient-caps=-all,+{READ}"),
)

STORY = """
import os, sys
from pathlib import Path
from cluster.api import ClaimRef, JobSpec, WorkloadRef
from cluster.range import owners, store
from cluster.range.range import Range

os.umask(0o022)
assert os.geteuid() == {nobody}
HOME, HA = ClaimRef("home", "home-assistant-config"), WorkloadRef("home", "Deployment", "home-assistant")
world = Range(Path(sys.argv[1]), at_once=True)
world.seed(small=True)
files = world.ground.volumes.data(HOME)
assert world.ground.objects.read().owners == "beside"
assert owners.owner(files / ".storage" / "auth", "beside") == (1000, 1000)
assert world.workload(HA).ready == 1
before = world.fingerprint()

world.break_("wrong-owner")
for _ in range(4):
    world.tick()
pod = next(p for p in world.pods_using(HOME) if p.workload == HA)
assert pod.containers[0].reason == "CrashLoopBackOff", pod

world.start_job(JobSpec(HOME, "fix", "own", {{"run": "1", "uid": 1000, "gid": 1000}}))
for _ in range(3):
    world.tick()
assert world.job("home", "fix").state == "done", world.job("home", "fix")
assert world.workload(HA).ready == 1
assert world.fingerprint()["files"] == before["files"]

world.make_snapshot(HOME, "one", labels={{}})
world.tick()
world.break_("emptied")
world.scale(HA, was=1, to=0)
world.tick()
for n, (verb, spec, snapshot) in enumerate(
    [("restore", {{"run": "2"}}, "one"), ("verify", {{"run": "2"}}, ""), ("swap", {{"run": "2"}}, "")]
):
    world.start_job(JobSpec(HOME, f"step-{{n}}", verb, spec, snapshot=snapshot))
    world.tick()
    assert world.job("home", f"step-{{n}}").state == "done", world.job("home", f"step-{{n}}")
world.scale(HA, was=0, to=1)
world.tick()
pod = next(p for p in world.pods_using(HOME) if p.workload == HA)
assert pod.ready and not pod.onboarding, pod
assert world.fingerprint()["files"] == before["files"]
world.mend()

with store.serve(world.directory):
    world.tick()
    assert (world.directory / "store/practice/mirror/home-assistant/.storage/auth").is_file()
print("well")
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else; here all tests are run by one")
@pytest.mark.skipif(not shutil.which("setpriv"), reason="setpriv is missing: install util-linux")
def test_an_ordinary_user_sees_the_same_things_happen(tmp_path):
    place = Path("/dev/shm") if Path("/dev/shm").is_dir() else tmp_path
    home = place / f"am-nobody-{os.getpid()}"
    home.mkdir()
    os.chown(home, NOBODY, NOBODY)
    try:
        code = textwrap.dedent(STORY.format(nobody=NOBODY))
        env = {**os.environ, "HOME": str(home), "PYTHONDONTWRITEBYTECODE": "1"}
        done = subprocess.run(
            [*AS_NOBODY, sys.executable, "-c", code, str(home / "range")],
            cwd=ROOT,
            env=env,
            capture_output=True,
            text=True,
        )
        assert done.stdout.strip() == "well", done.stdout + done.stderr
    finally:
        subprocess.run(["rm", "-rf", str(home)], check=True)
