"""The largest part of a study that fits into a time, as ``mnbench plan --budget 8h`` proposes it.

The smallest study comes first: every approach once, on one seed, with the fewest clusters, the
budget nearest 1 and the largest size. Then are added, each if the whole still fits: seeds up to
three; further values of g, budgets, sizes and variants; architecture sets; data sets; further
seeds. Open it to change that order. The trap: what is added later sees what was added before, so
that the order decides what is left out.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import yaml

from mnbench.errors import UserError
from mnbench.files import LONGEST_NAME
from mnbench.planning.config import FORMER_KEYS, Study
from mnbench.planning.options import SETS_KEY
from mnbench.planning.planner import Approach, make_plan
from mnbench.timing.calibration import Calibration
from mnbench.timing.choices import (
    ARCHITECTURES,
    DATASET,
    MENUS,
    SEED,
    VARIANT,
    Choice,
    choices_of,
    reduced,
    smallest,
    with_defaults,
)
from mnbench.timing.hours import duration
from mnbench.timing.outlook import Outlook

ENOUGH_SEEDS = 3  # for p-values
_ORDER = (*MENUS, VARIANT, ARCHITECTURES, DATASET, SEED)


@dataclass(frozen=True)
class Proposal:
    """A study that fits, and what of the wish does not."""

    study: Study
    outlook: Outlook
    left_out: tuple[Choice, ...]


@dataclass(frozen=True)
class Chooser:
    """Chooses what of a study fits into a time on the calibrated machine."""

    study: Study  # the wish
    approaches: Mapping[str, Approach]
    calibration: Calibration
    source: str  # the configuration file, for errors
    devices: int | None = None  # those of the machine unless given

    def propose(self, time: timedelta) -> Proposal:
        """Return the proposal for a wall time.

        Raises:
            UserError: not even the smallest study fits.
        """
        wish = with_defaults(self.study, self.approaches)
        chosen = smallest(wish)
        outlook = self._outlook(reduced(wish, chosen))
        if outlook.wall_seconds > time.total_seconds():
            takes = f"{duration(outlook.wall_seconds)} on {outlook.devices} devices"
            raise UserError(
                f"--budget: {self.source} with every approach once, on one seed, takes {takes}; "
                "give more time, or fewer approaches, epochs or images"
            )
        left_out = []
        for choice in _in_order(wish, chosen):
            try:
                more = self._outlook(reduced(wish, chosen | {choice}))
            except UserError:  # two budgets of a short recipe may be equal, for instance
                left_out.append(choice)
                continue
            if more.wall_seconds > time.total_seconds():
                left_out.append(choice)
            else:
                chosen, outlook = chosen | {choice}, more
        return Proposal(reduced(wish, chosen), outlook, tuple(left_out))

    def _outlook(self, study: Study) -> Outlook:
        plan = make_plan(study, self.approaches, source=self.source)
        return Outlook.of(plan, self.calibration, self.devices)


def _in_order(wish: Study, chosen: set[Choice]) -> list[Choice]:
    """Return what may be added, in the order in which it is tried."""
    rest = [choice for choice in choices_of(wish) if choice not in chosen]
    seeds = [choice for choice in rest if choice.kind == SEED]
    first = seeds[: ENOUGH_SEEDS - 1]
    later = [choice for choice in rest if choice not in first]
    return [*first, *sorted(later, key=lambda choice: _ORDER.index(choice.kind))]


def asked_as(time: timedelta) -> str:
    """Return a time as a command line has it.

    >>> asked_as(timedelta(hours=8)), asked_as(timedelta(minutes=90))
    ('8h', '90m')
    """
    minutes = time.total_seconds() / 60
    return f"{minutes:.12g}m" if minutes % 60 else f"{minutes / 60:.12g}h"


def fitting_configuration(
    proposal: Proposal, wish: Mapping[str, Any], asked: str, source: str
) -> str:
    """Return a proposal as the text of a configuration file.

    Args:
        proposal: what fits.
        wish: the whole configuration, plain values as YAML gives them.
        asked: the time, as the user wrote it.
        source: the file of the wish.
    """
    study = proposal.study
    name = f"{study.study[: LONGEST_NAME - len(asked) - 4]}-in-{asked}"
    datasets = [one for one in wish["datasets"] if _name(one) in study.dataset_names]
    changes = {
        "study": name,
        "datasets": datasets,
        SETS_KEY: list(study.architecture_sets),
        "seeds": list(study.seeds),
        "approaches": study.approaches,
    }
    values = {FORMER_KEYS.get(key, key): value for key, value in wish.items()} | changes
    outlook = proposal.outlook
    lines = [
        f"# What of {source} fits into {asked}, chosen by `mnbench plan --budget {asked}`.",
        f"# Predicted: {duration(outlook.wall_seconds)} on {outlook.devices} devices, "
        f"{len(outlook.plan.trainings):,} trainings.",
    ]
    if proposal.left_out:
        lines.append("# Left out:")
        lines += [f"#   {choice}" for choice in proposal.left_out]
    else:
        lines.append("# Nothing is left out.")
    text = yaml.safe_dump(dict(values), sort_keys=False, default_flow_style=None, width=100)
    return "\n".join([*lines, text])


def _name(dataset: Any) -> Any:
    return dataset["name"] if isinstance(dataset, Mapping) else dataset
