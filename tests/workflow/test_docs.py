"""The documentation: its examples run, its links and files exist, its numbers are measured ones."""

import re
from pathlib import Path

import pytest
import yaml
from support.blocks import Block, blocks_of, check, check_commands, read_yaml, run_python

from mnbench.architectures import ARCHITECTURE_SETS, set_title
from mnbench.architectures.families import FAMILIES
from mnbench.datasets import DATASETS

ROOT = Path(__file__).parents[2]
DOCS = sorted(ROOT.glob("docs/*.md"))
PAGES = [*DOCS, ROOT / "README.md", ROOT / "config/README.md"]
BLOCKS = [block for page in PAGES for block in blocks_of(page)]


def text_of(page: str) -> str:
    return (ROOT / page).read_text(encoding="utf-8")


@pytest.mark.parametrize("block", [block for block in BLOCKS if not block.reason], ids=str)
def test_a_block_of_code_runs(block):
    check(block)


def test_every_page_is_in_the_navigation():
    site = yaml.safe_load(text_of("mkdocs.yml"))
    named = [path for entry in site["nav"] for path in entry.values()]
    assert sorted(named) == [page.name for page in DOCS]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_and_file_is_there(page):
    text = page.read_text(encoding="utf-8")
    for link in re.findall(r"\]\((?!https?:|#)([^)#]+)", text):
        assert (page.parent / link).exists(), link
    folders = "baselines|benchmarks|config|docs|mnbench|profiles|results|tests|workflow"
    for name in re.findall(rf"`((?:{folders})/[^`<*\s]*)`", text):
        if not re.search("my-study|label_smoothing|repeated|results/report.html", name):
            assert (ROOT / name).exists(), name


def test_every_study_is_in_the_table():
    listed = re.findall(r"^\| `(.+?\.yaml)` \|", text_of("config/README.md"), re.MULTILINE)
    assert sorted(listed) == sorted(path.name for path in ROOT.glob("config/*.yaml"))


def test_every_architecture_set_family_and_data_set_is_named():
    for name in (*ARCHITECTURE_SETS, *FAMILIES):
        assert f"`{name}`" in text_of("docs/architectures.md"), name
    for name in ARCHITECTURE_SETS:
        assert f"| `{name}` | {set_title(name)} |\n" in text_of("docs/architectures.md"), name
    for name in DATASETS:
        assert name in text_of("docs/usage.md"), name


def test_every_benchmark_is_in_the_table_and_was_run():
    text = text_of("benchmarks/README.md")
    listed = set(re.findall(r"^\| `(\w+)\.py` \|", text, re.MULTILINE))
    runs_alone = {
        path.stem
        for path in ROOT.glob("benchmarks/*.py")
        if f"python benchmarks/{path.name}" in path.read_text(encoding="utf-8")
    }
    assert listed == runs_alone - {"all"}
    (run_by_make,) = re.findall(r"^SCRIPTS = \((.*?)\)$", text_of("benchmarks/all.py"), re.M | re.S)
    of_finished_studies = {"plan_ahead", "utilisation"}
    assert set(re.findall(r"\w+", run_by_make)) == listed - of_finished_studies
    measured = {path.stem for path in ROOT.glob("benchmarks/results/*.csv")}
    assert measured | {"peers"} == listed | {"about"}  # the peers are optional


