"""The workflow as others use it: as a module, from a repository, deployed."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from support.snakemake_runs import ROOT, SMALL_STUDY, jobs_of

from mnbench.planning.plan import read_plan
from mnbench.records.record import RECORD

pytestmark = pytest.mark.slow

STUDY = SMALL_STUDY | {"approaches": {"mothernets": {"g": [1]}}}
HERE = f'"{ROOT}/workflow/Snakefile"'
IMPORT = """
configfile: "study.yaml"

module mnbench:
    snakefile: {snakefile}
    config: config
    {more}

use rule * from mnbench {name}
"""
CONSUMER = """
use rule mothernets from mnbench as mnbench_mothernets with:
    resources: gpu=1, mem_mb=321

rule number_of_networks:
    input: f"{mnbench.PATHS.root}/networks.csv"
    output: "number.txt"
    shell: "wc -l < {input} > {output}"

onstart:
    print("the importer starts")
"""


def lay_out(folder: Path, snakefile: str, study: object = STUDY) -> Path:
    """Write a workflow and its configuration to a folder."""
    folder.mkdir(exist_ok=True)
    (folder / "Snakefile").write_text(snakefile, encoding="utf-8")
    (folder / "study.yaml").write_text(yaml.safe_dump(study), encoding="utf-8")
    return folder


def run(folder: Path, *options: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "snakemake", "--cores", "2", *options],
        cwd=folder,
        env=os.environ | environment,
        capture_output=True,
        text=True,
    )


def dry_run(folder: Path, **environment: str) -> dict[str, str]:
    """Return the number of jobs of each rule that a run would have."""
    done = run(folder, "-n", "--quiet", "rules", **environment)
    assert done.returncode == 0, done.stderr
    return jobs_of(done.stdout)


@pytest.mark.parametrize("snakefile", ["Snakefile", "workflow/Snakefile"])
@pytest.mark.parametrize("prefix", ["", "mnbench_"])
def test_a_module_has_the_whole_study_as_its_target(tmp_path, snakefile, prefix):
    name = f"as {prefix}*" if prefix else ""
    text = IMPORT.format(snakefile=f'"{ROOT / snakefile}"', more="", name=name)
    jobs = dry_run(lay_out(tmp_path, text))
    wanted = {"dataset": "1", "mothernets": "6", "tables": "1", "pages": "1", "all": "1"}
    assert wanted.items() <= {rule.removeprefix(prefix): n for rule, n in jobs.items()}.items()


def test_another_workflow_runs_the_study_and_uses_its_tables(tmp_path):
    text = IMPORT.format(snakefile=HERE, more='prefix: "inside"', name="as mnbench_*") + CONSUMER
    folder = lay_out(tmp_path, text)
    dry = run(folder, "-n", "number_of_networks")
    assert dry.returncode == 0, dry.stderr
    assert dry.stdout.count("mem_mb=321") == 6
    done = run(folder, "number_of_networks")
    assert done.returncode == 0, done.stderr
    assert "the importer starts" in done.stdout
    assert int((folder / "number.txt").read_text()) == 7  # a row a network, and the header
    study = folder / "inside/results/tiny"
    plan = read_plan(study / "plan.json")
    assert all((study / "records" / id / RECORD).is_file() for id in plan.trainings)
    assert not (study / "lock").exists()  # given back
    assert (folder / "inside/logs/tiny/tables.log").is_file()
    assert not (folder / "results").exists() and not (folder / "logs").exists()
    again = run(folder, "number_of_networks")
    assert "Nothing to be done" in again.stdout + again.stderr


def test_the_importing_workflow_keeps_its_own_default_target(tmp_path):
    own = 'rule own:\n    output: "own.txt"\n    shell: "touch {output}"\n'
    text = own + IMPORT.format(snakefile=HERE, more="", name="as mnbench_*")
    folder = lay_out(tmp_path, text)
    assert dry_run(folder) == {"own": "1"}
    done = run(folder)
    assert done.returncode == 0, done.stderr
    assert not (folder / "results").exists()  # a study without jobs is not begun


TWO = """
configfile: "study.yaml"

module first:
    snakefile: {snakefile}
    config: config["first"]

use rule * from first as first_*

module second:
    snakefile: {snakefile}
    config: config["second"]
    {more}

use rule * from second as second_*

rule both:
    default_target: True
    input: rules.first_tables.output, rules.second_tables.output
