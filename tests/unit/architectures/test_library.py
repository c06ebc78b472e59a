"""Networks of timm, known by name: built, counted, trained, and pretrained weights loaded."""

from dataclasses import replace

import pytest
import timm
import torch
from safetensors.torch import save_file
from support.fresh_process import run_fresh
from support.strategies import plain
from support.tiny import TRAIN, config, id_of, job_of, plan_of, prepare_study, train
from torch.utils.flop_counter import FlopCounterMode

from mnbench.architectures import (
    Architecture,
    build,
    fetch_weights,
    forward_flops,
    library_network,
    parameter_count,
    training_flops,
)
from mnbench.errors import UserError
from mnbench.mothernets import cluster
from mnbench.mothernets.construction import incompatibility
from mnbench.planning import planner as lineage
from mnbench.records.record import read_record

MODEL = "timm:test_resnet"  # timm's own, for tests: 0.4 M parameters
GREY = {"in_channels": 1, "num_classes": 10, "image_size": 28}
SMALL = plain([8], [8], stem=2, name="small")


def of_timm(name: str) -> Architecture:
    return library_network(name, "test")


def refused(call, *args, **options) -> str:
    with pytest.raises(UserError) as caught:
        call(*args, **options)
    assert "\n" not in str(caught.value)
    return str(caught.value)


# Built and counted


def test_the_module_is_timms():
    torch.manual_seed(0)
    ours = build(of_timm(MODEL), **GREY).eval()
    torch.manual_seed(0)
    theirs = timm.create_model("test_resnet", in_chans=1, num_classes=10).eval()
    images = torch.randn(2, 1, 28, 28)
    with torch.no_grad():
        torch.testing.assert_close(ours(images), theirs(images), rtol=0, atol=0)


def test_counts_are_those_of_the_built_model():
    network = of_timm(MODEL)
    module = build(network, **GREY)
    assert parameter_count(network, **GREY) == sum(p.numel() for p in module.parameters())
    images = torch.randn(2, 1, 28, 28)
    with FlopCounterMode(display=False) as forward:
        logits = module(images)
    with FlopCounterMode(display=False) as both:
        module(images).sum().backward()
    shape = {"in_channels": 1, "num_classes": 10}
    assert logits.shape == (2, 10)
    assert forward_flops(network, 28, **shape) == forward.get_total_flops() / 2
    assert training_flops(network, 28, **shape) == both.get_total_flops() / 2


def test_counting_draws_no_random_numbers():
    state = torch.random.get_rng_state()
    parameter_count(of_timm("timm:test_byobnet"), **GREY)
    assert torch.equal(state, torch.random.get_rng_state())


@pytest.mark.parametrize("model", ["mobilenetv3_small_050", "regnetx_002", "test_efficientnet"])
def test_a_backward_pass_through_groups_costs_twice_the_forward_pass(model):
    """Torch's own formula counts such gradients as if there were no groups: many times too much."""
    network, shape = of_timm(f"timm:{model}"), {"in_channels": 1, "num_classes": 10}
    forward = forward_flops(network, 28, **shape)
    # All but the first layer's gradients for images, which nobody needs.
    assert 2.9 * forward < training_flops(network, 28, **shape) < 3 * forward


def test_names_that_timm_does_not_know_are_refused():
    message = refused(parameter_count, of_timm("timm:resnet8"), **GREY)
    assert message.startswith("network 'timm-resnet8': timm has no model 'resnet8'; near: resnet")
    assert message == refused(build, of_timm("timm:resnet8"), **GREY)
    message = refused(parameter_count, of_timm("timm:resnet18.a1"), **GREY)
    assert "timm has no weights 'a1' of resnet18; it has: a1_in1k, " in message


@pytest.mark.parametrize("model", ["test_vit", "vgg11", "test_convnext"])
def test_a_model_that_cannot_take_the_images_is_refused(model):
    message = refused(parameter_count, of_timm(f"timm:{model}"), **GREY)
    assert f"timm:{model} cannot take images of 28 pixels with 1 channels (" in message


# Pretrained weights


PRETRAINED = f"{MODEL}.r160_in1k"
HUB = "timm.models._builder.load_state_dict_from_hf"


