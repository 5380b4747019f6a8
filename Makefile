# Two commands matter: `make app` and `make test`. Both set up what they need.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
DATA ?= ../shared/data
PORT ?= 8501
FAULTS := tests/jobs/test_faults.py tests/jobs/test_faults_study.py tests/jobs/test_ray_faults.py

.PHONY: app test check figures bench faults data lock clean browser

app: $(VENV)/app.stamp
	$(BIN)/streamlit run streamlit_app.py --server.address localhost --server.port $(PORT)

test: $(VENV)/dev.stamp browser
	$(BIN)/pytest -n 2 --dist loadfile --durations 25

check: $(VENV)/dev.stamp
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

figures: $(VENV)/dev.stamp
	$(BIN)/pytest tests/figures --data-dir $(DATA)

bench: $(VENV)/dev.stamp browser
	$(BIN)/python -m tests.benchmarks

faults: $(VENV)/dev.stamp
	$(BIN)/pytest tests/jobs/test_faults.py -k two_processes --fault-repeats 50 --timeout 0
	$(BIN)/pytest $(FAULTS) -k "not two_processes" --fault-repeats 20 --timeout 0

data: $(VENV)/app.stamp
	$(BIN)/python -m jobs data build --from $(DATA)

lock: $(VENV)/app.stamp
	for set in requirements requirements-dev; do \
	  $(BIN)/uv pip compile $$set.in --universal --python-version 3.11 --generate-hashes --no-annotate \
	    --no-emit-index-url --no-emit-find-links --custom-compile-command "make lock" -o $$set.txt; \
	done

browser: $(VENV)/dev.stamp
	$(BIN)/python -m tests.browser.install

clean:
	rm -rf $(VENV) .workbench .pytest_cache .mypy_cache .ruff_cache .hypothesis

$(VENV)/bin/uv:
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet uv

$(VENV)/app.stamp: $(VENV)/bin/uv requirements.txt
	$(BIN)/uv pip install --quiet -r requirements.txt
	touch $@

$(VENV)/dev.stamp: $(VENV)/app.stamp requirements-dev.txt
	$(BIN)/uv pip install --quiet -r requirements-dev.txt
	touch $@
