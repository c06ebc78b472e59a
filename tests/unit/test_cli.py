"""The command line: help for a newcomer, one line for a mistake, output that any terminal takes."""

import io
import json
import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from support.tiny import DATASET, config, id_of, plan_of

from mnbench.architectures import ARCHITECTURE_SETS, load_architectures, set_title
from mnbench.cli import main
from mnbench.commands import COMMANDS, GROUPS
from mnbench.commands.parser import build_parser
from mnbench.datasets.prepared import DATA_FILES
from mnbench.errors import UserError
from mnbench.figures import style
from mnbench.planning.forecast import overview
from mnbench.planning.plan import read_plan
from mnbench.records.record import FILES, PREDICTIONS, WEIGHTS, read_record

ROOT = Path(__file__).parents[2]
MNBENCH = [sys.executable, "-m", "mnbench"]


def status_of(*arguments: str | Path) -> int:
    """Run a command in this process and return its exit status."""
    try:
        return main([str(argument) for argument in arguments])
    except SystemExit as end:
        assert isinstance(end.code, int)
        return end.code


def mistake(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> str:
    """Run a command that must be refused, and return the one line that says why."""
    assert status_of(*arguments) == 2
    said = capsys.readouterr()
    assert said.out == ""
    (line,) = said.err.splitlines()
    assert line.startswith("mnbench")
    return line


# Help


def test_help_lists_every_command_in_its_group(capsys):
    assert status_of("--help") == 0
    text = capsys.readouterr().out
    for title, commands in GROUPS.items():
        _, _, listed = text.partition(f"\n{title}:\n")
        lines = listed.split("\n\n")[0].splitlines()
        assert [line.split()[0] for line in lines] == [command.name for command in commands]
        assert all(
            line.endswith(command.summary) for line, command in zip(lines, commands, strict=True)
        )
    assert max(map(len, text.splitlines())) <= 100


def test_what_no_study_runs_is_no_step_of_the_pipeline():
    steps = GROUPS["steps of the pipeline, which Snakemake runs"]
    rules = "".join(file.read_text() for file in ROOT.glob("workflow/rules/*.smk"))
    rules = rules.replace("mnbench.training.supervise", "supervise: mnbench train ")
    assert all(f" mnbench {command.name} " in rules for command in steps)


def test_without_a_command_help_is_shown(capsys):
    assert status_of() == 2
    assert "mnbench COMMAND --help" in capsys.readouterr().err


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)
def test_the_help_of_a_command_has_a_paragraph_and_an_example(command, capsys):
    assert status_of(command.name, "--help") == 0
    text = capsys.readouterr().out
    assert text.startswith(f"usage: mnbench {command.name} ")
    assert " ".join(command.description.split()) in " ".join(text.split())
    assert f"example:\n  {command.example}\n" in text


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)
def test_every_example_is_a_valid_line(command):
    program, *arguments = shlex.split(command.example)
    assert program == "mnbench"
    assert build_parser().parse_args(arguments).run == command.run


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)
def test_every_argument_has_a_help_text_and_a_plain_placeholder(command):
    _, *arguments = shlex.split(command.example)
    parser = build_parser().parse_args(arguments).parser
    for action in parser._actions:
        assert action.help
        takes_no_value = action.nargs == 0
        assert takes_no_value or (action.metavar and action.metavar.isupper())


@pytest.mark.parametrize(("former", "name"), [("mothernet", "preview"), ("pages", "report")])
def test_a_former_name_is_understood_and_not_advertised(former, name, capsys):
    assert status_of(former, "--help") == 0
    of_former = capsys.readouterr().out
    assert status_of(name, "--help") == 0
    assert capsys.readouterr().out == of_former.replace(f"mnbench {former}", f"mnbench {name}")
    status_of("--help")
    lines = capsys.readouterr().out.splitlines()
    assert not any(line.split()[:1] == [former] for line in lines)


def test_a_former_option_is_understood_and_not_advertised(capsys):
    said = []
    for option in (["--architecture-set", "v5-small"], ["--ensemble", "v5-small"]):
        assert status_of("preview", *option, "--g", "2") == 0
        said.append(capsys.readouterr().out)
    assert status_of("mothernet", "--ensemble=v5-small", "--g", "2") == 0
    assert {*said, capsys.readouterr().out} == {said[0]}
    status_of("preview", "--help")
    assert "--ensemble" not in capsys.readouterr().out
    assert "--ensemble" not in mistake(capsys, "preview", "--architecture-set", "v5", "--ensembl")


