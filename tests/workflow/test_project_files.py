"""The files around the code: test layers, hooks, citation and templates agree with each other."""

import re
import tomllib
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
PYTEST = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["pytest"]
TEMPLATES = sorted((ROOT / ".github/ISSUE_TEMPLATE").glob("*.yml"))


def excluded(text: str) -> set[str]:
    """Return the marks that a selection leaves out: "not slow and not long"."""
    return set(re.findall(r"not (\w+)", text))


def test_make_test_adds_the_slow_tests_and_nothing_else():
    by_default = excluded(PYTEST["ini_options"]["addopts"][-1])
    (of_make,) = re.findall(r"\$\(BIN\)/pytest -m \"(.*)\"", MAKEFILE)
    assert by_default - excluded(of_make) == {"slow"}
    declared = {marker.split(":")[0] for marker in PYTEST["ini_options"]["markers"]}
    assert by_default == declared


def test_every_target_has_a_line_of_help():
    (phony,) = re.findall(r"^\.PHONY: (.*)$", MAKEFILE, re.MULTILINE)
    described = set(re.findall(r"^# make (\w+) +\w", MAKEFILE, re.MULTILINE))
    assert described == set(phony.split()) - {"study"}  # which is plain `make`


def test_set_up_says_before_it_downloads_how_much_and_how_long():
    lines = MAKEFILE.splitlines()
    (said,) = [i for i, line in enumerate(lines) if line.startswith("\t@echo") and "GB" in line]
    assert "minutes" in lines[said]
    assert lines[said + 1].startswith("\t$(BIN)/python -m pip install --quiet")


def test_hooks_call_the_programs_of_make_lint_and_fetch_nothing():
    hooks = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))
    (repository,) = hooks["repos"]
    assert repository["repo"] == "local"
    for hook in repository["hooks"]:
        assert hook["language"] == "system"
        program, *options = hook["entry"].split()
        options = [option for option in options if option != "--force-exclude"]
        assert " ".join([program.replace(".venv/bin", "$(BIN)"), *options]) in MAKEFILE


def test_ci_runs_the_style_all_tests_and_the_documentation():
    lines = (ROOT / ".ci/run").read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if line.startswith("make ")] == [
        "make lint",
        "make test",
        "make docs",
    ]


def test_the_citation_is_of_this_version_and_of_the_paper():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert (citation["version"], citation["license"]) == (project["version"], project["license"])
    paper = citation["preferred-citation"]
    assert paper["title"] == "MotherNets: Rapid Deep Ensemble Learning"
    authors = [author["family-names"] for author in paper["authors"]]
    assert authors == ["Wasay", "Hentschel", "Liao", "Chen", "Idreos"]


def test_the_changelog_has_this_version():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert f"\n## [{project['version']}] - " in text


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.stem)
def test_an_issue_template_has_what_the_form_needs(template):
    form = yaml.safe_load(template.read_text(encoding="utf-8"))
    if template.stem == "config":
        return
    assert form["name"] and form["description"]
    ids = [field["id"] for field in form["body"]]
    assert len(set(ids)) == len(ids)
    assert all(field["attributes"]["label"] for field in form["body"])


def test_every_file_that_the_contributing_guide_names_is_there():
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    named = re.findall(r"`((?:baselines|mnbench|tests|workflow)/[^`\s]*)`", text)
    assert len(named) >= 10
    for name in named:
        assert "NAME" in name or (ROOT / name).exists(), name
