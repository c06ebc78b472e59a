"""The command line: help for a newcomer, one line for a mistake, output that any terminal takes."""

import io
import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from support.command_line import mistake, status_of
from support.tiny import DATASET, config, id_of

from mnbench.cli import main
from mnbench.commands import COMMANDS, GROUPS
from mnbench.commands.parser import build_parser
from mnbench.figures import style
from mnbench.planning.plan import read_plan

ROOT = Path(__file__).parents[2]
MNBENCH = [sys.executable, "-m", "mnbench"]


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
        ("tables p --out . --costs examples examples", "examples examples: names one twice"),
        (
            "plan config/tiny.yaml --budget 1h --csv a.csv --out a.csv",
            "a.csv: --csv and --out name",
        ),
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


def test_a_study_is_found_by_its_name_beside_a_folder_of_the_same_name(
    trained, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    Path("docs").mkdir()
    Path("results").mkdir()
    Path("results/docs").symlink_to(trained.root)
    assert status_of("compare", "docs", trained.root) == 0


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
