"""Whether the broker answers. The only module that speaks to Redis itself; everything else goes through Celery."""

from __future__ import annotations

import logging

from django.conf import settings
from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

log = logging.getLogger(__name__)
DEADLINE = 2.0


def answers() -> bool:
    """A PING, answered within seconds."""
    # Celery writes `redis+socket` for what the client calls `unix`.
    url = settings.CELERY_BROKER_URL.replace("redis+socket://", "unix://", 1)
    client = Redis.from_url(url, socket_timeout=DEADLINE, socket_connect_timeout=DEADLINE, retry=Retry(NoBackoff(), 0))
    try:
        return bool(client.ping())
    except (RedisError, OSError) as e:
        log.warning("The broker does not answer: %s", type(e).__name__)
        return False
    finally:
        client.close()
