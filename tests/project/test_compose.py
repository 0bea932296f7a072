"""The compose file starts what the program consists of, closed to the outside, with secrets in files."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from config.env import Env
from config.management.commands import serve

ROOT = Path(__file__).parents[2]
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES = COMPOSE["services"]
OURS = {name: service for name, service in SERVICES.items() if service["image"] == "aftermath"}
LASTING = {name for name, service in SERVICES.items() if service["restart"] != "no"}


def names_of_settings():
    return set(re.findall(r'env\.\w+\(\s*"(\w+)"', (ROOT / "config" / "settings.py").read_text()))


def test_every_part_of_the_program_is_there():
    assert OURS.keys() == {"web", "worker", "beat", "range", "prepare", "migrate"}
    assert SERVICES.keys() - OURS.keys() == {"postgres", "redis"}


@pytest.mark.parametrize("name", OURS)
def test_every_variable_is_one_that_the_program_reads(name):
    given = {variable.removesuffix("_FILE") for variable in OURS[name]["environment"]}
    assert given <= names_of_settings()


@pytest.mark.parametrize("name", OURS)
def test_every_command_is_one_that_the_program_has(name):
    command, *words = OURS[name]["command"]
    if command == "serve":
        options = serve.Command().create_parser("manage.py", "serve").parse_args(words)
        assert options.program == name
    else:
        places = [*ROOT.glob(f"*/management/commands/{command}.py")]
        assert places or command == "migrate"


@pytest.mark.parametrize("name", SERVICES)
def test_no_part_can_write_its_own_program_or_gain_rights(name):
    assert SERVICES[name]["read_only"] is True
    assert SERVICES[name]["security_opt"] == ["no-new-privileges:true"]


def test_one_port_is_open_and_on_this_machine_only():
    assert {name for name, service in SERVICES.items() if "ports" in service} == {"web"}
    assert SERVICES["web"]["ports"] == ["127.0.0.1:${PORT:-8000}:8000"]


def test_the_database_and_the_broker_reach_nothing_outside():
    assert COMPOSE["networks"]["inside"] == {"internal": True}
    assert all(SERVICES[name]["networks"] == ["inside"] for name in ("postgres", "redis", "migrate"))


def test_secrets_are_in_files_that_make_secrets_makes(tmp_path):
    for name, service in SERVICES.items():
        secret = [v for v in service.get("environment", {}) if re.search("KEY|PASSWORD|DATABASE_URL", v)]
        assert all(variable.endswith("_FILE") for variable in secret), name
        assert set(service.get("secrets", [])) <= COMPOSE["secrets"].keys()
    (tmp_path / "tools").mkdir()
    shutil.copy(ROOT / "tools" / "secrets.sh", tmp_path / "tools")
    subprocess.run(["sh", "tools/secrets.sh"], cwd=tmp_path, check=True, capture_output=True)
    made = {path.name: path.read_text() for path in (tmp_path / "secrets").iterdir()}
    assert made.keys() == COMPOSE["secrets"].keys()
    assert f":{made['postgres-password']}@postgres:5432/aftermath" in made["database-url"]
    assert len(made["secret-key"]) >= 50
    assert (tmp_path / "secrets").stat().st_mode & 0o077 == 0
    subprocess.run(["sh", "tools/secrets.sh"], cwd=tmp_path, check=True, capture_output=True)
    assert made == {path.name: path.read_text() for path in (tmp_path / "secrets").iterdir()}, "made once"
    env = Env({"DATABASE_URL_FILE": str(tmp_path / "secrets" / "database-url")})
    assert env.text("DATABASE_URL") == made["database-url"]


def test_what_lasts_is_asked_whether_it_lives():
    assert {name for name in LASTING if "healthcheck" not in SERVICES[name]} == {"range"}


def test_nothing_starts_before_the_tables_are_there():
    for name in ("web", "worker", "beat", "range", "prepare"):
        assert OURS[name]["depends_on"]["migrate"] == {"condition": "service_completed_successfully"}
    assert OURS["migrate"]["depends_on"]["postgres"] == {"condition": "service_healthy"}


def test_the_image_holds_every_layer_and_nothing_private():
    ignored = (ROOT / ".dockerignore").read_text().split()
    assert ignored[0] == "*"
    packages = {path.parent.name for path in ROOT.glob("*/apps.py")}
    assert {f"!{name}" for name in packages | {"templates", "static", "locale", "manage.py", "requirements.lock"}} == {
        line for line in ignored if line.startswith("!")
    }


def test_the_image_does_not_run_as_root():
    lines = (ROOT / "Dockerfile").read_text().splitlines()
    assert "USER aftermath" in lines
    assert lines.index("USER aftermath") < next(n for n, line in enumerate(lines) if line.startswith("ENTRYPOINT"))
