"""Imports go down, one module knows each library of the outside world, and nothing is imported behind one's back."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
# From the bottom up: each layer may use those before it.
LAYERS = ["people", "audit", "cluster", "backups", "health", "incidents", "runbooks", "config"]
MODULES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
    for layer in LAYERS
    for path in (ROOT / layer).rglob("*.py")
}
# Who may know a library that reaches out of the program, or whose shapes would spread through it.
ONLY = {
    "boto3": {"backups.storage"},
    "botocore": {"backups.storage"},
    "obstore": {"backups.storage"},
    "kubernetes": {"cluster.kubernetes"},
    "httpx": {"cluster.nas.dsm"},
    "redis": {"config.broker"},
    "ftfy": {"incidents.reading.encoding"},
    "zstandard": {"backups.agent.compress"},
    "markdown_it": {"incidents.writing.nodes"},
    "typst": {"incidents.writing.pdf"},
    "celery": {"config.celery", "config.beat", "config.pulse"} | {f"{layer}.tasks" for layer in LAYERS},
    "requests": set(),
    "pickle": set(),
}
# A lazy import costs surprise; where an SDK is heavy and rarely used, it says here why it may be.
LAZY: dict[str, str] = {
    "cluster.connect": "the client of a real cluster, which the practice cluster never needs",
    "cluster.nas.connect": "an HTTP client, which only a configured NAS needs",
}


def imports(path: Path) -> Iterator[tuple[str, ast.stmt]]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield f"{'.' * node.level}{node.module or ''}", node


def wrong(module: str) -> Iterator[str]:
    """What is wrong with the imports of a module, as sentences."""
    layer = module.split(".")[0]
    for name, node in imports(MODULES[module]):
        top = name.split(".")[0]
        if name.startswith("."):
            yield f"line {node.lineno}: {name} is relative"
        if top in LAYERS and LAYERS.index(top) > LAYERS.index(layer):
            yield f"line {node.lineno}: {layer} imports {name}, which is above it"
        if top in ONLY and module not in ONLY[top]:
            yield f"line {node.lineno}: only {', '.join(sorted(ONLY[top])) or 'nobody'} may know {top}"


def inside_functions(tree: ast.AST) -> Iterator[int]:
    for function in ast.walk(tree):
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            yield from (n.lineno for n in ast.walk(function) if isinstance(n, ast.Import | ast.ImportFrom))


def modules_of(layer: str) -> list[str]:
    return [module for module in MODULES if module.split(".")[0] == layer]


@pytest.mark.parametrize("layer", LAYERS)
def test_imports_go_down_and_each_library_has_its_module(layer):
    assert {module: found for module in modules_of(layer) if (found := list(wrong(module)))} == {}


@pytest.mark.parametrize("layer", LAYERS)
def test_imports_stand_at_the_top(layer):
    trees = {module: ast.parse(MODULES[module].read_text(encoding="utf-8")) for module in modules_of(layer)}
    found = {module: lines for module, tree in trees.items() if (lines := list(inside_functions(tree)))}
    assert found.keys() <= LAZY.keys(), found


def test_no_layer_is_forgotten():
    apps = {path.parent.name for path in ROOT.glob("*/apps.py")}
    assert apps == set(LAYERS)


def test_who_may_know_a_library_is_there():
    missing = {name for names in ONLY.values() for name in names} - MODULES.keys()
    # A layer need not have tasks; each other name is a promise of where such code goes.
    assert {name for name in missing if not name.endswith(".tasks")} <= {"cluster.kubernetes", "incidents.writing.pdf"}


def test_settings_are_read_in_one_place():
    """Handing it to a child is no reading of it; the object store's keys are no settings of the program."""
    reading = re.compile(r"os\.getenv|os\.environ(\[|\.get\b|\.setdefault\b|\s*\)| = )|= os\.environ\b")
    readers = {name for name, path in MODULES.items() if reading.search(path.read_text(encoding="utf-8"))}
    assert readers <= {
        "config.env",
        "config.checks",
        "config.celery",
        "config.wsgi",
        "backups.storage",
        "cluster.range.errands",
    }


def test_a_wrong_import_is_seen(tmp_path):
    path = tmp_path / "m.py"
    path.write_text("import runbooks.base\nfrom . import x\nimport boto3.session\ndef f():\n    import os\n")
    MODULES["health.wrong"] = path
    try:
        assert [line.split(": ")[0] for line in wrong("health.wrong")] == ["line 1", "line 2", "line 3"]
        assert list(inside_functions(ast.parse(path.read_text()))) == [5]
    finally:
        del MODULES["health.wrong"]
