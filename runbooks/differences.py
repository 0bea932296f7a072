"""
What differs between the world as it was approved and as it is: pure, bounded, and without a secret.

A difference is told as `path`, a list of the names of its parts, and what was there and is there now. A value that is
gone is not told at all, so that it is another than None. Of a list it is told who came and who went; two of the same
name are compared part by part. Where only the order is another, or the value may hold a secret, it is the path alone.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

import msgspec

from incidents import redaction

MOST = 10  # differences that are told, and of each list half as many that came or went
DEEP = 6  # parts of a path
LONG = 60  # characters of a value
READ = 2_000  # characters that are looked through for a secret
REF = frozenset({"namespace", "kind", "name"})
HIDDEN = frozenset({"command"})  # whose arguments may be anything: only that it changed is told


def told(was: Mapping[str, Any], now: Mapping[str, Any], names: Sequence[str]) -> dict[str, Any]:
    """
    Of two values as `runbooks.base.compared` makes them, the parts of these names: `changes`, MOST at most, and `more`,
    how many others there are. Each name has one among them where there is room.
    """
    found = [list(differing(was[name], now[name], (name,))) for name in names]
    first, rest = [each[0] for each in found if each], [one for each in found for one in each[1:]]
    return {"changes": [*first, *rest][:MOST], "more": max(len(first) + len(rest) - MOST, 0)}


def differing(was: Any, now: Any, path: tuple[str, ...]) -> Iterator[dict[str, Any]]:
    if was == now:
        return
    if isinstance(was, Mapping) and isinstance(now, Mapping) and not (is_ref(was) or is_ref(now)):
        for name in dict.fromkeys([*was, *now]):
            part = (*path, str(name))
            if name not in now:
                yield one(part, was=value(was[name]))
            elif name not in was:
                yield one(part, now=value(now[name]))
            else:
                yield from differing(was[name], now[name], part)
    elif isinstance(was, list | tuple) and isinstance(now, list | tuple):
        yield from of_lists(was, now, path)
    else:
        yield one(path, was=value(was), now=value(now))


def of_lists(was: Sequence[Any], now: Sequence[Any], path: tuple[str, ...]) -> Iterator[dict[str, Any]]:
    before, after = named(was), named(now)
    if before is not None and after is not None:
        parts = [d for name in before if name in after for d in differing(before[name], after[name], (*path, name))]
        went, came = [n for n in before if n not in after], [n for n in after if n not in before]
    else:
        parts, then, here = [], Counter(map(text, was)), Counter(map(text, now))
        went, came = list((then - here).elements()), list((here - then).elements())
    if went or came:
        yield one(path, went=few(went), came=few(came))
    yield from parts
    if not (went or came or parts):
        yield one(path)


def one(path: tuple[str, ...], **about: Any) -> dict[str, Any]:
    return {"path": [short(part) for part in path[:DEEP]], **({} if HIDDEN & set(path) else about)}


def few(names: Sequence[str]) -> list[str]:
    more = len(names) - MOST // 2
    return [short(name) for name in names[: MOST // 2]] + ([f"+{more}"] if more > 0 else [])


def is_ref(value: Mapping[str, Any]) -> bool:
    """An object of the cluster by its name, and nothing else of it."""
    return {"namespace", "name"} <= value.keys() <= REF


def named(values: Sequence[Any]) -> dict[str, Any] | None:
    """By the name of each; None where one has none, or two have the same."""
    found = {label(each): each for each in values if isinstance(each, Mapping)}
    return found if len(found) == len(values) and "" not in found else None


def label(value: Mapping[str, Any]) -> str:
    """What people call an object: Deployment home/web, home/data, a path; empty where it has no name."""
    for inner in ("sync", "workload"):
        if isinstance(part := value.get(inner), Mapping):
            container = value.get("container")
            kind = f"{value['kind']} " if inner == "workload" and isinstance(value.get("kind"), str) else ""
            name = label({k: v for k, v in part.items() if k != "kind"} if kind else part)
            return f"{kind}{name}/{container}" if name and container else f"{kind}{name}" if name else ""
    name = next((value[k] for k in ("name", "path", "volume") if isinstance(value.get(k), str)), "")
    kind, namespace = (value[k] if isinstance(value.get(k), str) else "" for k in ("kind", "namespace"))
    return f"{kind} {namespace}/{name}".strip() if name and namespace else name


def value(it: Any) -> Any:
    """As it is told: a number or a truth as it is, all else as a text that is cut."""
    if it is None or isinstance(it, bool | int):
        return it if not isinstance(it, int) or abs(it) < 1 << 62 else short(str(it))
    return short((label(it) if isinstance(it, Mapping) else "") or text(it))


def text(it: Any) -> str:
    if isinstance(it, str):
        return it
    return json.dumps(msgspec.to_builtins(without_hidden(it)), ensure_ascii=False, sort_keys=True)


def without_hidden(it: Any) -> Any:
    if isinstance(it, Mapping):
        return {name: without_hidden(part) for name, part in it.items() if name not in HIDDEN}
    return [without_hidden(part) for part in it] if isinstance(it, list | tuple) else it


def short(text: str) -> str:
    clean = redaction.of_text("".join(islice((c if c.isprintable() else " " for c in text), READ)))[0]
    return clean if len(clean) <= LONG else f"{clean[: LONG - 1]}…"
