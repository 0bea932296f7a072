"""What a page is made of, as far as its safety and its words go."""

from __future__ import annotations

from html.parser import HTMLParser


class Inspector(HTMLParser):
    """`inline` names what the Content-Security-Policy would refuse; `language` is the root's; `ids` every id."""

    def __init__(self) -> None:
        super().__init__()
        self.inline: list[str] = []
        self.language = ""
        self.ids: list[str] = []
        self.headings: list[str] = []
        self.away: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        had = {name: value or "" for name, value in attrs}
        if tag == "html":
            self.language = had.get("lang", "")
        if tag in {"h1", "h2", "h3", "h4"}:
            self.headings.append(tag)
        if "id" in had:
            self.ids.append(had["id"])
        if tag == "style" or (tag == "script" and "src" not in had):
            self.inline.append(f"<{tag}>")
        for name, value in had.items():
            if name == "style" or name.startswith(("on", "hx-on", "data-hx-on")):
                self.inline.append(f"<{tag} {name}={value!r}>")
            if name in {"href", "src", "action", "formaction", "hx-get", "hx-post"}:
                self.address(tag, name, value.strip())

    def address(self, tag: str, name: str, value: str) -> None:
        if value.lower().startswith(("javascript:", "data:text", "vbscript:")):
            self.inline.append(f"<{tag} {name}={value!r}>")
        if name != "href" and value.startswith(("http:", "https:", "//")):
            self.away.append(value)
        if tag == "link" and value.startswith(("http:", "https:", "//")):
            self.away.append(value)


def inspected(text: str) -> Inspector:
    inspector = Inspector()
    inspector.feed(text)
    return inspector
