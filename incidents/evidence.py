"""
What engines and checks saw, said in the reader's language.

An entry of evidence keeps facts; the layer that they come from knows their sentences, and lends its tongue here when
the program starts: `speaks("run", runbooks.sentences.say)`. The first word of an entry's reference says whose it is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

Say = Callable[[Mapping[str, Any]], str]
TONGUES: dict[str, Say] = {}


def speaks(kind: str, say: Say) -> None:
    """References such as `run:12/3` begin with `kind`; `say` makes a sentence of their facts."""
    TONGUES[kind] = say


def sentence(ref: str, facts: Mapping[str, Any], text: str = "") -> str:
    """The facts in the active language, or the text that came with them where nobody can say them."""
    say = TONGUES.get(ref.partition(":")[0])
    told = say(facts) if say and facts else ""
    return told or text or plain(facts)


def plain(facts: Mapping[str, Any]) -> str:
    """Facts that nobody speaks for, as they are: what was seen must stay readable."""
    values = ", ".join(f"{key}: {value}" for key, value in facts.items() if key != "code")
    return " ".join(part for part in (str(facts.get("code", "")), values) if part)
