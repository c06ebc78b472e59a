"""Made-up studies on which the right verdict of a claim is known."""

import numpy as np
import pandas as pd
from support.evaluations import evaluation, wrong

from mnbench.architectures import Architecture, Layer, Plain
from mnbench.evaluation.claims.claim import (
    COMPARISONS,
    judge,
    read_claims,
    verdict_of,
)
from mnbench.evaluation.claims.evidence import Evidence
from mnbench.evaluation.points import points
from mnbench.evaluation.results import StudyResults
from mnbench.evaluation.tables import table
from mnbench.planning.lineage import Training
from mnbench.planning.plan import Plan
from mnbench.report.claims_page import claims_page

CLAIMS = {claim.id: claim for claim in read_claims()}
SEEDS = range(3)
FULL, KD = ("full_data", None, 1.0, 5), ("knowledge_distillation", None, 1.0, 5)
HALF, HALF_KD = ("full_data", None, 0.5, 5), ("knowledge_distillation", None, 0.5, 5)
G1, G2, G5 = (("mothernets", g, 1.0, 5) for g in (1, 2, 5))
TREE, HALF_TREE = ("treenets", None, 1.0, 5), ("treenets", None, 0.5, 5)
SNAPSHOTS = ("snapshot_ensembles", None, 1.0, 5)
ALONE = ("single_network", None, 4.0, 1)
FIXED = {"protocol": "epochs"}
LONGER = ("snapshot_ensembles", None, 4.0, 5)
GOOD = {G1: 0.2, G2: 0.15, G5: 0.1, FULL: 0.1, KD: 0.3, SNAPSHOTS: 0.34, LONGER: 0.32, HALF: 0.3}
COSTS = {G1: 4, G2: 7, G5: 10, FULL: 10, KD: 11, SNAPSHOTS: 3, LONGER: 12, HALF: 5}


def with_sizes(name, sizes, error, cost) -> tuple[dict, dict]:
    """An approach at several sizes: *error* and *cost* are functions of the size."""
    runs = {(*name[:3], m): [wrong(error(m), seed) for seed in SEEDS] for m in sizes}
    return runs, {(*name[:3], m): cost(m) for m in sizes}


def evidence_of(
    runs,
    costs=None,
    *,
    seeds=SEEDS,
    recipe=None,
    left_out=(),
    networks=None,
    hatching=None,
    kinds=None,
    converged=True,
):
    """Evidence of points with these errors; of every seed another order of images is wrong."""
    made = evaluation(
        {k: [wrong(v, s) for s in seeds] if np.isscalar(v) else v for k, v in runs.items()},
        costs,
    )
    ((dataset, architecture_set), of_set) = next(iter(points(made).items()))
    trainings = {}
    for point in of_set:
        for run in point.runs:
            for place, id in enumerate(run.ensemble.members):
                network = (kinds or {}).get(point.id.approach, chain)(place)
                trainings[id] = Training(id, "member", (network,), recipe or {}, 0, {})
    plan = Plan("made-up", trainings, (), tuple(left_out))
    columns = ["record", "approach", "role", "networks", "epochs", "seed", "ended"]
    columns += ["error_before_noise", "error_after_noise"]
    rows = pd.DataFrame(columns=columns) if networks is None else networks
    gains = {True: (0.0, -0.001, 0.001), False: (0.02, 0.015, 0.03), None: (0.0, -0.02, 0.02)}
    gain = pd.DataFrame(
        [(2.0, 1, 3, *gains[converged])],
        columns=["budget", "networks", "seeds", "gain", "gain_low", "gain_high"],
    )
    return Evidence(
        dataset,
        architecture_set,
        tuple(of_set),
        plan,
        rows,
        hatching or {},
        gain,
        "cpu_seconds",
    )


def chain(place: int) -> Architecture:
    return Architecture((Plain((Layer(8 + place),)),), name=f"n{place}")


def findings(id: str, *evidence: Evidence):
    return judge([CLAIMS[id]], evidence)


def verdicts(id: str, *evidence: Evidence) -> tuple[str, str]:
    """Return a claim's verdicts as the page compares, and against budget curves."""
    found = findings(id, *evidence)
    page, curves = (verdict_of(CLAIMS[id], found, name)[0] for name in COMPARISONS)
    return page, curves


def both(verdict: str) -> tuple[str, str]:
    return verdict, verdict


def study_of_marks(runs=None, costs=None, **changes):
    """All six approaches of sizes 3 and 5; MotherNets earn every mark."""
    parts = [
        with_sizes(FULL, (3, 5), {3: 0.12, 5: 0.1}.get, lambda m: 2.0 * m),
        with_sizes(("bagging", *FULL[1:]), (3, 5), {3: 0.16, 5: 0.14}.get, lambda m: 2.0 * m),
        with_sizes(KD, (3, 5), {3: 0.14, 5: 0.12}.get, lambda m: 2.0 * m + 2),
        with_sizes(TREE, (3, 5), {3: 0.14, 5: 0.12}.get, lambda m: 1.9 * m),
        with_sizes(G1, (3, 5), {3: 0.14, 5: 0.1}.get, lambda m: 2 + 0.6 * m),
        with_sizes(SNAPSHOTS, (3, 5), {3: 0.14, 5: 0.12}.get, lambda m: 0.8 * m),
    ]
    all_runs, all_costs = {}, {}
    for some_runs, some_costs in parts:
        all_runs |= some_runs
        all_costs |= some_costs
    kinds = {"snapshot_ensembles": lambda place: chain(0)}
    return evidence_of(all_runs | (runs or {}), all_costs | (costs or {}), kinds=kinds, **changes)


def page_of(evidence: Evidence) -> tuple[str, dict[str, pd.DataFrame]]:
    results = StudyResults(None, evaluation({FULL: [wrong(0.1)]}), ("cpu_seconds",))
    vars(results)["evidence"] = [evidence]  # as if it had been gathered
    gains = ("fashion_mnist", "v5-small", 2.0, 1, 3, 0.02, 0.015, 0.03)
    names = ["budget", "networks", "seeds", "gain", "gain_low", "gain_high"]
    columns = ["dataset", "architecture_set", *names]
    tables = {name: table(results, name) for name in ("claims", "verdicts", "marks")}
    tables["networks"] = pd.DataFrame(
        {"dataset": ["fashion_mnist"], "architecture_set": "v5-small", "ended": "epochs"}
    )
    tables |= {"convergence": pd.DataFrame([gains], columns=columns), "missing": pd.DataFrame()}
    return claims_page("made-up", "cpu_seconds", tables), tables
