"""MotherNets of no epochs: what is planned, recorded and billed, and what members begin with."""

import shutil

import pytest
import torch
from safetensors.torch import load_file
from support.configurations import changed, refusal
from support.lineages import of, plan_of
from support.tiny import DATASET, MODULES, config, id_of, job_of, train
from support.tiny import plan_of as plan_of_values

from mnbench.evaluation.tables.files import read_table
from mnbench.evaluation.tables.writing import write_tables
from mnbench.figures import FIGURES, catalogue
from mnbench.figures.figure_data import FigureData
from mnbench.planning.forecast import predicted_training_flops
from mnbench.planning.plan import read_plan
from mnbench.records.paths import StudyPaths
from mnbench.records.record import FILES, HISTORY, HISTORY_COLUMNS, WEIGHTS, Cost, read_record
from mnbench.records.store import RecordStore
from mnbench.training import run as run_module
from mnbench.training.progress import Progress

ALL, FOUR = "v13+v16+v16a+v16b+v19", "v16+v16a+v16b+v19"
MOTHER, MEMBER = f"mothernets/mothernet_{ALL}", f"mothernets/v16b_from_{ALL}"
UNTRAINED = {"mothernet": {"epochs": 0}}


# Planned


def epochs_of(plan) -> dict[str, int]:
    """The epochs of each training, by its name."""
    return {training.name: training.recipe["epochs"] for training in plan.trainings.values()}


def test_only_mothernets_have_no_epochs():
    plan = plan_of(mothernets=UNTRAINED | {"g": [1, 2, 5], "hatched": {"budgets": [0.5, 1]}})
    epochs = epochs_of(plan)
    assert {name for name, n in epochs.items() if not n} == {
        f"mothernet_{ALL}",
        f"mothernet_{FOUR}",
    }
    assert (epochs[f"v19_from_{ALL}"], epochs[f"v19_from_{ALL}_hatched0.5"]) == (4, 2)
    assert epochs["v13"] == 10  # its own MotherNet, and a member: Full Data's record
    assert {row.members[0].name for row in plan.ensembles if row.g == 2} == {"v13"}
    for training in plan.trainings.values():
        assert bool(predicted_training_flops(training, plan)) is bool(training.recipe["epochs"])


def test_an_untrained_mothernet_has_none_at_every_budget():
    plan = plan_of(mothernets=UNTRAINED | {"g": [1], "budgets": [0.5, 1]})
    epochs = epochs_of(plan)
    assert (epochs[f"mothernet_{ALL}"], epochs[f"mothernet_{ALL}@0.5"]) == (0, 0)
    assert (epochs[f"v13_from_{ALL}"], epochs[f"v13_from_{ALL}@0.5"]) == (4, 2)


def test_mothernets_of_clusters_may_be_trained_from_an_untrained_one_of_all():
    untrained = {"mothernet": {"epochs": 0, "hatched_epochs": 3}}
    epochs = epochs_of(plan_of(mothernets=untrained | {"g": [2]}))
    assert (epochs[f"mothernet_{ALL}"], epochs[f"mothernet_{FOUR}_from_{ALL}"]) == (0, 3)


def test_it_begins_as_a_trained_one_does():
    variants = {"untrained": UNTRAINED, "none": UNTRAINED | {"noise": 0.0}}
    plan = plan_of(mothernets={"g": [1], "variants": variants})
    mothernets = [one for one in plan.trainings.values() if one.role == "mothernet"]
    assert [one.recipe["epochs"] for one in mothernets] == [10, 0]  # variants share theirs
    assert len({one.seed for one in mothernets}) == 1


@pytest.mark.parametrize("variant", ["", "variants.a."])
def test_under_convergence_a_mothernet_is_trained(variant):
    place = f"approaches.mothernets.{variant}mothernet.epochs"
    recipe = {"protocol": "convergence", "schedule": {"name": "plateau"}}
    values = changed(place, 0) | {"recipe": recipe}
    values["approaches"] = {"mothernets": values["approaches"]["mothernets"] | {"hatched": {}}}
    assert refusal(values) == (
        f"key '{place}': under recipe.protocol 'convergence' allowed: null, got 0"
    )


# Trained


@pytest.fixture(scope="module")
def untrained(prepared, tmp_path_factory) -> StudyPaths:
    """Train a study whose MotherNets are not trained, to be read only."""
    paths = StudyPaths(tmp_path_factory.mktemp("untrained") / "study")
    shutil.copytree(prepared.root, paths.root)
    mothernets = UNTRAINED | {"g": [1, 2], "hatched": {"epochs": 1}}
    values = config() | {"approaches": {"full_data": None, "mothernets": mothernets}}
    plan_of_values(values).write(paths.plan)
    for id in read_plan(paths.plan).trainings:
        train(paths, id)
    return paths


