"""A study's plan, read from its file or made from its configuration.

Open this when a command should take either. The trap: a configuration is planned with the
checkout's approaches, while a plan.json holds all that it needs.
"""

from pathlib import Path
from typing import TYPE_CHECKING

from mnbench.checkout import find_approaches
from mnbench.planning.plan import Plan, read_plan

if TYPE_CHECKING:
    from mnbench.planning.config import Study

CONFIGURATION = (".yaml", ".yml")  # suffixes


def is_configuration(file: Path) -> bool:
    """Return whether a file is a study's configuration, by its name."""
    return file.suffix in CONFIGURATION


def study_and_plan(file: Path) -> tuple["Study", Plan]:
    """Return the study of a configuration, and its plan.

    Raises:
        UserError: it is missing or wrong; names the key.
    """
    from mnbench.planning.config import read_study
    from mnbench.planning.planner import make_plan
    from mnbench.yaml_files import read_yaml

    source = str(file)
    study = read_study(read_yaml(file), source=source)
    return study, make_plan(study, find_approaches(), source=source)


def plan_in(file: Path) -> Plan:
    """Return the plan of a ``plan.json``, or of a configuration.

    Raises:
        UserError: the file is missing or wrong.
    """
    return study_and_plan(file)[1] if is_configuration(file) else read_plan(file)
