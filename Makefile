# `make run` starts Aftermath, `make test` tests it. Everything else is for those who work on it.
MAKEFLAGS += --no-print-directory
python := .venv/bin/python
.PHONY: help run test test-kubernetes test-kubernetes-all check env dev bench lock languages pictures secrets

help:
	@echo "make run        start it; the address is printed (PORT=8000)"
	@echo "make test       every check and test that this machine can run (ARGS=tests/people)"
	@echo "make test-kubernetes      what needs a cluster, against the one of KUBECONFIG; it must be one for tests"
	@echo "make test-kubernetes-all  that with every fault, which takes an hour and a half and breaks the cluster for others"
	@echo "make check      the checks alone: style, types, layers, settings, languages"
	@echo "make bench      what it costs, as a table"
	@echo "make env        only make .venv"
	@echo "make lock       choose the newest packages anew (needs uv)"
	@echo "make languages  collect the sentences to translate, and make what is read of them (needs gettext)"
	@echo "make secrets    make what docker-compose.yml reads"
	@echo "make pictures   take the pictures of the documents (needs a browser)"

env:
	@sh tools/environment.sh requirements.lock

run: env
	@exec $(python) manage.py up

dev:
	@sh tools/environment.sh requirements-dev.lock

check: dev
	@$(python) tools/check.py

test: dev
	@checked=0; $(python) tools/check.py || checked=1; $(python) tools/suite.py $(ARGS) && exit $$checked

test-kubernetes: dev
	@AFTERMATH_REQUIRE="$${AFTERMATH_REQUIRE:-kubernetes}" $(python) tools/suite.py kubernetes $(ARGS)

test-kubernetes-all: dev
	@AFTERMATH_REQUIRE="$${AFTERMATH_REQUIRE:-kubernetes}" $(python) tools/suite.py kubernetes-all $(ARGS)

bench: dev
	@$(python) -m bench

pictures: dev
	@$(python) -m tools.pictures

languages: dev
	@$(python) -m tools.languages --make

secrets:
	@sh tools/secrets.sh

lock:
	@sh tools/lock.sh