def test_the_version_is_said(capsys):
    assert status_of("--version") == 0
    assert capsys.readouterr().out.startswith("mnbench ")


def test_reading_the_arguments_imports_nothing_heavy():
    heavy = {"torch", "pandas", "matplotlib", "scipy", "snakemake", "timm"}
    code = (
        "import sys, mnbench.cli, mnbench.commands.parser as parser; parser.build_parser(); "
        f"print({heavy} & sys.modules.keys())"
    )
    run = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert run.stdout.strip() == "set()"


def test_without_its_packages_it_says_how_to_get_them():
    code = (
        "import sys; sys.modules['pydantic'] = None; import mnbench.cli as cli; cli.main(['sets'])"
    )
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    (line,) = run.stderr.splitlines()
    assert line.startswith("mnbench: the package 'pydantic' is missing; activate the environment")


# Completion by the shell


def completions(line: str, folder: Path = ROOT) -> set[str]:
    """Return what argcomplete offers at the end of *line*."""
    environment = os.environ | {
        "_ARGCOMPLETE": "1",
        "_ARGCOMPLETE_IFS": "\n",
        "_ARGCOMPLETE_STDOUT_FILENAME": str(folder / "completions"),
        "COMP_LINE": line,
        "COMP_POINT": str(len(line)),
        "PYTHONPATH": str(ROOT),
    }
    subprocess.run(MNBENCH, env=environment, cwd=folder, capture_output=True)
    return {text.strip() for text in (folder / "completions").read_text().split("\n")}


def test_the_shell_completes_commands_names_and_ids(prepared, tmp_path):
    assert completions("mnbench p", tmp_path) == {"preview", "plan", "profile"}
    assert completions("mnbench preview --dataset fash", tmp_path) == {"fashion_mnist"}
    assert "v100" in completions("mnbench preview --architecture-set v", tmp_path)
    id = str(id_of(prepared, "bagging/v13"))
    assert completions(f"mnbench train {prepared.plan} {id[:-2]}", tmp_path) >= {id}


# A mistake is one line, and exit status 2


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ("prevew", "unknown command 'prevew'; did you mean 'preview'?"),
        ("tabels x", "did you mean 'tables'?"),
        ("preview", "required: --architecture-set"),
        ("preview --architecture-set v5-small --epoch-count 3", "unknown option '--epoch-count'"),
        ("preview --architecture-set v5-small --imagess 3", "did you mean '--images'?"),
        ("preview --architecture-set v5-smal", "did you mean 'v5-small'?"),
        ("preview --architecture-set v5-small --g some", "'minimum' or 'all', got 'some'"),
        ("preview --architecture-set v5-small --g 6", "mnbench: g = 6"),
        ("preview --architecture-set v5-small --tau 2", "number from 0 to 1, got '2'"),
        (
            "preview --architecture-set v5-small --images many",
            "whole number from 1 to 1,000,000,000, got 'many'",
        ),
        (
            "preview --architecture-set v5-small --images 0",
            "whole number from 1 to 1,000,000,000, got '0'",
        ),
        ("preview --architecture-set v5-small --dataset fashion", "did you mean 'fashion_mnist'?"),
        ("plan", "required: CONFIGURATION"),
        ("plan nowhere.yaml", "mnbench: nowhere.yaml: No such file"),
        ("plan .", "mnbench: .: Is a directory"),
        ("plan config/default.yaml more", "unexpected argument 'more'"),
        ("profile nowhere.yaml", "mnbench: nowhere.yaml: No such file"),
        ("profile config/default.yaml --network v1", "have no network 'v1'; did you mean 'v1"),
        ("profile --steps 10001", "whole number from 1 to 10,000, got '10001'"),
        ("compare default", "required: SECOND-STUDY"),
        ("compare nowhere-a nowhere-b", "no study 'nowhere-a'"),
        ("compare default my-study --cost training_flop", "did you mean 'training_flops'?"),
        ("train nowhere.json id", "mnbench: nowhere.json: not a readable plan"),
        ("tables nowhere.json --out . --costs examples", "nowhere.json: not a readable plan"),
        ("tables nowhere.json --out . --costs exmples", "did you mean 'examples'?"),
        ("figure paretto p t", "did you mean 'pareto'?"),
        (
            "figure size p t --dataset svhn --architecture-set v5 --costs examples --out o "
            "--absolute",
            "'size' has no intervals of differences that could be absolute; leave the option out",
        ),
        ("report nowhere.json nowhere --costs examples --out o --explorer e", "nowhere"),
        (
            "dataset fashion_mnist nowhere.json --out o --train-images all --validation-images 1",
            "mnbench: nowhere.json: not a readable plan",
        ),
        (
            "dataset fashion_mnist nowhere.json --out o --train-images no --validation-images 1",
            "or 'all', got 'no'",
        ),
    ],
)
def test_a_mistake_is_one_line_with_the_nearest_valid_name(arguments, said, capsys, monkeypatch):
    monkeypatch.chdir(ROOT)
    assert said in mistake(capsys, *arguments.split())


