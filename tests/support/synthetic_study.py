"""A made-up study with realistic figures: the tables and the plan that the figures draw."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np
import pandas as pd

from mnbench.architectures import Architecture, Layer, Plain
from mnbench.evaluation.points import COSTS
from mnbench.evaluation.tables import convergence, networks, summary
from mnbench.figures import FIGURES
from mnbench.figures.figure_data import FigureData
from mnbench.planning.plan import Ensemble, Plan, Training, union
from mnbench.planning.training_id import TrainingId

DATASET, ARCHITECTURE_SET = "fashion_mnist", "v5-small"
NAMES = ("vgg-7", "vgg-7-deep", "vgg-7-kernel", "vgg-9", "vgg-7-wide")
FULL_COSTS = (12.0, 15.0, 16.0, 17.0, 21.0)  # CPU-seconds of ten epochs of each network
MEASURED = ("test_error", "mean_member_error", "disagreement", "calibration_error")
SUMMED = ("epochs", "examples", "training_flops", "cpu_seconds", "device_seconds")
# Test error in percent of the full-size ensembles, by (approach, g, budget).
ERRORS = {
    ("snapshot_ensembles", None, 1.0): 11.9,
    ("full_data", None, 0.5): 11.7,
    ("full_data", None, 1.0): 10.3,
    ("mothernets", 1, 1.0): 11.5,
    ("mothernets", 2, 1.0): 10.6,
    ("mothernets", 3, 1.0): 10.5,
    ("mothernets", 5, 1.0): 10.3,
    ("treenets", None, 1.0): 11.0,
    ("bagging", None, 1.0): 11.2,
    ("knowledge_distillation", None, 1.0): 10.4,
    ("single_network", None, 1.0): 11.6,
    ("single_network", None, 2.0): 11.3,
    ("single_network", None, 4.0): 11.0,
}


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
        keys = ["dataset", "architecture_set", "approach", "g", "budget", "size", "full_size"]
        groups = self.summary.groupby(keys, dropna=False, sort=False)
        columns = {"seeds": groups["seed"].nunique()}
        for column in (*MEASURED, *COSTS):
            columns[column] = groups[column].mean()
            columns[f"{column}_low"] = groups[column].min()
            columns[f"{column}_high"] = groups[column].max()
        table = pd.DataFrame(columns).reset_index()
        table = table.assign(combination="average", images=10_000, timed_seeds=table["seeds"])
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
        keys = ["dataset", "architecture_set", "approach", "g", "budget", "size"]
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
                *(DATASET, ARCHITECTURE_SET, "cpu_seconds", "mothernets", g, 1.0, 5, other, 2),
                *(1.0 + 0.1 * g, 0.9, 1.5 + 0.1 * g, 1.0),
                *(np.nan if place % 2 else 0.004, 0.001, 0.01, 1.0),
            )
            for g in points["g"].unique()
            for place, other in enumerate(others)
        ]
        columns = ["dataset", "architecture_set", "cost", "approach", "g", "budget", "size"]
        columns += ["against", "seeds"]
        for quantity in ("speed_up", "error_gain"):
            columns += [quantity, f"{quantity}_low", f"{quantity}_high", f"{quantity}_reached"]
        return pd.DataFrame(rows, columns=columns).astype({"g": "Int64"})

    @property
    def differences(self) -> pd.DataFrame:
        """Differences of every two full-size points, with their range over the seeds."""
        keys = ["approach", "g", "budget", "size"]
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


class _Planner:
    """Collects one seed's trainings and ensembles."""

    def __init__(self, seed: int):
        self.seed = seed
        self.trainings: dict[TrainingId, Training] = {}
        self.ensembles: list[Ensemble] = []
        self.work: dict[TrainingId, tuple[float, int]] = {}  # CPU-seconds and epochs by record

    def train(self, approach, name, seconds, epochs=10, *, role="member", parents=(), nets=None):
        record = TrainingId(DATASET, ARCHITECTURE_SET, self.seed, approach, name)
        nets = nets or (name.split("@")[0],)
        values = tuple(Architecture((Plain((Layer(8),)),), name=net) for net in nets)
        self.trainings[record] = Training(record, role, values, {}, self.seed, {}, tuple(parents))
        self.work[record] = (seconds, epochs)
        return record

    def answer(self, approach, members, *, g=None, budget=1.0, sizes=None):
        for size in sizes or range(1, len(members) + 1):
            self.ensembles.append(
                Ensemble(
                    DATASET,
                    ARCHITECTURE_SET,
                    self.seed,
                    approach,
                    size,
                    tuple(members[:size]),
                    g,
                    budget,
                )
            )


