# `make run` and `make test` set up everything they need; a second run starts in seconds.
# Options: PYTHON=python3.12, EXTRAS=local,dev (no pictures), ARGS="…" for the command behind the target, and for
# `make run` a real model: MODEL=llama-3.2-3b, MODEL=/path/to/model.gguf, MODEL=list; and a real checkpoint for pictures:
# PICTURES=sd-turbo, PICTURES=hub-user/name, PICTURES=list.

PYTHON ?= python3
EXTRAS ?= local,search,images,dev
# A PostgreSQL address asks for its driver.
ifneq (,$(findstring postgres,$(DATABASE_URL)))
EXTRAS := $(EXTRAS),postgres
endif

# Tests wait more than they work: two processes halve the time. Three gain a tenth on two cores, and starve browsers.
PROCESSES ?= 2

VENV := .venv
PY := $(VENV)/bin/python
PYTEST := $(PY) -m pytest -n $(PROCESSES) --dist loadfile --no-loadscope-reorder
# Once more on PostgreSQL: what leans on locks, on the order of transactions, or on the database's own search.
ON_POSTGRES := tests/assistant/rooms tests/assistant/runs tests/integrations/test_lock_order.py \
	$(patsubst %,tests/assistant/test_%.py,conversations members memories migrations people prepared search shares)
comma := ,
# Code Shield holds others back where it shares an environment with them.
SHIELD := .venv-code
STAMP := $(VENV)/.installed-$(subst $(comma),-,$(EXTRAS))

# Leftovers of the caller's shell (a git hook, another project) must not reach ours.
unexport PYTHONPATH PYTHONHOME PYTHONSAFEPATH PYTHONSTARTUP VIRTUAL_ENV DJANGO_SETTINGS_MODULE
# Without compiled files each of the many processes that tests start would compile everything anew.
unexport PYTHONDONTWRITEBYTECODE
unexport PIP_TARGET PIP_PREFIX PIP_USER PIP_REQUIRE_VIRTUALENV
unexport GIT_DIR GIT_WORK_TREE GIT_INDEX_FILE

.PHONY: help run test check audit shield bench drill mutants format clean

help:  ## list these targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-8s%s\n", $$1, $$2 }' Makefile

# MODEL is the setting LLAMA_LOCAL_MODEL in one word, PICTURES the setting IMAGINE_MODEL.
ifneq (,$(MODEL))
run: export LLAMA_LOCAL_MODEL := $(MODEL)
endif
ifneq (,$(PICTURES))
run: export IMAGINE_MODEL := $(PICTURES)
endif
run: $(STAMP)  ## run Chaski on this machine, at http://127.0.0.1:8000 (MODEL=llama-3.2-3b, PICTURES=sd-turbo)
	@exec $(PY) manage.py start $(ARGS)

test: $(STAMP)  ## run every test, in a real browser too (ARGS="-k word")
	@CHROMIUM="$$(scripts/chromium $(PY))" && export CHROMIUM && exec $(PYTEST) $(ARGS)
ifeq (,$(ARGS)$(DATABASE_URL))
	@$(PY) scripts/postgres.py $(PYTEST) $(ON_POSTGRES)
endif

check: $(STAMP)  ## lint, formatting, types, Django's own checks, no secrets in files
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy
	$(PY) manage.py check
	$(PY) manage.py makemigrations --check
	$(PY) -m detect_secrets.pre_commit_hook --baseline .secrets.baseline $$(git ls-files ':!*.lock' ':!*.png' ':!*/checkpoint/*')

audit: $(STAMP)  ## ask PyPI which locked packages have known faults
	@$(PY) scripts/install.py audit
	$(PY) -m pip_audit --disable-pip --require-hashes -r requirements.lock

shield: $(SHIELD)/.installed  ## install Code Shield, which marks insecure code in answers
	@echo "Code Shield is in $(SHIELD), 200 MB. Set CODE_SHIELD=$(SHIELD)/bin/python to have code in answers marked."

bench: $(STAMP)  ## measure, against the aims in the docs
	@$(PY) -m benchmarks.chat
	@CHROMIUM="$$(scripts/chromium $(PY))" && export CHROMIUM && exec $(PY) -m benchmarks.page
	@$(PY) -m benchmarks.imagine
	@$(PY) -m benchmarks.search
	@$(PY) -m benchmarks.turn
	@$(PY) -m benchmarks.guard
	@$(PY) -m benchmarks.webhooks
	@$(PY) -m benchmarks.rooms
	@$(PY) -m benchmarks.many

drill: $(STAMP)  ## break each part of a running site, and see what people see (WORD=painter)
	@CHROMIUM="$$(scripts/chromium $(PY))" && export CHROMIUM && exec $(PY) -m benchmarks.drill "$(WORD)"

mutants: $(STAMP)  ## remove one protection after another: does a test notice? (WORD=cookie)
	@CHROMIUM="$$(scripts/chromium $(PY))" && export CHROMIUM && $(PY) scripts/mutants.py "$(WORD)"

format: $(STAMP)  ## put every file into shape
	$(PY) -m ruff check --fix .
	$(PY) -m ruff format .

clean:  ## remove what was installed and cached; var/, with people's data, stays
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# Its first import writes a link beside the analyser: better now than by a site that may write nothing there.
$(SHIELD)/.installed: requirements-code.lock
	@scripts/venv "$(PYTHON)" $(SHIELD)
	@$(SHIELD)/bin/python -m pip --disable-pip-version-check install --quiet --no-deps --require-hashes -r $<
	@$(SHIELD)/bin/python -I -c "import codeshield.cs"
	@touch $@

$(STAMP): pyproject.toml requirements.lock requirements-by-hand.lock
	@scripts/venv "$(PYTHON)" $(VENV)
	@echo "Installing packages into $(VENV): 600 MB to fetch, on Linux 3 GB with NVIDIA's libraries (see README.md)."
	@$(PY) scripts/install.py $(EXTRAS)
	@touch $@
