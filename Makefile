# Two commands set everything up on a fresh machine: `make demo` and `make test`.
PYTHON ?= python3
VENV ?= .venv
EXTRAS ?= test
PINS ?=
BIN := $(VENV)/bin

.PHONY: demo test test-addons lint bench clean

# Installed anew when the requirements change.
$(VENV)/.installed: setup.cfg pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable ".[$(EXTRAS)]" $(PINS)
	touch $@

demo: $(VENV)/.installed  # render the sample people in new poses
	mkdir -p outputs
	$(BIN)/python samples/demo.py --output outputs/demo.png

test: $(VENV)/.installed  # all tests, or those of TESTS=path
	$(BIN)/python -m pytest -n 2 --dist worksteal $(TESTS)

# The pins say what the extra means anyway: without them, pip downloads newer versions first, to find that out.
test-addons:  # the same on TensorFlow 2.15 with TensorFlow Addons, for Python 3.10 and 3.11
	$(MAKE) test VENV=.venv-addons EXTRAS=addons,test \
		PINS="'tensorflow==2.15.*' 'tensorflow-serving-api==2.15.*' 'opencv-python-headless<4.12'"

lint: $(VENV)/.installed  # style and formatting
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

bench: $(VENV)/.installed  # benchmarks, one table each
	for file in tests/benchmarks/bench_*.py; do PYTHONPATH=. $(BIN)/python $$file || exit 1; done

clean:  # remove environments and outputs
	rm -rf .venv .venv-addons build outputs *.egg-info
