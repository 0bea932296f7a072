"""
Markdown as plain nodes, for the pages that we set ourselves. HTML in a text is shown as text, pictures become links:
nothing is ever loaded from anywhere.

A block is {"kind": paragraph | heading | list | code | quote | rule | table, ...}, an inline node
{"kind": text | strong | emph | strike | code | link | break, ...}.
"""

from __future__ import annotations

from typing import Any

from markdown_it import MarkdownIt
from markdown_it.rules_core import StateCore
from markdown_it.token import Token
from markdown_it.tree import SyntaxTreeNode

Node = dict[str, Any]
ENOUGH = 200_000  # characters of one text that are set; the rest follows as it is
DEEPEST = 8  # levels of lists, quotes and emphasis that are set; deeper ones are set as their words
READ_ON = 5_000_000  # brackets times characters after them, in all: past a second's work, what is left is set unread
NESTED = 100  # levels that the parser follows: it would drop what lies deeper, so such a text is set as it is

PARSER = (
    MarkdownIt("commonmark", {"html": False, "maxNesting": NESTED})
    .enable(["table", "strikethrough"])
    .disable(["image", "html_block", "html_inline"])
)


def inline(state: StateCore) -> None:
    """The parser's own rule, with a limit: from each bracket it reads to the end, for one that may close it."""
    for token in state.tokens:
        if token.type != "inline":
            continue
        token.children = []
        left = state.env.get("left", READ_ON) - token.content.count("[") * len(token.content)
        if left < 0:
            token.children.append(Token("text", "", 0, content=token.content))
            continue
        state.env["left"] = left
        state.md.inline.parse(token.content, state.md, state.env, token.children)


PARSER.core.ruler.at("inline", inline)

_INLINE = {"strong": "strong", "em": "emph", "s": "strike"}
_LISTS = {"bullet_list": False, "ordered_list": True}


def parsed(text: str) -> list[Token] | None:
    """The tokens of a text, None where it is nested deeper than the parser follows."""
    tokens = PARSER.parse(text[:ENOUGH])
    return None if any(token.level >= NESTED - 1 for token in tokens) else tokens


def blocks_of(text: str) -> list[Node]:
    """The blocks of a text."""
    tokens = parsed(text)
    if tokens is None:
        return [{"kind": "code", "text": text}]
    found = [node for child in SyntaxTreeNode(tokens).children for node in _block(child, 0)]
    rest = text[ENOUGH:]
    return [*found, {"kind": "code", "text": rest}] if rest else found


def inline_of(text: str) -> list[Node]:
    """The inline nodes of a text on one line, such as a title or a cell."""
    tokens = PARSER.parseInline(text.replace("\n", " ")[:ENOUGH])
    return [node for child in SyntaxTreeNode(tokens).children for node in _inlines(child)]


def _block(node: SyntaxTreeNode, depth: int) -> list[Node]:
    kind = node.type
    if depth >= DEEPEST and kind in (*_LISTS, "blockquote"):
        return [{"kind": "paragraph", "of": [{"kind": "text", "text": _words(node)}]}]
    if kind == "heading":
        return [{"kind": "heading", "level": int(node.tag[1]), "of": _inlines(node)}]
    if kind in _LISTS:
        items = [_blocks(item, depth) for item in node.children]
        return [
            {
                "kind": "list",
                "ordered": _LISTS[kind],
                "start": int(node.attrs.get("start", 1)),
                "items": items,
            }
        ]
    if kind in ("fence", "code_block"):
        return [{"kind": "code", "text": node.content.rstrip("\n")}]
    if kind == "blockquote":
        return [{"kind": "quote", "of": _blocks(node, depth)}]
    if kind == "table":
        return [_table(node)]
    return [{"kind": "rule"}] if kind == "hr" else [{"kind": "paragraph", "of": _inlines(node)}]


def _blocks(node: SyntaxTreeNode, depth: int) -> list[Node]:
    return [block for child in node.children for block in _block(child, depth + 1)]


def _words(node: SyntaxTreeNode) -> str:
    """All the words under a node."""
    texts = []
    stack = [node]
    while stack:
        one = stack.pop()
        if not one.children and one.type not in ("softbreak", "hardbreak"):
            texts.append(one.content)
        stack.extend(reversed(one.children))
    return " ".join(texts)


def _table(node: SyntaxTreeNode) -> Node:
    rows = [[_inlines(cell) for cell in row.children] for part in node.children for row in part.children]
    width = max(map(len, rows))
    return {"kind": "table", "columns": width, "rows": [row + [[]] * (width - len(row)) for row in rows]}


def _inlines(node: SyntaxTreeNode, depth: int = 0) -> list[Node]:
    """The inline nodes under a node."""
    return [found for child in node.children for found in _inline(child, depth)]


def _inline(node: SyntaxTreeNode, depth: int) -> list[Node]:
    kind = node.type
    if kind == "inline":
        return _inlines(node, depth)
    if depth >= DEEPEST:
        return [{"kind": "text", "text": _words(node)}]
    if kind in _INLINE:
        return [{"kind": _INLINE[kind], "of": _inlines(node, depth + 1)}]
    if kind == "link":
        return [{"kind": "link", "to": str(node.attrs.get("href", "")), "of": _inlines(node, depth + 1)}]
    if kind == "code_inline":
        return [{"kind": "code", "text": node.content}]
    if kind == "softbreak":
        return [{"kind": "text", "text": " "}]
    return [{"kind": "break"}] if kind == "hardbreak" else [{"kind": "text", "text": node.content}]
