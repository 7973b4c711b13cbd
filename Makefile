# Two commands set everything up on a fresh machine: `make demo` and `make test`.
PYTHON ?= python3
VENV ?= .venv
EXTRAS ?= test
BIN := $(VENV)/bin

.PHONY: demo test test-addons lint bench clean

# Installed anew when the requirements change.
$(VENV)/.installed: setup.cfg pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable ".[$(EXTRAS)]"
	touch $@

demo: $(VENV)/.installed  # find two people's poses, render one in the pose of the other
	mkdir -p outputs
	$(BIN)/gfla pose samples/walker.jpg --output outputs/walker_keypoints.json --draw outputs/walker_skeleton.png
	$(BIN)/gfla transfer samples/standing.jpg outputs/walker_keypoints.json --weights stand-in \
		--output outputs/transfer.png --debug outputs/sheet.png
	$(BIN)/python -m training data show samples/rendered --output outputs/rendered.png
	@echo
	@echo "Stand-in weights have learned nothing, so outputs/transfer.png is coloured noise; see README.md for real ones."
	@echo "Look at $(CURDIR)/outputs/sheet.png, and at training data with exact flow in $(CURDIR)/outputs/rendered.png"

test: $(VENV)/.installed  # all tests, or those of TESTS=path
	$(BIN)/python -m pytest -n 2 $(TESTS)

test-addons:  # the same on TensorFlow 2.15 with TensorFlow Addons, for Python 3.10 and 3.11
	$(MAKE) test VENV=.venv-addons EXTRAS=addons,test

lint: $(VENV)/.installed  # style and formatting
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

bench: $(VENV)/.installed  # benchmarks, one table each
	for file in tests/benchmarks/bench_*.py; do PYTHONPATH=. $(BIN)/python $$file || exit 1; done

clean:  # remove environments and outputs
	rm -rf .venv .venv-addons build outputs *.egg-info