def test_a_figure_without_tables_is_one_line(prepared, tmp_path, capsys):
    arguments = ["--dataset", DATASET, "--architecture-set", "v5-small", "--costs", "examples"]
    line = mistake(
        capsys, "figure", "pareto", prepared.plan, tmp_path, *arguments, "--out", tmp_path
    )
    assert str(tmp_path) in line and "estimates.csv" in line


def test_absolute_intervals_are_drawn_on_request(tables_of_tiny, tmp_path, monkeypatch):
    drawn = []

    def draw(name, data):
        drawn.append(data.absolute)
        return style.notice("drawn", name)

    monkeypatch.setattr("mnbench.figures.catalogue.draw", draw)
    line = ["figure", "pareto", tables_of_tiny / "plan.json", tables_of_tiny, "--out", tmp_path]
    line += ["--dataset", DATASET, "--architecture-set", "v5-small", "--costs", "examples"]
    assert status_of(*line) == status_of(*line, "--absolute") == 0
    assert drawn == [False, True]


def test_a_missing_file_is_named(tables_of_tiny, tmp_path, capsys):
    plan, folder = tables_of_tiny / "plan.json", tmp_path / "file"
    folder.touch()
    options = ["--costs", "examples", "--explorer", tmp_path / "explorer.html"]
    line = mistake(capsys, "report", plan, tables_of_tiny, *options, "--out", folder / "pages")
    assert f"{folder}" in line


# What the commands do


def test_plan_prints_what_the_dry_run_prints_and_the_disk(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)  # where this machine was not measured
    file = tmp_path / "tiny.yaml"
    file.write_text(yaml.safe_dump(config()))
    assert status_of("plan", file) == 0
    said, hours = capsys.readouterr().out.rstrip("\n").split("\n\n")
    table, disk = said.rsplit("\n", 1)
    assert "--calibrate" in hours
    assert table == overview(plan_of(config()))
    assert disk == "disk: at most 0.2 GB"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("study: [", "line 1: not valid YAML: expected"),
        ("", "the configuration must be a mapping"),
        (yaml.safe_dump(config() | {"approaches": {"baging": None}}), "did you mean 'bagging'?"),
        (yaml.safe_dump(config() | {"seds": [0]}), "did you mean 'seeds'?"),
    ],
)
def test_plan_refuses_a_wrong_configuration_in_one_line(content, said, tmp_path, capsys):
    file = tmp_path / "tiny.yaml"
    file.write_text(content)
    line = mistake(capsys, "plan", file)
    assert line.startswith(f"mnbench: {file}: ") and said in line


def test_train_finds_the_approach_from_the_id(study, trained, monkeypatch):
    monkeypatch.delenv("MNBENCH_QUIET", raising=False)
    id = id_of(study, "bagging/v13")
    for file in FILES:
        (study.record(id) / file).unlink()
    log = study.root / "logs" / "v13.log"
    assert status_of("train", study.plan, id, "--log", log) == 0
    assert read_record(study.record(id)).approach == "bagging"
    for file in (WEIGHTS, PREDICTIONS):
        assert (study.record(id) / file).read_bytes() == (trained.record(id) / file).read_bytes()
    assert "done: " in log.read_text(encoding="utf-8")


def test_train_names_the_nearest_id(prepared, capsys):
    id = str(id_of(prepared, "bagging/v13"))
    line = mistake(capsys, "train", prepared.plan, id.replace("bagging", "baging"))
    assert f"did you mean '{id}'?" in line


def test_dataset_writes_both_parts_and_what_they_are(prepared, tmp_path):
    options = ["--train-images", "100", "--validation-images", "50", "--out", tmp_path]
    assert status_of("dataset", DATASET, prepared.plan, *options) == 0
    assert {file.name for file in tmp_path.iterdir()} == {*DATA_FILES}