def _plan_seed(seed: int, approaches: set[str]) -> _Planner:
    plan = _Planner(seed)
    full = [plan.train("full_data", n, c) for n, c in zip(NAMES, FULL_COSTS, strict=True)]
    if "full_data" in approaches:
        half = [
            plan.train("full_data", f"{n}@0.5", c / 2, 5)
            for n, c in zip(NAMES, FULL_COSTS, strict=True)
        ]
        plan.answer("full_data", full)
        plan.answer("full_data", half, budget=0.5, sizes=[5])
    if "bagging" in approaches:
        bags = [plan.train("bagging", n, c) for n, c in zip(NAMES, FULL_COSTS, strict=True)]
        plan.answer("bagging", bags)
    if "knowledge_distillation" in approaches:
        students = [
            plan.train("knowledge_distillation", n, c * 0.92, parents=[full[-1]])
            for n, c in zip(NAMES, FULL_COSTS, strict=True)
        ]
        plan.answer("knowledge_distillation", students)
    if "treenets" in approaches:
        for size, seconds in ((3, 35.0), (5, 54.0)):
            tree = plan.train("treenets", f"tree{size}", seconds, nets=NAMES[:size])
            plan.answer("treenets", [tree], sizes=[size])
            plan.ensembles[-1:] = [
                Ensemble(DATASET, ARCHITECTURE_SET, seed, "treenets", size, (tree,))
            ]
    if "snapshot_ensembles" in approaches:
        chain: list[TrainingId] = []
        for cycle in range(1, 6):
            chain.append(
                plan.train(
                    "snapshot_ensembles",
                    f"cycle{cycle}",
                    6.0,
                    4,
                    parents=chain[-1:],
                    nets=("vgg-7-deep",),
                )
            )
        plan.answer("snapshot_ensembles", chain)
    if "mothernets" in approaches:
        for g, groups in (
            (1, [NAMES]),
            (2, [NAMES[:3], NAMES[3:]]),
            (3, [NAMES[:3], *[(n,) for n in NAMES[3:]]]),
        ):
            members = {}
            for group in groups:
                if len(group) == 1:
                    members[group[0]] = full[NAMES.index(group[0])]
                    continue
                mother = plan.train(
                    "mothernets",
                    "mothernet-" + "-".join(group),
                    10.0 + 3 * (g > 1) * (group[0] == "vgg-9"),
                    role="mothernet",
                    nets=("mothernet",),
                )
                for n in group:
                    members[n] = plan.train(
                        "mothernets",
                        f"{n}@g{g}",
                        FULL_COSTS[NAMES.index(n)] * 0.42,
                        4,
                        parents=[mother],
                        nets=(n,),
                    )
            plan.answer("mothernets", [members[n] for n in NAMES], g=g)
        plan.answer("mothernets", full, g=5)
    if "single_network" in approaches:
        longer = [plan.train("full_data", f"vgg-7-wide@{b}", 21.0 * b, 10 * b) for b in (2, 4)]
        for budget, record in ((1.0, full[-1]), (2.0, longer[0]), (4.0, longer[1])):
            plan.answer("single_network", [record], budget=budget)
    for other in approaches - {a for a, _, _ in ERRORS}:
        plan.answer(
            other, [plan.train(other, n, 0.7 * c) for n, c in zip(NAMES, FULL_COSTS, strict=True)]
        )
    return plan


