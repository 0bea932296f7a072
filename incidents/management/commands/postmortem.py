"""
`manage.py postmortem read FILE [--json]`: what the reader understands of a document. Writes nothing anywhere.
"""

from __future__ import annotations

import argparse
import io
import json
import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from incidents.reading.encoding import LIMIT, too_big
from incidents.reading.read import read
from incidents.reading.values import Document, Unreadable


class Command(BaseCommand):
    help = "Work with written post-mortems."
    requires_system_checks = ()

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        commands = parser.add_subparsers(dest="what", required=True, metavar="WHAT")
        reading = commands.add_parser("read", help="Show what is understood of a document; nothing is saved.")
        reading.add_argument("file", type=Path, metavar="FILE", help="a post-mortem in Markdown or plain text")
        reading.add_argument("--json", action="store_true", dest="as_json", help="print one JSON object")

    def execute(self, *args: Any, **options: Any) -> str | None:
        """Print UTF-8, whatever the locale of the caller."""
        if isinstance(sys.stdout, io.TextIOWrapper):
            sys.stdout.reconfigure(encoding="utf-8")
        return super().execute(*args, **options)

    def handle(self, *args: Any, **options: Any) -> None:
        getattr(self, f"handle_{options['what']}")(**options)

    def handle_read(self, *, file: Path, as_json: bool, **_: Any) -> None:
        """Print the document as read, as JSON or as a few lines for people."""
        document = understood(file)
        if as_json:
            self.stdout.write(json.dumps(document.as_json(), ensure_ascii=False, indent=1))
        else:
            self.stdout.write("\n".join(told(document)))


def understood(file: Path) -> Document:
    """The document in `file`. Raises CommandError with a sentence for what cannot be opened or read."""
    try:
        with file.open("rb") as source:
            data = source.read(LIMIT + 1)
            size = file.stat().st_size
    except OSError as error:
        raise CommandError(f"{file} cannot be opened: {error.strerror}.") from error
    try:
        if size > LIMIT:
            raise too_big(size)
        return read(data, file.name)
    except Unreadable as error:
        raise CommandError(f"{file}: {error}") from error


def told(document: Document) -> list[str]:
    """A few lines that say what was found."""
    lines = [
        f"{document.title} ({document.language})",
        f"{document.occurred.start or '?'}, {document.severity.level or 'no severity'}, {document.status.state}",
        f"{len(document.timeline)} timeline rows, {len(document.causes)} causes, {len(document.actions)} actions, "
        f"{len(document.lessons)} lessons, {len(document.appendix)} parts of appendix",
    ]
    lines += [f"  line {n.line}: {n.message}" if n.line else f"  {n.message}" for n in document.warnings]
    return lines