def test_preview_takes_the_minimum_g_by_its_present_and_its_former_name(capsys):
    shown = []
    for g in ("minimum", "least"):
        assert status_of("preview", "--architecture-set", "v5-small", "--g", g) == 0
        shown.append(capsys.readouterr().out)
    title, clusters, *_ = shown[0].splitlines()
    assert shown[0] == shown[1] and clusters.startswith("1 cluster (at least 1)")
    assert title == f"v5-small: {set_title('v5-small')}"


def test_sets_lists_every_architecture_set_with_what_it_is(capsys):
    assert status_of("sets") == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == list(ARCHITECTURE_SETS)
    for name, line in zip(ARCHITECTURE_SETS, lines, strict=True):
        assert line.endswith(f"{len(load_architectures(name))} networks  {set_title(name)}")


def test_a_profile_says_what_was_trained_where_its_time_went_and_how_fast_it_was(
    capsys, monkeypatch
):
    monkeypatch.chdir(ROOT)
    assert status_of("profile", "config/tiny.yaml", "--network", "v13", "--steps", "2") == 0
    first, *lines = capsys.readouterr().out.splitlines()
    assert first.startswith("v13 on fashion_mnist: 2 steps of 64 images, float32 (ieee), ")
    for begins in ("convolution, backward", "optimiser", "images a second", "share of the peak"):
        assert any(line.startswith(begins) for line in lines), begins


def test_preview_writes_json_for_programs(capsys):
    assert status_of("preview", "--architecture-set", "v5-small", "--g", "all", "--json") == 0
    shown = json.loads(capsys.readouterr().out)
    assert shown["g"] == len(shown["clusters"]) == 5


def test_a_bug_is_not_mistaken_for_a_users_mistake(monkeypatch, tmp_path):
    def broken(*_, **__):
        raise ZeroDivisionError

    monkeypatch.setattr("mnbench.planning.planner.make_plan", broken)
    file = tmp_path / "tiny.yaml"
    file.write_text(yaml.safe_dump(config()))
    with pytest.raises(ZeroDivisionError):
        main(["plan", str(file)])


@pytest.mark.parametrize(("error", "status"), [(UserError("no"), 2), (KeyboardInterrupt(), 130)])
def test_a_mistake_exits_with_2_and_an_interruption_with_130(error, status, monkeypatch, tmp_path):
    def ended(*_, **__):
        raise error

    monkeypatch.setattr("mnbench.planning.planner.make_plan", ended)
    file = tmp_path / "tiny.yaml"
    file.write_text(yaml.safe_dump(config()))
    assert status_of("plan", file) == status


# Terminals and pipes


@pytest.mark.parametrize("arguments", [["--help"], ["plan", str(ROOT / "config/default.yaml")]])
def test_a_reader_that_ends_early_is_no_error(arguments):
    process = subprocess.Popen(
        [*MNBENCH, *arguments], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdout and process.stderr
    process.stdout.close()
    assert process.stderr.read() == b""
    assert process.wait() == 0


def test_a_terminal_without_a_character_shows_a_question_mark(trained, tmp_path, monkeypatch):
    study = tmp_path / "größer"
    study.symlink_to(trained.root)
    content = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(content, encoding="ascii"))
    assert status_of("compare", study, trained.root) == 0
    assert b"gr??er" in content.getvalue()


def test_a_comparison_counts_what_an_unfinished_study_has_not_trained(trained, tmp_path, capsys):
    plan = read_plan(trained.plan)
    unfinished = tmp_path / "unfinished"
    unfinished.mkdir()
    shutil.copy(trained.plan, unfinished)
    finished = [id for id in plan.trainings if id.approach == "full_data"]
    for id in finished:
        shutil.copytree(trained.record(id), unfinished / "records" / id)
    assert status_of("compare", unfinished, trained.root) == 0
    number = len(plan.trainings)
    assert capsys.readouterr().err.splitlines() == [
        f"mnbench: missing from the comparison: {unfinished / 'records'}: "
        f"{number - len(finished)} of {number} trainings have no record yet; "
        "run snakemake, which trains them"
    ]


def test_a_configuration_is_utf8_whatever_the_locale(tmp_path):
    file = tmp_path / "tiny.yaml"
    file.write_text(f"# 95 %, ×2, größer\n{yaml.safe_dump(config())}", encoding="utf-8")
    locale = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    run = subprocess.run(
        [*MNBENCH, "plan", str(file)], cwd=ROOT, env=os.environ | locale, capture_output=True
    )
    assert (run.returncode, run.stderr) == (0, b"")


def test_the_installed_command_is_this_one():
    from importlib.metadata import entry_points

    (entry,) = entry_points(group="console_scripts", name="mnbench")
    assert entry.load() is main
