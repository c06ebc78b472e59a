"""A made-up study with realistic figures: the tables and the plan that the figures draw."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np
import pandas as pd
from support.synthetic_plan import ARCHITECTURE_SET, DATASET, ERRORS, plan_seed
from support.synthetic_tables import histories_of, networks_of, summary_of

from mnbench.evaluation.points import COSTS
from mnbench.evaluation.tables import convergence
from mnbench.evaluation.tables.columns import POINT
from mnbench.figures import FIGURES
from mnbench.figures.figure_data import FigureData
from mnbench.planning.lineage import Ensemble
from mnbench.planning.plan import Plan, union
from mnbench.planning.training_id import TrainingId

MEASURED = ("test_error", "mean_member_error", "disagreement", "calibration_error")


@dataclass(frozen=True)
class Study:
    """The plan of a study and its tables."""

    plan: Plan
    summary: pd.DataFrame
    networks: pd.DataFrame
    histories: pd.DataFrame
    convergence: pd.DataFrame

    @property
    def estimates(self) -> pd.DataFrame:
        """Means over the seeds, with their range for an interval."""
        keys = ["dataset", "architecture_set", *POINT, "full_size"]
        groups = self.summary.groupby(keys, dropna=False, sort=False)
        shared = groups["shared_device"].sum()
        columns = {"seeds": groups["seed"].nunique()}
        columns["timed_seeds"] = columns["seeds"] - shared.astype(int)
        for column in (*MEASURED, *COSTS):
            columns[column] = groups[column].mean()
            columns[f"{column}_low"] = groups[column].min()
            columns[f"{column}_high"] = groups[column].max()
        table = pd.DataFrame(columns).reset_index()
        table = table.assign(combination="average", images=10_000)
        others = table[
            [*keys, "seeds", "images", *(c for c in table if c[:5] in ("test_", "calib"))]
        ]
        methods = [others.assign(combination=name) for name in ("vote", "super_learner", "oracle")]
        return pd.concat([table, *methods], ignore_index=True)

    @property
    def missing(self) -> pd.DataFrame:
        """Nothing is."""
        return pd.DataFrame(columns=["dataset", "architecture_set", "seed", "approach", "reason"])

    @property
    def reliability_bins(self) -> pd.DataFrame:
        """A diagram for every full-size ensemble, made up."""
        keys = ["dataset", "architecture_set", *POINT]
        whole = self.summary[self.summary["full_size"]][keys].drop_duplicates()
        bins = pd.DataFrame({"bin": range(15), "images": [0] * 5 + [10**i for i in range(10)]})
        bins["confidence"] = (bins["bin"] + 0.5) / 15
        bins["accuracy"] = bins["confidence"] - 0.02
        for end, off in (("low", -0.01), ("high", 0.01)):
            bins[f"accuracy_{end}"] = bins["accuracy"] + off
        return whole.merge(bins, how="cross")

    @property
    def equal_error(self) -> pd.DataFrame:
        """For every g below the size what each other approach costs, made up."""
        points = self.summary[(self.summary["approach"] == "mothernets") & (self.summary["g"] < 5)]
        others = sorted(set(self.summary["approach"]) - {"mothernets"})
        rows = [
            (
                *(
                    DATASET,
                    ARCHITECTURE_SET,
                    "cpu_seconds",
                    "mothernets",
                    g,
                    1.0,
                    5,
                    "",
                    other,
                    "",
                    2,
                ),
                *(1.0 + 0.1 * g, 0.9, 1.5 + 0.1 * g, 1.0),
                *(np.nan if place % 2 else 0.004, 0.001, 0.01, 1.0),
            )
            for g in points["g"].unique()
            for place, other in enumerate(others)
        ]
        columns = ["dataset", "architecture_set", "cost", *POINT]
        columns += ["against", "against_variant", "seeds"]
        for quantity in ("speed_up", "error_gain"):
            columns += [quantity, f"{quantity}_low", f"{quantity}_high", f"{quantity}_reached"]
        return pd.DataFrame(rows, columns=columns).astype({"g": "Int64"})

    @property
    def differences(self) -> pd.DataFrame:
        """Differences of every two full-size points, with their range over the seeds."""
        keys = list(POINT)
        whole = self.summary[self.summary["full_size"]]
        errors = [
            (dict(zip(keys, key, strict=True)), rows.set_index("seed")["test_error"])
            for key, rows in whole.groupby(keys, dropna=False, sort=False)
        ]
        rows = []
        for (first, ours), (second, theirs) in combinations(errors, 2):
            gap = ours - theirs
            if (gap == 0).all():
                continue  # the same records
            row = {"dataset": DATASET, "architecture_set": ARCHITECTURE_SET}
            row |= {f"first_{key}": value for key, value in first.items()}
            row |= {f"second_{key}": value for key, value in second.items()}
            row |= {"seeds": len(gap), "difference": gap.mean()}
            row |= {"difference_low": gap.min(), "difference_high": gap.max(), "p": 0.1, "q": 0.2}
            rows.append(row)
        ends = [f"{end}_{key}" for end in ("first", "second") for key in keys]
        columns = ["dataset", "architecture_set", *ends, "seeds", "difference"]
        columns += ["difference_low", "difference_high", "p", "q"]
        table = pd.DataFrame(rows, columns=columns)
        return table.astype({"first_g": "Int64", "second_g": "Int64"})

    @property
    def disagreement(self) -> pd.DataFrame:
        """Every two networks of the first seed: the more they share, the less they disagree."""
        first_seed = min((e.seed for e in self.plan.ensembles), default=0)
        members: dict[tuple[TrainingId, str], dict] = {}
        for ensemble in self.plan.ensembles:
            largest = max(o.size for o in self.plan.ensembles if o.approach == ensemble.approach)
            if (ensemble.seed, ensemble.budget, ensemble.size) != (first_seed, 1, largest):
                continue
            trainings = [self.plan.trainings[member] for member in ensemble.members]
            networks = [(t, network.name) for t in trainings for network in t.networks]
            for position, (training, network) in enumerate(networks, start=1):
                parent = training.parents[0].name if training.parents else ""
                member = (ensemble.approach, ensemble.g, position, network, parent)
                columns = ("approach", "g", "position", "network", "parent")
                members.setdefault((training.id, network), dict(zip(columns, member, strict=True)))
        rows = []
        for first, second in combinations(members.values(), 2):
            related = bool(first["parent"]) and first["parent"] == second["parent"]
            alike = first["approach"] == second["approach"]
            row = {"dataset": DATASET, "architecture_set": ARCHITECTURE_SET, "seed": first_seed}
            row |= {f"first_{key}": value for key, value in first.items()}
            row |= {f"second_{key}": value for key, value in second.items()}
            noise = 0.0001 * ((7 * len(rows)) % 50)
            rows.append(row | {"disagreement": 0.10 - 0.02 * alike - 0.03 * related + noise})
        keys = ("approach", "g", "position", "network", "parent")
        ends = [f"{end}_{key}" for end in ("first", "second") for key in keys]
        columns = ["dataset", "architecture_set", "seed", *ends, "disagreement"]
        table = pd.DataFrame(rows, columns=columns)
        return table.astype({"first_g": "Int64", "second_g": "Int64"})

    def data(
        self, cost: str = "cpu_seconds", title: str = "", **tables: pd.DataFrame
    ) -> FigureData:
        """Return what figures are drawn from, with some *tables* replaced."""
        names = {name for entry in FIGURES.values() for name in entry.tables}
        own = {name: getattr(self, name) for name in names}
        return FigureData(self.plan, own | tables, DATASET, ARCHITECTURE_SET, cost, title)


def study(approaches=None, seeds=(0, 1)) -> Study:
    """Make up a study of *approaches* (all known ones by default)."""
    approaches = set(approaches or {a for a, _, _ in ERRORS})
    rng = np.random.default_rng(0)
    plans = [plan_seed(seed, approaches) for seed in seeds]
    trainings = union(t for plan in plans for t in plan.trainings.values())
    plan = Plan("synthetic", trainings, tuple(e for p in plans for e in p.ensembles))
    networks = networks_of(plan, {k: v for p in plans for k, v in p.work.items()}, rng)
    return Study(
        plan,
        summary_of(plan, networks, rng),
        networks,
        histories_of(plan, networks, rng),
        pd.DataFrame(columns=list(convergence.COLUMNS)),
    )


def kept(made: Study, keep: Callable[[Ensemble], bool]) -> Study:
    """Leave out ensembles, and the trainings that the others do not need."""
    plan = made.plan
    flags = [keep(ensemble) for ensemble in plan.ensembles]
    ensembles = tuple(e for e, flag in zip(plan.ensembles, flags, strict=True) if flag)
    needed = set(plan.lineage(m for e in ensembles for m in e.members))
    kept_records = set(map(str, needed))
    trainings = {record: t for record, t in plan.trainings.items() if record in needed}
    summary = made.summary[flags]  # a row an ensemble, in the plan's order
    largest = summary.groupby("approach")["size"].transform("max")
    return Study(
        replace(plan, trainings=trainings, ensembles=ensembles),
        summary.assign(full_size=summary["size"] == largest),
        made.networks[made.networks["record"].isin(kept_records)],
        made.histories[made.histories["record"].isin(kept_records)],
        made.convergence,
    )