def go_offline(patch):
    """Leave no weights in timm's cache, and no way to download them."""

    def unreachable(*args, **options):
        raise OSError("cannot reach the hub\nand a second line")

    patch.setattr(HUB, unreachable)


def fill_cache(patch):
    """Put weights, for three colours and 1000 classes, where timm looks for them."""
    torch.manual_seed(1)
    weights = timm.create_model("test_resnet").state_dict()
    patch.setattr(HUB, lambda *args, **options: dict(weights))
    return weights


def assert_pretrained(network, weights):
    for key, value in network.state_dict().items():
        if key == "conv1.0.weight":  # timm adds the colours up
            torch.testing.assert_close(value, weights[key].sum(1, keepdim=True))
        elif not key.startswith("fc"):
            torch.testing.assert_close(value, weights[key], rtol=0, atol=0)
    assert network.fc.out_features == 10


def test_a_tag_loads_pretrained_weights_where_asked(monkeypatch):
    weights = fill_cache(monkeypatch)
    assert_pretrained(build(of_timm(PRETRAINED), **GREY, pretrained=True), weights)


def test_pretrained_weights_that_cannot_be_had_are_refused(monkeypatch):
    go_offline(monkeypatch)
    message = refused(build, of_timm(PRETRAINED), **GREY, pretrained=True)
    assert f"pretrained weights of {PRETRAINED} cannot be had (cannot reach the hub)" in message
    assert "or train from scratch with 'timm:test_resnet'" in message


@pytest.mark.slow  # two processes that import torch and timm
def test_weights_are_fetched_before_training_or_refused_at_once(monkeypatch, tmp_path):
    """The hub is a port where nobody listens: its library reads addresses when it is imported."""
    offline = {"HF_ENDPOINT": "http://127.0.0.1:9", "HF_HUB_CACHE": str(tmp_path)}
    for name, value in offline.items():
        monkeypatch.setenv(name, value)
    network = f"mnbench.architectures.library_network('{PRETRAINED}', 'a test')"
    run_fresh(
        "import mnbench.architectures, mnbench.errors\n"
        "try:\n"
        f"    mnbench.architectures.fetch_weights([{network}])\n"
        "except mnbench.errors.UserError as error:\n"
        "    assert 'cannot be had (' in str(error) and '\\n' not in str(error), error\n"
        "else:\n"
        "    raise AssertionError('not refused')\n"
    )
    weights = tmp_path / "models--timm--test_resnet.r160_in1k/snapshots/0/model.safetensors"
    (weights.parents[2] / "refs").mkdir(parents=True)
    (weights.parents[2] / "refs/main").write_text("0", encoding="utf-8")
    weights.parent.mkdir(parents=True)
    save_file({}, weights)
    run_fresh(f"import mnbench.architectures\nmnbench.architectures.fetch_weights([{network}])")


def test_only_networks_with_weights_of_a_library_are_fetched(monkeypatch):
    go_offline(monkeypatch)
    fetch_weights([SMALL, of_timm(MODEL)])


def test_nothing_is_downloaded_for_counts_or_where_weights_are_loaded_anyway(monkeypatch):
    go_offline(monkeypatch)
    network = of_timm(PRETRAINED)
    assert parameter_count(network, **GREY) == parameter_count(of_timm(MODEL), **GREY)
    assert isinstance(build(network, **GREY), torch.nn.Module)
    assert isinstance(build(of_timm(MODEL), **GREY, pretrained=True), torch.nn.Module)


# In a study


def test_no_other_network_shares_its_cluster():
    one, other = of_timm(MODEL), of_timm("timm:test_byobnet")
    assert "timm:test_resnet" in incompatibility(SMALL, one) and incompatibility(one, other)
    assert cluster((SMALL, one, replace(SMALL, name="twin"), other), 3) == ((0, 2), (1,), (3,))