"""


def test_two_studies_are_one_workflow(tmp_path):
    studies = {"first": STUDY, "second": STUDY | {"approaches": {"full_data": None}}}
    text = TWO.format(snakefile=HERE, more='prefix: "second"')
    jobs = dry_run(lay_out(tmp_path, text, studies))
    assert (jobs["first_mothernets"], jobs["second_full_data"]) == ("6", "5")
    assert "first_full_data" not in jobs
    done = run(lay_out(tmp_path, TWO.format(snakefile=HERE, more=""), studies), "-n")
    assert done.returncode == 1
    assert "mnbench: results/tiny: modules 'first' and 'second' write to this folder" in done.stderr


@pytest.mark.parametrize("part", ["config", 'config["mine"]'])
def test_a_mistake_in_the_configuration_is_one_line(tmp_path, part):
    study = STUDY | {"recipe": {"epoch": 1}}
    text = IMPORT.format(snakefile=HERE, more="", name="").replace(
        "config: config", f"config: {part}"
    )
    done = run(lay_out(tmp_path, text, study if part == "config" else {"mine": study}), "-n")
    assert done.returncode == 1
    (line,) = [line for line in done.stderr.splitlines() if line.startswith("mnbench: ")]
    source = "study.yaml" if part == "config" else "config of module 'mnbench'"
    assert line.startswith(f"mnbench: {source}: unknown key 'recipe.epoch'; did you mean 'epochs'?")
    assert "Traceback" not in done.stderr


def git(folder: Path, *words: str) -> None:
    identity = ["-c", "user.name=test", "-c", "user.email=test@example.org"]
    subprocess.run(["git", *identity, *words], cwd=folder, check=True, capture_output=True)


@pytest.fixture(scope="module")
def repository(tmp_path_factory) -> Path:
    """Return a repository with this checkout as version v1."""
    folder = tmp_path_factory.mktemp("repository")
    for name in ("baselines", "mnbench", "workflow", "requirements.lock"):
        if (ROOT / name).is_dir():
            shutil.copytree(
                ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__")
            )
        else:
            shutil.copy(ROOT / name, folder)
    git(folder, "init", "--quiet")
    git(folder, "add", ".")
    git(folder, "commit", "--quiet", "--message", "all")
    git(folder, "tag", "v1")
    return folder


def test_a_workflow_of_a_repository_runs_with_its_own_packages(tmp_path, repository):
    source = f'gitfile("{repository}", path="workflow/Snakefile", tag="v1")'
    folder = lay_out(tmp_path, IMPORT.format(snakefile=source, more="", name=""))
    assert dry_run(folder)["mothernets"] == "6"
    (checkout,) = (folder / ".snakemake/mnbench").iterdir()
    assert (checkout / "requirements.lock").is_file()
    # A job as it is: of the packages that were written out, and no others.
    (checkout / "mnbench/commands/dataset.py").write_text("raise SystemExit('written out')")
    done = run(folder, "results/tiny/data/fashion_mnist/data.json")
    assert done.returncode == 1
    assert "written out" in done.stdout + done.stderr


def test_two_versions_in_one_workflow_are_refused(tmp_path, repository):
    source = f'gitfile("{repository}", path="workflow/Snakefile", tag="v1")'
    here, elsewhere = TWO.format(snakefile=HERE, more="").split("module second:")
    text = f"{here}module second:{elsewhere.replace(HERE, source)}"
    done = run(lay_out(tmp_path, text, {"first": STUDY, "second": STUDY}), "-n")
    assert done.returncode == 1
    assert f"mnbench: one workflow cannot use two versions, of {ROOT} and " in done.stderr


def test_a_deployed_workflow_is_read_from_its_hosts_repository(tmp_path, repository):
    # As snakedeploy writes it. What Snakemake has cloned before it does not ask the host for.
    cache = tmp_path / "cache/snakemake/snakemake/source-cache/snakemake-git-cache"
    clone = cache / "github.com/owner/mnbench"
    clone.parent.mkdir(parents=True)
    git(tmp_path, "clone", "--quiet", "--bare", str(repository), str(clone))
    source = 'github("owner/mnbench", path="workflow/Snakefile", tag="v1")'
    folder = lay_out(tmp_path / "deployed", IMPORT.format(snakefile=source, more="", name=""))
    jobs = dry_run(folder, XDG_CACHE_HOME=str(tmp_path / "cache"))
    assert (jobs["mothernets"], jobs["all"]) == ("6", "1")


def test_the_study_that_a_deployment_begins_with_is_the_default_one():
    assert (ROOT / "config/config.yaml").samefile(ROOT / "config/default.yaml")


def test_an_environment_a_rule_is_declined_with_the_reason(tmp_path):
    lay_out(tmp_path, "")
    here = ["--snakefile", str(ROOT / "Snakefile"), "--configfile", "study.yaml"]
    done = run(tmp_path, *here, "-n", "--sdm", "conda")
    assert done.returncode == 1
    assert "mnbench: --sdm conda: there is one environment for all rules" in done.stderr
    assert "environment.yml" in done.stderr and "Traceback" not in done.stderr
