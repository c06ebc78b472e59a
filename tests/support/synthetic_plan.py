"""The plan of a made-up study: what each approach trains, from which parents, at which cost."""

from mnbench.architectures import Architecture, Layer, Plain
from mnbench.planning.lineage import Ensemble, Training
from mnbench.planning.training_id import TrainingId

DATASET, ARCHITECTURE_SET = "fashion_mnist", "v5-small"
NAMES = ("vgg-7", "vgg-7-deep", "vgg-7-kernel", "vgg-9", "vgg-7-wide")
FULL_COSTS = (12.0, 15.0, 16.0, 17.0, 21.0)  # CPU-seconds of ten epochs of each network
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


class SeedPlan:
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


def plan_seed(seed: int, approaches: set[str]) -> SeedPlan:
    plan = SeedPlan(seed)
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
        plan.answer("snapshot_ensembles", chain[::-1])
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
