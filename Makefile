# make            set up, run the default study, say where its figures are
# make test       set up, run the tests: the quick ones and those marked slow
# make lint       set up, check the style and the types
# make types      set up, check the types alone
# make docs       set up, write the generated pages anew, build the documentation into build/site
# make reference  run the reference study and the families' (three hours), write their numbers
# make bench      set up, install the libraries to compare with beside it, run every benchmark, write their tables
# make lock       write requirements.lock anew from pyproject.toml
# make audit      look for known weaknesses of the packages in requirements.lock
# make clean      delete the environment and every result but what is committed

PYTHON ?= python3
BIN := .venv/bin

.PHONY: study test lint types docs reference bench lock audit clean

study: $(BIN)/.installed
	$(BIN)/snakemake --cores all
	@echo "Figures: results/default/figures/fashion_mnist_v5-small/  Table: results/default/summary.csv"
	@echo "Claims: results/default/claims.md  In a browser: results/default/explorer.html"

# By itself pytest leaves the slow tests out (pyproject.toml): this is the whole, what CI runs.
test: $(BIN)/.installed
	$(BIN)/pytest -m "not long and not gpu and not browser and not slurm"

lint: types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/snakefmt --check Snakefile workflow
	# All but one of its lints: the environment is the whole workflow's, not each rule's.
	! $(BIN)/snakemake --lint 2>&1 | grep '^    \* ' | grep -v 'conda environment or container'

types: $(BIN)/.installed
	$(BIN)/mypy

docs: $(BIN)/.installed
	$(BIN)/python -m mnbench docs
	# Material prints a notice of its own end of life unless this is set; --quiet does not hide it.
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet

reference: $(BIN)/.installed
	$(BIN)/snakemake --cores all --configfile config/reference.yaml
	$(BIN)/snakemake --cores all --configfile config/families.yaml
	$(BIN)/python -m mnbench docs

bench: .venv-peers/.installed
	.venv-peers/bin/python benchmarks/all.py
	$(BIN)/python -m mnbench docs

# It sees the packages of .venv and adds the peers: what is locked stays as it is.
.venv-peers/.installed: $(BIN)/.installed
	$(BIN)/python -m venv .venv-peers
	$(BIN)/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))' \
	  > "$$(.venv-peers/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/locked.pth"
	.venv-peers/bin/python -m pip install --quiet --disable-pip-version-check -e '.[peers]'
	@touch $@

# The stamp is written last, so that an interrupted set-up is taken up again.
$(BIN)/.installed: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and \
	  "mnbench needs Python 3.11 or newer, this is " + sys.version.split()[0] + "; try make PYTHON=python3.12")'
	$(PYTHON) -m venv .venv
	@echo "Installing into .venv: about 6 GB, most of it CUDA. It downloads gigabytes and takes minutes."
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps -e .
	@touch $@

# Exact versions for every system and Python from 3.11 on; uv writes markers, not addresses.
lock: $(BIN)/.installed
	$(BIN)/python -m pip install --quiet uv
	$(BIN)/uv pip compile pyproject.toml --extra dev --extra docs --universal --python-version 3.11 --upgrade \
	  --no-header --no-annotate --quiet --output-file requirements.lock

# Needs the network; strict, so that a package that could not be looked up is no pass.
audit: $(BIN)/.installed
	$(BIN)/python -m pip install --quiet pip-audit
	$(BIN)/pip-audit --requirement requirements.lock --disable-pip --no-deps --strict

clean:
	rm -rf .venv .venv-peers .snakemake logs
	git clean -fdXq results