def study(approaches=None, seeds=(0, 1)) -> Study:
    """Make up a study of *approaches* (all known ones by default)."""
    approaches = set(approaches or {a for a, _, _ in ERRORS})
    rng = np.random.default_rng(0)
    plans = [_plan_seed(seed, approaches) for seed in seeds]
    trainings = union(t for plan in plans for t in plan.trainings.values())
    plan = Plan("synthetic", trainings, tuple(e for p in plans for e in p.ensembles))
    networks = _networks(plan, {k: v for p in plans for k, v in p.work.items()}, rng)
    return Study(
        plan,
        _summary(plan, networks, rng),
        networks,
        _histories(plan, networks, rng),
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


def _networks(plan: Plan, work: dict[TrainingId, tuple[float, int]], rng) -> pd.DataFrame:
    rows = {}
    for record, training in plan.trainings.items():
        seconds, epochs = work[record]
        seconds *= rng.uniform(0.97, 1.03)
        rows[record] = {
            "dataset": DATASET,
            "architecture_set": ARCHITECTURE_SET,
            "seed": training.seed,
            "approach": training.approach,
            "record": str(record),
            "name": training.name,
            "role": training.role,
            "networks": "+".join(n.name for n in training.networks),
            "parents": " ".join(map(str, training.parents)),
            "test_error": 0.12 + rng.normal(0, 0.001) + 0.004 * (training.role == "mothernet"),
            "validation_error": 0.12,
            "epochs": float(epochs),
            "examples": epochs * 11_000,
            "training_flops": int(seconds * 2.2e10),
            "cpu_seconds": seconds,
            "device_seconds": seconds * 1.05,
            "peak_memory_bytes": 400_000_000,
            "shared_device": False,
            "lineage_shared_device": False,
        }
    for record, row in rows.items():
        lineage = plan.lineage([record])
        row |= {f"lineage_{c}": sum(rows[r][c] for r in lineage) for c in SUMMED}
    return pd.DataFrame(list(rows.values()), columns=list(networks.COLUMNS))


def _summary(plan: Plan, networks: pd.DataFrame, rng) -> pd.DataFrame:
    costs = networks.set_index("record")
    drawn: dict[tuple, float] = {}
    rows = []
    for e in plan.ensembles:
        lineage = list(map(str, plan.lineage(e.members)))
        final = ERRORS.get((e.approach, e.g, e.budget), 10.9) / 100
        largest = max(o.size for o in plan.ensembles if o.approach == e.approach)
        # The same records answer the same: MotherNets with g = 5 are Full Data.
        error = drawn.setdefault(
            e.members, final + 0.012 * (1 / e.size - 1 / largest) + rng.uniform(-0.001, 0.001)
        )
        rows.append(
            {
                "dataset": e.dataset,
                "architecture_set": e.architecture_set,
                "seed": e.seed,
                "approach": e.approach,
                "g": e.g,
                "budget": e.budget,
                "size": e.size,
                "full_size": e.size == largest,
                "test_error": error,
                "mean_member_error": 0.12,
                "disagreement": 0.05 + 0.004 * len(drawn) % 0.05 if e.size > 1 else np.nan,
                "calibration_error": 0.01,
                **{c: costs.loc[lineage, c].sum() for c in SUMMED},
                "peak_memory_bytes": 400_000_000,
                "shared_device": False,
                "trainings": len(lineage),
            }
        )
    return pd.DataFrame(rows, columns=list(summary.COLUMNS)).astype({"g": "Int64"})


def _histories(plan: Plan, networks: pd.DataFrame, rng) -> pd.DataFrame:
    frames = []
    for row in networks.itertuples():
        epochs = int(row.epochs)
        epoch = np.arange(1, epochs + 1)
        start = 0.002 if row.parents and "mothernets" in row.approach else 0.20
        error = 0.118 + start * np.exp(-epoch / 2.2) + rng.normal(0, 0.002, epochs)
        frames.append(
            pd.DataFrame(
                {
                    "dataset": DATASET,
                    "architecture_set": ARCHITECTURE_SET,
                    "seed": row.seed,
                    "approach": row.approach,
                    "record": row.record,
                    "name": row.name,
                    "role": row.role,
                    "epoch": epoch,
                    "phase": "scratch",
                    "learning_rate": 0.1,
                    "train_loss": 0.3,
                    "train_accuracy": 0.9,
                    "validation_loss": 0.3,
                    "validation_accuracy": 1 - error,
                    "examples": row.examples // epochs,
                    "training_flops": row.training_flops // epochs,
                    "device_seconds": row.device_seconds / epochs,
                    "cpu_seconds": row.cpu_seconds / epochs,
                    "device_share": 0.98,
                }
            )
        )
    return pd.concat(frames, ignore_index=True)