def test_the_protocol_says_what_the_reference_study_sets():
    study = yaml.safe_load(text_of("config/reference.yaml"))
    text = " ".join(text_of("docs/protocol.md").split())
    recipe, approaches = study["recipe"], study["approaches"]
    epochs, optimiser = recipe["epochs"], recipe["optimiser"]
    mothernets, snapshots = approaches["mothernets"], approaches["snapshot_ensembles"]
    hatched, cycle = mothernets["hatched"]["epochs"], snapshots["epochs_per_cycle"]
    budgets = {
        name: [round(epochs * budget) for budget in sorted(options.get("budgets", [1]))[::-1]]
        for name, options in approaches.items()
        if options
    }
    whole, *smaller, smallest = budgets["full_data"]
    *shorter_cycles, longest_cycle = [cycle * budget for budget in snapshots["budgets"]]
    alone = budgets["single_network"][::-1]
    # Each of the hatched networks' own budgets, from the largest.
    own, *shorter = [round(hatched * budget) for budget in mothernets["hatched"]["budgets"]][::-1]
    for passage in (
        f"momentum {optimiser['momentum']:g}",
        f"batches of {recipe['batch_size']} images",
        f"one cosine from {optimiser['learning_rate']:g} to 0",
        f"| {whole} epochs a network; at smaller budgets {', '.join(map(str, smaller))} and "
        f"{smallest} |",
        f"T = {approaches['knowledge_distillation']['temperature']}, half teacher",
        f"{snapshots['cycles']} cosine cycles of {cycle} epochs, all billed; the last five "
        f"predict; at other budgets cycles of {shorter_cycles[0]:g} and {longest_cycle:g}",
        f"{epochs} epochs a MotherNet, {own} a hatched network, noise {mothernets['noise']:g}; "
        f"with shorter hatched trainings {epochs} + {shorter[0]} and {epochs} + {shorter[1]}",
        f"{', '.join(map(str, alone[:-1]))} and {alone[-1]} epochs",
        f"{study['data']['train_images']:,} training images (`sample: {study['data']['sample']}`)",
    ):
        assert passage in text, passage


# What the Snakemake Workflow Catalog asks for


def test_the_catalog_finds_what_it_reads():
    usage = yaml.safe_load(text_of(".snakemake-workflow-catalog.yml"))["usage"]
    assert set(usage) == {"mandatory-flags", "software-stack-deployment", "report"}
    assert set(usage["mandatory-flags"]) == {"desc", "flags"} and usage["report"] is True
    assert not any(usage["software-stack-deployment"].values())  # as the workflow declines it
    assert "rule all:" in text_of("workflow/Snakefile")
    readme = text_of("README.md").lower()
    assert "snakemake" in readme and "workflow" in readme
    assert list(ROOT.glob("workflow/rules/*.smk"))


# The checks themselves


@pytest.mark.parametrize(
    ("checked", "text"),
    [
        (run_python, "import mnbench.no_such_module"),
        (read_yaml, "study: x\ndatasets: [imagenet]"),
        (read_yaml, "recipe: {epoch: 3}"),
        (read_yaml, "no_key_of_a_study: 3"),
        (read_yaml, "members: [{name: x, family: vgg, depth: 12}]"),
        (check_commands, "snakemake --corse 4"),
        (check_commands, "snakemake --configfile config/no-such.yaml"),
        (check_commands, "make no-such-target"),
        (check_commands, "python -m mnbench no-such-step"),
        (check_commands, "python -m mnbench compare a b --no-such-option"),
        (check_commands, "python -m no_such_module"),
        (check_commands, "python -m mnbench.report.generated"),  # it would do nothing
        (check_commands, "python -m mnbench.report"),  # a package that is not run
        (check_commands, "pytest -m no_such_mark"),
        (check_commands, "no-such-command"),
    ],
)
def test_a_block_with_a_wrong_key_command_or_import_fails_its_check(checked, text, capsys):
    with pytest.raises((Exception, SystemExit)):
        checked(text)


def test_a_block_that_is_not_run_says_why(tmp_path, monkeypatch):
    monkeypatch.setattr("support.blocks.ROOT", tmp_path)
    page = tmp_path / "page.md"
    page.write_text(
        "<!-- not run: no conda here -->\n```sh\nconda\n```\n\n"
        "1. item\n\n   ```text\n   a\n   ```\n",
        encoding="utf-8",
    )
    first, second = blocks_of(page)
    assert first == Block("page.md", 2, "sh", "conda\n", "no conda here")
    assert (second.text, second.reason) == ("a\n", None)
    with pytest.raises(AssertionError, match="mark it"):
        check(second)
