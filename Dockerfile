# The program and its agent, in one image. The command says which part it is: serve web, serve worker, serve beat,
# migrate, prepare, range, or the agent in a pod beside the data.
FROM debian:bookworm-slim

RUN apt-get update \
    && apt-get install --yes --no-install-recommends acl attr ca-certificates python3 python3-venv tar zstd \
    && rm -rf /var/lib/apt/lists/*

# The packages first: they change less often than the program.
COPY requirements.lock /opt/aftermath/
RUN python3 -m venv /opt/venv \
    && /opt/venv/bin/pip install --no-cache-dir --disable-pip-version-check --require-hashes --no-deps \
        --requirement /opt/aftermath/requirements.lock

COPY . /opt/aftermath/
RUN /opt/venv/bin/python -m compileall -q /opt/aftermath \
    && useradd --system --uid 10001 --user-group --no-create-home --home-dir /var/lib/aftermath aftermath \
    && install --directory --owner aftermath --group aftermath --mode 0700 /var/lib/aftermath

ENV PATH=/opt/venv/bin:/usr/local/bin:/usr/bin:/bin \
    PYTHONUNBUFFERED=1 \
    AFTERMATH_VAR=/var/lib/aftermath
WORKDIR /opt/aftermath
USER aftermath
VOLUME /var/lib/aftermath
EXPOSE 8000
ENTRYPOINT ["python", "manage.py"]
CMD ["serve", "web", "--bind", "0.0.0.0:8000"]
