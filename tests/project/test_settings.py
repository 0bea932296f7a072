"""Every setting comes from the environment, and a wrong one is answered with a sentence."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from config.database import database
from config.env import BadSetting, Env
from config.places import LONGEST_SOCKET, own_secret, private_directory, redis_directory

ROOT = Path(__file__).parents[2]


def test_a_secret_may_stand_in_a_file(tmp_path):
    (tmp_path / "key").write_text("from a file\n")
    assert Env({"SECRET_KEY_FILE": str(tmp_path / "key")}).text("SECRET_KEY") == "from a file"


def test_a_file_that_cannot_be_read_is_named(tmp_path):
    with pytest.raises(BadSetting, match=r"SECRET_KEY_FILE names /.*/none, which cannot be read: No such file"):
        Env({"SECRET_KEY_FILE": str(tmp_path / "none")}).text("SECRET_KEY")


def test_a_file_of_rubbish_is_named(tmp_path):
    (tmp_path / "key").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(BadSetting, match="not UTF-8"):
        Env({"SECRET_KEY_FILE": str(tmp_path / "key")}).text("SECRET_KEY")


def test_a_secret_twice_is_refused_rather_than_one_chosen():
    with pytest.raises(BadSetting, match="SECRET_KEY and SECRET_KEY_FILE are both set"):
        Env({"SECRET_KEY": "a", "SECRET_KEY_FILE": "/b"}).text("SECRET_KEY")


def test_set_to_nothing_is_not_set():
    env = Env({"PORT": "", "DEBUG": "", "CLUSTER": "", "KEY_FILE": ""})
    assert env.whole("PORT", 8000, least=0, most=65535) == 8000
    assert env.flag("DEBUG", default=True) is True
    assert env.choice("CLUSTER", "range", {"range"}) == "range"
    assert env.text("KEY", "none") == "none"


@pytest.mark.parametrize(
    ("ask", "value", "says"),
    [
        (lambda env: env.flag("X"), "maybe", "write 1 or 0"),
        (lambda env: env.number("X", 1), "soon", "write a number"),
        (lambda env: env.number("X", 1), "0", "a number above 0"),
        (lambda env: env.number("X", 1), "nan", "a number above 0"),
        (lambda env: env.number("X", 1), "inf", "a number above 0"),
        (lambda env: env.whole("X", 1, least=0, most=9), "10", "a whole number from 0 to 9"),
        (lambda env: env.whole("X", 1, least=0, most=9), "-1", "a whole number from 0 to 9"),
        (lambda env: env.whole("X", 1, least=0, most=9), "٣", "a whole number from 0 to 9"),
        (lambda env: env.choice("X", "a", {"a", "b"}), "c", "one of a, b"),
        (lambda env: env.zone("X", "UTC"), "Mars/Olympus", "such as Europe/Paris"),
        (lambda env: env.zone("X", "UTC"), "../etc/passwd", "such as Europe/Paris"),
    ],
)
def test_a_value_that_cannot_be_used_is_said_with_what_can(ask, value, says):
    with pytest.raises(BadSetting) as refused:
        ask(Env({"X": value}))
    assert str(refused.value).startswith(f"X is {value!r}: ")
    assert says in str(refused.value)


@pytest.mark.parametrize(
    "url",
    ["", "aftermath.db", "mysql://a:geheim@h/d", "postgres://a:geheim@h:port/d", "sqlite://", "sqlite://:memory:"],
)
def test_an_address_that_is_no_database_is_refused_without_its_password(url, tmp_path):
    with pytest.raises(BadSetting, match=r"DATABASE_URL .*: write sqlite:////path/to/file or postgres://") as refused:
        database(url, tmp_path)
    assert "geheim" not in str(refused.value)


def test_sqlite_lets_one_writer_in_at_once_and_readers_always(tmp_path):
    settings = database(f"sqlite:///{tmp_path}/a.sqlite3", tmp_path)
    assert settings["NAME"] == f"{tmp_path}/a.sqlite3"
    assert settings["OPTIONS"]["transaction_mode"] == "IMMEDIATE"
    assert "journal_mode=WAL" in settings["OPTIONS"]["init_command"]


def test_postgres_is_waited_for_no_longer_than_seconds(tmp_path):
    settings = database("postgresql://eve:p%40ss@db:5433/aftermath?sslmode=require", tmp_path)
    assert settings["ENGINE"].endswith("postgresql")
    assert (settings["USER"], settings["PASSWORD"], settings["HOST"], settings["PORT"]) == ("eve", "p@ss", "db", 5433)
    assert settings["OPTIONS"]["sslmode"] == "require"
    assert settings["OPTIONS"]["connect_timeout"] == 5


def test_the_programs_own_key_is_made_once_and_read_by_nobody_else(tmp_path):
    var = tmp_path / "var"
    key = own_secret(var)
    assert own_secret(var) == key
    assert len(key) > 50
    assert (var / "secret-key").stat().st_mode & 0o077 == 0
    assert var.stat().st_mode & 0o077 == 0
    assert [path.name for path in var.iterdir()] == ["secret-key"]


def test_a_directory_that_cannot_be_made_is_named_with_what_to_do(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(BadSetting, match="let AFTERMATH_VAR name a directory that you may write"):
        own_secret(tmp_path / "file" / "var")


def test_a_long_path_gets_a_socket_at_a_short_one():
    assert redis_directory(Path("/srv/var")) == Path("/srv/var/redis")
    long = Path("/srv") / ("x" * 120)
    short = redis_directory(long)
    assert len(os.fsencode(short / "redis.sock")) <= LONGEST_SOCKET
    assert short == redis_directory(long), "whoever looks for it finds it"
    assert short != redis_directory(long / "y")


def test_a_socket_lies_where_only_this_user_may_go(tmp_path):
    made = private_directory(tmp_path / "redis")
    assert made.stat().st_mode & 0o777 == 0o700
    made.chmod(0o755)
    assert private_directory(made).stat().st_mode & 0o777 == 0o700


def test_a_place_that_somebody_else_prepared_is_not_used(tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "redis").symlink_to(tmp_path / "mine")
    with pytest.raises(BadSetting, match="not a directory of your own"):
        private_directory(tmp_path / "redis")
    (tmp_path / "file").write_text("")
    with pytest.raises(BadSetting, match="not a directory of your own"):
        private_directory(tmp_path / "file")


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"PORT": "http"}, "PORT is 'http': write a whole number from 0 to 65535."),
        ({"CLUSTER": "nomad"}, "CLUSTER is 'nomad': write one of kubernetes, range."),
        ({"TZ": ":/etc/localtime"}, "TZ is ':/etc/localtime': write the name of a time zone, such as Europe/Paris."),
        ({"DATABASE_URL": "oracle://db"}, "DATABASE_URL begins with oracle://: write sqlite"),
        ({"AFTERMATH_VAR": "/proc/aftermath"}, "/proc/aftermath cannot be used (No such file or directory): let AFT"),
    ],
)
def test_the_command_line_says_one_sentence_and_no_traceback(wrong, sentence):
    done = manage("check", wrong)
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.startswith(sentence)
    assert done.stderr.count("\n") == 1


def manage(command, env):
    return subprocess.run(
        [sys.executable, "manage.py", command], cwd=ROOT, env=os.environ | env, capture_output=True, text=True
    )


def test_the_document_lists_every_setting_that_is_read_and_no_other():
    listed = set(re.findall(r"^\| `([A-Z0-9_]+)`", (ROOT / "docs" / "settings.md").read_text(), re.MULTILINE))
    read = set(re.findall(r'env\.\w+\(\s*"(\w+)"', (ROOT / "config" / "settings.py").read_text()))
    assert listed == read
