"""An incident, people at their browsers, and where the reports that people really wrote are."""

from __future__ import annotations

import os
from datetime import date
from pathlib import Path

import pytest
from django.test import Client

from incidents import actions
from people.actors import person

REAL = Path(os.environ.get("AFTERMATH_POSTMORTEMS", Path(__file__).resolve().parents[3] / "shared" / "postmortems"))
WRITTEN = """# Post-mortem : La photothèque s'ouvre sur une base vide

**Date :** 5 novembre 2026
**Statut :** Résolu
**Sévérité :** Haute (P2)

## Résumé

Une fusion a renommé le volume. La photothèque s'est ouverte sur une base neuve.

## Chronologie (heure de Paris)

- **20:46** : GitOps applique la fusion.
- **~21:30** : Deux téléphones renvoient leurs images.
- **00:58 (J+1)** : L'ancien volume est retrouvé, intact.

## Causes racines

1. **Renommer, c'est demander du neuf** : rien ne savait que l'ancien nom portait des données.

## Actions

### Fait
- Chaque copie porte son nom.

### À faire
- Une copie froide, hors du NAS.

## Leçons

- Le nom d'un volume fait partie des données.

## Inventaire

| volume | état |
|---|---|
| photos | lié |

Fin.
"""


@pytest.fixture
def by(alice):
    return person(alice)


@pytest.fixture
def incident(by):
    return actions.open_incident(
        "The photo library opened on an empty database",
        by=by,
        severity="S1",
        summary="A merge renamed the claim.",
        zone="Europe/Paris",
        zone_source="stated",
        occurred_start=date(2026, 11, 5),
        occurred_end=date(2026, 11, 6),
    )


def browser(who) -> Client:
    """Somebody at a browser that checks tokens, as a real one must."""
    client = Client(enforce_csrf_checks=False)
    client.force_login(who)
    return client


@pytest.fixture
def at_work(alice):
    return browser(alice)


@pytest.fixture
def on_call(bob):
    return browser(bob)


@pytest.fixture
def looking(carol):
    return browser(carol)


def real_reports() -> list[Path]:
    return sorted(REAL.glob("20*.md")) if REAL.is_dir() else []


@pytest.fixture
def written() -> bytes:
    return WRITTEN.encode()
