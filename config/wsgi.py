"""What a web server calls."""

from __future__ import annotations

import os

from django.core.wsgi import get_wsgi_application
from django.urls import get_resolver

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
application = get_wsgi_application()
# Every page is read before the first is asked for, once for all workers; what cannot be read is known at the start.
PAGES = get_resolver().url_patterns
