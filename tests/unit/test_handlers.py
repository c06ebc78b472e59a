"""What runs when jobs begin and end: each study's part, and the main Snakefile's own handlers."""

from pathlib import Path
from types import SimpleNamespace

import pytest

from mnbench.errors import UserError
from mnbench.handlers import StudyHandlers, handlers_of
from mnbench.records.run_log import COMPLETE, INCOMPLETE, RunLog, read_runs


class Workflow(SimpleNamespace):
    """Snakemake's, as far as handlers go: it keeps a main Snakefile's last one."""

    def __init__(self) -> None:
        super().__init__(local_exec=False, in_module=False)
        for event in ("onstart", "onsuccess", "onerror"):
            setattr(self, f"_{event}", lambda log: None)
            setattr(self, event, lambda handler, event=event: self.keep(event, handler))

    def keep(self, event, handler):
        if not self.in_module:
            setattr(self, f"_{event}", handler)


def study(
    said: list[str], name: str, *, module: str | None = None, takes_part=True, lost=None
) -> StudyHandlers:
    def start() -> bool:
        said.append(f"{name} starts")
        return False

    def end(succeeded: bool) -> str | None:
        if not succeeded:
            said.append(f"{name} ends early")
        return lost

    return StudyHandlers(module, lambda: takes_part, start, end)


@pytest.mark.parametrize("main_is_first", [True, False])
def test_studies_start_before_the_main_handler_wherever_it_is_defined(main_is_first):
    said, workflow = [], Workflow()
    if main_is_first:
        workflow.onstart(lambda log: said.append(f"main starts, {log}"))
    handlers_of(workflow).add(Path("a"), study(said, "a"))
    handlers_of(workflow).add(Path("b"), study(said, "b"))
    if not main_is_first:
        workflow.onstart(lambda log: said.append("replaced"))
        workflow.onstart(lambda log: said.append(f"main starts, {log}"))
    workflow._onstart("log")
    assert said == ["a starts", "b starts", "main starts, log"]


def test_another_modules_handler_changes_nothing():
    said, workflow = [], Workflow()
    handlers_of(workflow).add(Path("a"), study(said, "a"))
    workflow.in_module = True
    workflow.onstart(lambda log: said.append("module starts"))
    workflow._onstart("log")
    assert said == ["a starts"]


def test_a_study_without_jobs_does_not_start():
    said, workflow = [], Workflow()
    handlers_of(workflow).add(Path("a"), study(said, "a", takes_part=False, lost="a lost one"))
    workflow._onstart("log")
    workflow._onsuccess("log")
    assert said == []


def test_a_module_that_is_read_again_starts_once():
    said, workflow = [], Workflow()
    assert handlers_of(workflow).add(Path("a"), study(said, "a", module="m"))
    assert not handlers_of(workflow).add(Path("a"), study(said, "again", module="m"))
    workflow._onstart("log")
    assert said == ["a starts"]


def test_two_modules_of_one_folder_are_refused():
    handlers = handlers_of(Workflow())
    handlers.add(Path("results/a"), study([], "a", module="first"))
    with pytest.raises(UserError, match=r"results/a: modules 'first' and 'second' .* `prefix`"):
        handlers.add(Path("results/a"), study([], "a", module="second"))


def test_what_every_study_lost_is_said_after_the_main_handler():
    said, workflow = [], Workflow()
    workflow.onsuccess(lambda log: said.append("main succeeds"))
    for name in "ab":
        handlers_of(workflow).add(Path(name), study([], name, lost=f"{name} lost one"))
    workflow._onstart("log")
    with pytest.raises(SystemExit, match="a lost one\nb lost one"):
        workflow._onsuccess("log")
    assert said == ["main succeeds"]


def test_studies_that_began_end_before_the_main_handler_of_errors():
    said, workflow = [], Workflow()
    handlers_of(workflow).add(Path("a"), study(said, "a"))
    handlers_of(workflow).add(Path("b"), study(said, "b", takes_part=False))
    workflow.onerror(lambda log: said.append("main fails"))
    workflow._onstart("log")
    workflow._onerror("log")
    assert said == ["a starts", "a ends early", "main fails"]


def begun(workflow: Workflow, log: Path) -> None:
    """Let a study with a row in a log of runs begin, and whatever begins after it."""
    rows = []

    def start() -> bool:
        rows.append(RunLog(log, study="a", to_train=(), cores=2, gpus=None))
        return False

    def end(succeeded: bool) -> None:
        for row in rows:
            row.end(COMPLETE if succeeded else INCOMPLETE)

    handlers_of(workflow).add(Path("a"), StudyHandlers(None, lambda: True, start, end))


def test_what_a_user_can_mend_ends_the_run_in_one_line_and_no_row_stays_open(tmp_path):
    def cannot_start() -> bool:
        raise UserError("verified.json: cannot be written")

    workflow, log = Workflow(), tmp_path / "runs.csv"
    begun(workflow, log)
    second = StudyHandlers(None, lambda: True, cannot_start, lambda succeeded: None)
    handlers_of(workflow).add(Path("b"), second)
    with pytest.raises(SystemExit) as end:
        workflow._onstart("log")
    assert end.value.code == "mnbench: verified.json: cannot be written"
    assert [run.outcome for run in read_runs(log)] == [INCOMPLETE]


def test_a_main_handler_that_fails_leaves_no_row_open(tmp_path):
    def fail(log: str) -> None:
        raise KeyError("the main Snakefile's own mistake")

    workflow, log = Workflow(), tmp_path / "runs.csv"
    workflow.onstart(fail)
    begun(workflow, log)
    with pytest.raises(KeyError, match="own mistake"):
        workflow._onstart("log")
    assert [run.outcome for run in read_runs(log)] == [INCOMPLETE]
