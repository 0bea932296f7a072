"""One program of several, for those who run each by itself: a compose file, a pod, a unit of systemd."""

from __future__ import annotations

import os
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from config import programs


class Command(BaseCommand):
    help = "Become the web, a worker, or beat."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("program", choices=["web", "worker", "beat"])
        parser.add_argument("--bind", default="127.0.0.1:8000", help="where the web listens (127.0.0.1:8000)")

    def handle(self, *args: Any, program: str, bind: str, **options: Any) -> None:
        argv = {"web": programs.web(bind), "worker": programs.worker(), "beat": programs.beat()}[program]
        os.execv(argv[0], argv)  # noqa: S606  signals and the exit status are its own
