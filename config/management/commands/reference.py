"""`manage.py reference`: write docs/reference.md from the code, or say with `--check` whether it is current."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from config.reference import reference


class Command(BaseCommand):
    help = "Write docs/reference.md from the code."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--check", action="store_true", help="write nothing; fail when the page is not current")

    def handle(self, *args: Any, **options: Any) -> None:
        path = settings.BASE_DIR / "docs" / "reference.md"
        made = reference()
        if not options["check"]:
            path.write_text(made, encoding="utf-8")
        elif not path.exists() or path.read_text(encoding="utf-8") != made:
            raise CommandError("docs/reference.md is not current: run manage.py reference.")