@pytest.fixture
def study(monkeypatch):
    """The tiny study's configuration for an ensemble of a small network and one of timm."""
    monkeypatch.setattr(lineage, "load_architectures", lambda name: (SMALL, of_timm(MODEL)))
    return config() | {
        "approaches": {
            "full_data": None,
            "bagging": None,
            "knowledge_distillation": None,
            "snapshot_ensembles": {"epochs_per_cycle": 1},
            "mothernets": {"g": [2]},
            "treenets": None,
        }
    }


def test_every_approach_but_treenets_can_plan_it(study):
    plan = plan_of(study)
    (out,) = plan.left_out
    assert out.reason == "the layers of timm-test_resnet are those of a library"
    approaches = {row.approach for row in plan.ensembles}
    assert approaches == set(study["approaches"]) - {"treenets"}
    members = [row.members for row in plan.ensembles if row.approach == "mothernets"][-1]
    assert [(id.approach, id.name) for id in members] == [
        ("full_data", "small"),
        ("full_data", "timm-test_resnet"),
    ]


def test_a_model_that_cannot_take_the_images_ends_the_planning(study, monkeypatch):
    monkeypatch.setattr(
        lineage, "load_architectures", lambda name: (SMALL, of_timm("timm:test_vit"))
    )
    assert "timm:test_vit cannot take images of 28 pixels" in refused(plan_of, study)


@pytest.mark.parametrize(
    ("teacher", "expected"),
    [
        ("timm:resnet8", "tiny.yaml: key 'approaches.knowledge_distillation.teacher': network"),
        ("timm:test_vit", "timm:test_vit cannot take images of 28 pixels"),
        ("resnet18", "must be 'largest' or 'timm:' and the name of a model, got 'resnet18'"),
        ("timm:", "must be 'largest' or 'timm:' and the name of a model, got 'timm:'"),
        (18, "knowledge_distillation.teacher"),
    ],
)
def test_a_bad_teacher_is_refused(study, teacher, expected):
    study["approaches"]["knowledge_distillation"] = {"teacher": teacher}
    message = refused(plan_of, study)
    assert expected in message and message.startswith("tiny.yaml: ")


def test_a_named_teacher_is_full_datas_member_of_that_name(study):
    plan = plan_of(study | {"approaches": {"full_data": None, "knowledge_distillation": None}})
    study["approaches"] = {"full_data": None, "knowledge_distillation": {"teacher": MODEL}}
    assert plan.to_json() == plan_of(study).to_json()  # it is the largest as well


TEACHER = "full_data/timm-test_resnet.r160_in1k"
STUDENT = "knowledge_distillation/small"


@pytest.fixture(scope="module")
def taught(tmp_path_factory):
    """A small network taught by a pretrained model of timm, which is no member of the ensemble."""
    paths = prepare_study(tmp_path_factory.mktemp("taught"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lineage, "load_architectures", lambda name: (SMALL,))
        plan = plan_of(
            config() | {"approaches": {"knowledge_distillation": {"teacher": PRETRAINED}}}
        )
        plan.write(paths.plan)
        assert len(plan.trainings) == 2
        fill_cache(patch)
        train(paths, id_of(paths, TEACHER))
        go_offline(patch)  # the teacher's own weights are in its record
        train(paths, id_of(paths, STUDENT))
    return paths


def test_training_starts_from_pretrained_weights(taught, monkeypatch):
    weights = fill_cache(monkeypatch)
    assert_pretrained(job_of(taught, id_of(taught, TEACHER)).new_network(), weights)


def test_a_model_of_timm_is_trained_and_teaches(taught):
    teacher, student = (
        read_record(taught.record(id_of(taught, name))) for name in (TEACHER, STUDENT)
    )
    network, shape = of_timm(PRETRAINED), {"in_channels": 1, "num_classes": 10}
    described = teacher.networks[0]
    assert Architecture.from_dict(described["architecture"]) == network
    assert described["parameters"] == parameter_count(network, **GREY)
    assert teacher.cost.training_flops == teacher.cost.examples * training_flops(
        network, 28, **shape
    )
    # Without augmentation the teacher answers every training image once.
    answers = TRAIN * forward_flops(network, 28, **shape)
    own = student.cost.examples * training_flops(SMALL, 28, **shape)
    assert student.cost.training_flops == own + answers
    assert student.parents == (teacher.id,)