def test_its_record_is_the_initialisation_and_bills_nothing(untrained):
    mother = id_of(untrained, MOTHER)
    record, folder = read_record(untrained.record(mother)), untrained.record(mother)
    assert record.cost == Cost(peak_memory_bytes=record.cost.peak_memory_bytes)
    assert not record.cost.shared_device
    assert (folder / HISTORY).read_text().splitlines() == [",".join(HISTORY_COLUMNS)]
    initial, recorded = job_of(untrained, mother).new_network(), load_file(folder / WEIGHTS)
    assert recorded.keys() == initial.state_dict().keys()
    assert all(torch.equal(recorded[key], value) for key, value in initial.state_dict().items())


def test_a_hatched_member_begins_with_the_function_of_the_initialisation(untrained):
    job = job_of(untrained, id_of(untrained, MEMBER))
    _, member, _ = MODULES["mothernets"].hatched_member(job)
    initial = job_of(untrained, id_of(untrained, MOTHER)).new_network().eval()
    images = job.normalised(50)
    with torch.no_grad():
        torch.testing.assert_close(member.eval()(images), initial(images), rtol=1e-4, atol=1e-5)
    details = read_record(untrained.record(job.training.id)).details
    assert details["hatching_difference"] < 1e-4
    assert details["error_before_noise"] == job.validation_error(initial)


def test_an_ensemble_pays_for_its_members_alone(untrained):
    plan = read_plan(untrained.plan)
    store = RecordStore(plan, untrained.records)
    for ensemble in plan.ensembles:
        lineage = plan.lineage(ensemble.members)
        whole, own = store.cost(lineage), store.cost(ensemble.members)
        assert (whole.epochs, whole.training_flops) == (own.epochs, own.training_flops)
        assert whole.training_flops == sum(
            predicted_training_flops(plan.trainings[id], plan) for id in lineage
        )


def test_the_same_seed_gives_the_same_bits_also_when_interrupted(untrained, tmp_path):
    shutil.copytree(untrained.root, tmp_path / "study")
    paths, mother = StudyPaths(tmp_path / "study"), id_of(untrained, MOTHER)
    files = [paths.record(mother) / name for name in FILES[1:]]
    before = [file.read_bytes() for file in files]
    shutil.rmtree(paths.record(mother))
    with pytest.MonkeyPatch.context() as broken, pytest.raises(KeyboardInterrupt):
        broken.setattr(run_module, "_write", interrupted)
        train(paths, mother)
    assert not paths.record(mother).exists()
    train(paths, mother)
    assert [file.read_bytes() for file in files] == before
    assert not any(paths.checkpoint(mother).parent.glob(f"{paths.checkpoint(mother).stem}*"))


def interrupted(*_):
    raise KeyboardInterrupt


def test_a_record_without_epochs_is_not_trained_again(untrained):
    mother = id_of(untrained, MOTHER)
    before = (untrained.record(mother) / FILES[0]).stat().st_mtime_ns
    run_module.run(MODULES["mothernets"].train, untrained.plan, mother, Progress(None, None))
    assert (untrained.record(mother) / FILES[0]).stat().st_mtime_ns == before


def test_the_log_says_that_there_was_nothing_to_train(untrained, tmp_path):
    plan, log = read_plan(untrained.plan), tmp_path / "job.log"
    with Progress.to(log, quiet=True) as progress:
        progress.begin(plan, plan.trainings[id_of(untrained, MOTHER)])
        progress.end()
    assert log.read_text().splitlines()[-1].endswith(": done: no epochs, it stays as initialised")


# Evaluated


@pytest.mark.filterwarnings("error::FutureWarning", "error::RuntimeWarning")
def test_tables_and_figures_take_a_record_without_epochs(untrained, tmp_path):
    plan = read_plan(untrained.plan)
    store = RecordStore(plan, untrained.records)
    write_tables(store, tmp_path, ("training_flops",), replicates=20)
    networks, histories = (
        read_table(tmp_path / f"{name}.csv") for name in ("networks", "histories")
    )
    mothers = set(map(str, of("mothernets", f"mothernet_{ALL}", f"mothernet_{FOUR}")))
    rows = networks[networks["role"] == "mothernet"]
    assert set(rows["record"]) == mothers
    assert (rows[["epochs", "training_flops", "cpu_seconds"]] == 0).all(axis=None)
    assert set(rows["ended"]) == {"epochs"}
    assert set(networks["record"]) - set(histories["record"]) == mothers
    assert read_table(tmp_path / "missing.csv").empty
    for figure, entry in FIGURES.items():
        tables = {name: read_table(tmp_path / f"{name}.csv") for name in entry.tables}
        data = FigureData(plan, tables, DATASET, "v5-small", "training_flops", "a title")
        assert catalogue.draw(figure, data).axes
