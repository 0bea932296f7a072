"""A home automation that starts as new when its accounts are gone, and the syncer that copies what it finds."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any

from cluster.range.sample.application import DAY, HOUR, Application, Copies, MiB, as_json, database, noise, pick
from cluster.range.volumes import Item

ROOMS = ("kitchen", "living room", "hall", "bedroom", "bathroom", "study", "cellar", "terrace")
THINGS = ("light", "temperature", "humidity", "motion", "door", "heating", "blind", "power")


def slug(text: str) -> str:
    return text.replace(" ", "_")


def ident(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def stored(key: str, data: Any, version: int = 1) -> bytes:
    """A file of the application's own small store."""
    return as_json({"version": version, "minor_version": 1, "key": key, "data": data})


def auth() -> dict[str, Any]:
    users = [
        {"id": ident(name), "name": name, "is_owner": name == "Alice", "is_active": True, "system_generated": False}
        for name in ("Alice", "Bob", "Carol", "Kitchen tablet")
    ]
    tokens = [{"id": ident(f"session {n}"), "user_id": users[n % 4]["id"], "client": "practice"} for n in range(12)]
    return {"users": users, "groups": [{"id": "admins"}, {"id": "users"}], "sessions": tokens}


def entities() -> list[dict[str, Any]]:
    return [
        {
            "entity_id": f"{'light' if thing == 'light' else 'sensor'}.{slug(room)}_{thing}",
            "unique_id": ident(f"{room} {thing}"),
            "device_id": ident(room),
            "original_name": f"{room.capitalize()} {thing}",
            "platform": pick(f"{room} {thing}", ("zigbee", "mqtt", "wifi")),
        }
        for room in ROOMS
        for thing in THINGS
    ]


def automation(room: str) -> str:
    return (
        f"- id: '{ident(room)[:12]}'\n"
        f"  alias: Light in the {room} when somebody comes\n"
        f"  triggers:\n    - trigger: state\n      entity_id: sensor.{slug(room)}_motion\n      to: 'on'\n"
        f"  actions:\n    - action: light.turn_on\n      target:\n        entity_id: light.{slug(room)}_light\n"
    )


def history(days: int) -> list[tuple[int, str, str, float]]:
    names = [e["entity_id"] for e in entities()]
    values = noise("states", days * 96)
    return [(n, names[n % len(names)], str(value / 10), n * 900.0) for n, value in enumerate(values)]


def config() -> Iterator[Item]:
    """What the person who lives there wrote."""
    text = "default_config:\n\nautomation: !include automations.yaml\nscript: !include scripts.yaml\n"
    yield Item("configuration.yaml", text.encode() + b"scene: !include scenes.yaml\n", age=12 * DAY)
    yield Item("automations.yaml", "".join(map(automation, ROOMS)).encode(), age=3 * DAY)
    yield Item("scripts.yaml", b"good_night:\n  sequence:\n    - action: light.turn_off\n", age=20 * DAY)
    yield Item("scenes.yaml", b"- id: '1'\n  name: Evening\n", age=20 * DAY)
    yield Item("secrets.yaml", b"broker: practice-only\n", mode=0o600, age=21 * DAY)
    yield Item(".HA_VERSION", b"2026.11.1", age=9 * DAY)
    yield Item(".ha_run.lock", b'{"pid": 67, "version": 1}\n', age=2 * HOUR)


def accounts() -> Iterator[Item]:
    yield Item(".storage", age=HOUR)
    yield Item(".storage/auth", stored("auth", auth()), mode=0o600, age=5 * HOUR)
    yield Item(
        ".storage/onboarding", stored("onboarding", {"done": ["user", "core_config", "analytics"]}), age=21 * DAY
    )
    yield Item(
        ".storage/core.config", stored("core.config", {"location": "Home", "zone": "Europe/Paris"}), age=15 * DAY
    )


def registries() -> Iterator[Item]:
    devices = [{"id": ident(room), "name": room, "manufacturer": "Practice"} for room in ROOMS]
    yield Item(".storage/core.entity_registry", stored("core.entity_registry", {"entities": entities()}), age=4 * HOUR)
    yield Item(".storage/core.device_registry", stored("core.device_registry", {"devices": devices}), age=6 * DAY)
    yield Item(".storage/core.area_registry", stored("core.area_registry", {"areas": list(ROOMS)}), age=18 * DAY)
    yield Item(".storage/lovelace", stored("lovelace", {"views": [{"title": room} for room in ROOMS]}), age=2 * DAY)


def extras() -> Iterator[Item]:
    yield Item("blueprints", age=20 * DAY)
    yield Item("blueprints/automation", age=20 * DAY)
    for room in ROOMS:
        yield Item(f"blueprints/automation/{slug(room)}.yaml", automation(room).encode(), age=20 * DAY)
    yield Item("custom_components", age=10 * DAY)
    yield Item("custom_components/meter", age=10 * DAY)
    yield Item("custom_components/meter/manifest.json", as_json({"domain": "meter", "version": "1.4.0"}), age=10 * DAY)
    yield Item("custom_components/meter/sensor.py", b'"""Reads the meter."""\n' * 40, age=10 * DAY)
    yield Item("www", age=7 * DAY)
    for n, room in enumerate(ROOMS):
        yield Item(f"www/{slug(room)}.jpg", noise(f"picture {room}", 20_000 + 900 * n), age=7 * DAY + n * HOUR)
    yield Item("www/plan.jpg", link="living_room.jpg", age=7 * DAY)
    yield Item("tts", mode=0o775, age=HOUR)
    for n in range(16):
        yield Item(f"tts/{ident(f'say {n}')}.mp3", noise(f"say {n}", 6_000 + 300 * n), age=(n + 1) * 9 * HOUR)


SCHEMA = (
    "CREATE TABLE states (id INTEGER PRIMARY KEY, entity TEXT, state TEXT, at REAL); CREATE INDEX at ON states (at)"
)


def items(small: bool) -> Iterator[Item]:
    yield from config()
    yield from accounts()
    if small:
        return
    yield from registries()
    yield from extras()
    rows = {"INSERT INTO states VALUES (?, ?, ?, ?)": history(21)}
    for name, data in database("home-assistant_v2.db", SCHEMA, rows).items():
        yield Item(name, data, age=600)


def fresh() -> Iterator[Item]:
    """What it writes when it starts as new. The accounts are not among it: these a person makes, page by page."""
    yield Item("configuration.yaml", b"\n# Loads default set of integrations. Do not remove.\ndefault_config:\n")
    yield Item("automations.yaml", b"[]\n")
    yield Item("scripts.yaml", b"")
    yield Item("scenes.yaml", b"")
    yield Item(".HA_VERSION", b"2026.11.1")
    yield Item(".ha_run.lock", b'{"pid": 67, "version": 1}\n')
    yield Item(".storage")
    yield Item(".storage/onboarding", stored("onboarding", {"done": []}))
    yield Item(".storage/core.config", stored("core.config", {"location": "Home", "zone": "UTC"}))


HOME_ASSISTANT = Application(
    name="home-assistant",
    title="Home Assistant",
    namespace="home",
    claim="home-assistant-config",
    mount="/config",
    uid=1000,
    gid=1000,
    image="homeassistant/home-assistant:2026.11.1",
    command=("/init",),
    capacity=1024 * MiB,
    sentinels=(".storage/auth", "configuration.yaml"),
    needs=(".storage/auth",),
    items=items,
    first=".ha_run.lock",
    fresh=fresh,
    copies=Copies("config-syncer", "Deployment", "sync", "practice/mirror/home-assistant", every=5),
    hello="Home Assistant initialized in 0.42s",
    before="homeassistant/home-assistant:2026.10.4",
    in_git=True,
    security={"": {"seccompProfile": {"type": "RuntimeDefault"}}},
    asks=("CHOWN", "SETUID", "SETGID", "DAC_OVERRIDE", "FOWNER"),
)
