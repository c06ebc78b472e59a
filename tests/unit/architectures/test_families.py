"""The published families: their parameters, and their answers with the libraries' own weights."""

from inspect import signature

import pytest
import timm
import torch
import torchvision
from torch import nn

from mnbench.architectures import build, parameter_count
from mnbench.architectures.families import FAMILIES, densenet, mlp, resnet, vgg, wide_resnet
from mnbench.errors import UserError

IMAGENET = {"in_channels": 3, "num_classes": 1000, "image_size": 224}


def of_library(create, *args, **options):
    """How many parameters a library's model has; no tensor is allocated."""
    with torch.device("meta"):
        return sum(parameter.numel() for parameter in create(*args, **options).parameters())


def filters(network):
    """All filters: batch norm's scales and shifts are one number a filter more than biases."""
    return sum(layer.filters for block in network.blocks for layer in block.layers)


# Parameters


@pytest.mark.parametrize("depth", [18, 34, 50, 101])
def test_imagenet_resnets_have_torchvisions_parameters(depth):
    create = getattr(torchvision.models, f"resnet{depth}")
    assert parameter_count(resnet(depth, imagenet=True), **IMAGENET) == of_library(create)


@pytest.mark.parametrize(("depth", "growth"), [(121, 32), (169, 32), (201, 32)])
def test_imagenet_densenets_have_torchvisions_parameters(depth, growth):
    create = getattr(torchvision.models, f"densenet{depth}")
    assert parameter_count(densenet(depth, growth, imagenet=True), **IMAGENET) == of_library(create)


@pytest.mark.parametrize("depth", [11, 13, 16, 19])
def test_vggs_have_torchvisions_parameters_but_for_batch_norm(depth):
    network = vgg(depth, classifier=(4096, 4096))
    published = of_library(getattr(torchvision.models, f"vgg{depth}"))
    assert parameter_count(network, **IMAGENET) == published + filters(network)


@pytest.mark.parametrize(
    ("name", "network"),
    [
        ("resnet18", resnet(18, imagenet=True)),
        ("resnet50", resnet(50, imagenet=True)),
        ("densenet121", densenet(121, 32, imagenet=True)),
    ],
)
def test_timm_agrees(name, network):
    assert parameter_count(network, **IMAGENET) == of_library(timm.create_model, name)


def test_timm_agrees_on_vgg16_but_for_batch_norm():
    network = vgg(16, classifier=(4096, 4096))
    published = of_library(timm.create_model, "vgg16")
    assert parameter_count(network, **IMAGENET) == published + filters(network)


@pytest.mark.parametrize(
    ("network", "published"),
    [
        (resnet(20), 0.27),  # He et al. 2016, table 6
        (resnet(32), 0.46),
        (resnet(44), 0.66),
        (resnet(56), 0.85),
        (resnet(110), 1.7),
        (wide_resnet(40, 4), 8.9),  # Zagoruyko, Komodakis 2016, tables 4 and 5
        (wide_resnet(16, 8), 11.0),
        (wide_resnet(28, 10), 36.5),
        (densenet(40, 12), 1.0),  # Huang et al. 2017, table 2
        (densenet(100, 12), 7.0),
        (densenet(100, 24), 27.2),
        (densenet(100, 12, bottleneck=True), 0.8),
        (densenet(250, 24, bottleneck=True), 15.3),
        (densenet(190, 40, bottleneck=True), 25.6),
    ],
    ids=lambda value: str(value)[:40],
)
def test_networks_for_small_images_have_the_published_parameters(network, published):
    digits = len(str(published).split(".")[1])
    assert round(parameter_count(network) / 1e6, digits) == published


def test_a_fully_connected_network_by_hand():
    network = mlp([20, 30])
    count = parameter_count(network, in_channels=1, num_classes=10, image_size=28)
    assert count == (784 * 20 + 20) + (20 * 30 + 30) + (30 * 10 + 10)


def test_a_resnets_stages_may_have_filters_of_their_own():
    assert resnet(20, filters=[16, 32, 64]) == resnet(20)
    assert resnet(50, imagenet=True, filters=[64, 128, 256, 512]) == resnet(50, imagenet=True)
    network = resnet(50, imagenet=True, filters=[66, 128, 258, 512])
    assert network.stem.filters == 66
    assert [block.width for block in network.blocks] == [264, 512, 1032, 2048]


# Answers


def randomise(model):
    """Batch norm as after training: every number of it other than its default."""
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.uniform_(module.weight, 0.5, 1.5)
            nn.init.normal_(module.bias, std=0.1)
            nn.init.normal_(module.running_mean, std=0.1)
            nn.init.uniform_(module.running_var, 0.5, 1.5)


def leaves(model):
    """The modules that have weights, in the order in which both models work."""
    kinds = (nn.Conv2d, nn.BatchNorm2d, nn.Linear)
    return [module for module in model.modules() if isinstance(module, kinds)]


def assert_answers_alike(ours, theirs, size=64):
    images = torch.randn(2, 3, size, size, generator=torch.Generator().manual_seed(1)).double()
    with torch.no_grad():
        expected = theirs.eval().double()(images)
        torch.testing.assert_close(ours.eval().double()(images), expected, rtol=1e-5, atol=1e-5)
    assert expected.std() > 1e-3


def load_in_order(ours, theirs):
    """Copy weights leaf by leaf; shapes and kinds must agree."""
    for own, other in zip(leaves(ours), leaves(theirs), strict=True):
        own.load_state_dict(other.state_dict())


@pytest.mark.parametrize(
    ("create", "network"),
    [
        (torchvision.models.resnet18, resnet(18, imagenet=True)),
        (torchvision.models.resnet50, resnet(50, imagenet=True)),
        (torchvision.models.densenet121, densenet(121, 32, imagenet=True)),
    ],
    ids=["resnet18", "resnet50", "densenet121"],
)
def test_answers_are_torchvisions_with_its_weights(create, network):
    torch.manual_seed(0)
    theirs = create(num_classes=7)
    randomise(theirs)
    ours = build(network, in_channels=3, num_classes=7)
    load_in_order(ours, theirs)
    assert_answers_alike(ours, theirs)


def test_answers_are_torchvisions_vgg_with_its_biases_in_the_batch_norm():
    torch.manual_seed(0)
    theirs = torchvision.models.vgg16_bn(num_classes=7)
    theirs.avgpool = nn.Identity()
    theirs.classifier = nn.Linear(512, 7)  # the published one has a hundred million weights
    randomise(theirs)
    ours = build(vgg(16), in_channels=3, num_classes=7)
    for own, other in zip(leaves(ours), leaves(theirs), strict=True):
        state = other.state_dict()
        if isinstance(own, nn.Conv2d):
            bias = nn.init.normal_(other.bias.data)
            del state["bias"]
        elif isinstance(own, nn.BatchNorm2d):
            state["running_mean"] = state["running_mean"] - bias
        own.load_state_dict(state)
    assert_answers_alike(ours, theirs, size=32)


# Bad arguments


@pytest.mark.parametrize(
    ("make", "expected"),
    [
        (lambda: vgg(15), "vgg: depth must be one of 11, 13, 16, 19, got 15"),
        (lambda: vgg(16, 0), "vgg: width must be a whole number from 1, got 0"),
        (lambda: vgg(16, classifier=[0]), "vgg: classifier width 1 must be a whole number from 1"),
        (lambda: resnet(21), "resnet: depth must be 6 n + 2, 8, 14, 20, ..., got 21"),
        (lambda: resnet(2), "resnet: depth must be 6 n + 2"),
        (lambda: resnet(20, -1), "resnet: width must be a whole number from 1, got -1"),
        (lambda: resnet(20, shortcut="paddin"), "unknown shortcut 'paddin'; did you mean 'padding"),
        (lambda: resnet(20, shortcut="identity"), "resnet: unknown shortcut 'identity'"),
        (lambda: resnet(20, imagenet=True), "with imagenet, must be one of 18, 34, 50, 101, 152"),
        (lambda: resnet(20, filters=[8]), "filters must be one number for each of the 3 stages"),
        (lambda: resnet(20, filters=[8, 0, 8]), "resnet: filters of stage 2 must be a whole"),
        (lambda: resnet(20, 8, filters=[8, 8, 8]), "resnet: give either width or filters"),
        (lambda: wide_resnet(20, 4), "wide_resnet: depth must be 6 n + 4, 10, 16, 22, ..., got 20"),
        (lambda: wide_resnet(16, 0), "wide_resnet: widen must be a whole number from 1, got 0"),
        (lambda: wide_resnet(16, 1, 0), "wide_resnet: width must be a whole number from 1"),
        (lambda: densenet(41, 12), "densenet: depth must be 3 n + 4, 7, 10, 13, ..., got 41"),
        (lambda: densenet(43, 12, bottleneck=True), "densenet: depth must be 6 n + 4"),
        (lambda: densenet(40, 0), "densenet: growth must be a whole number from 1, got 0"),
        (lambda: densenet(40, 12, compression=0.0), "compression must be over 0 and at most 1"),
        (lambda: densenet(40, 12, compression=1.5), "compression must be over 0 and at most 1"),
        (lambda: densenet(100, 32, imagenet=True), "must be one of 121, 169, 201, got 100"),
        (lambda: mlp([]), "mlp: hidden must be a list of at least one width"),
        (lambda: mlp([8, 0]), "mlp: hidden width 2 must be a whole number from 1, got 0"),
    ],
)
def test_bad_arguments_are_refused(make, expected):
    with pytest.raises(UserError) as caught:
        make()
    assert expected in str(caught.value) and "\n" not in str(caught.value)


def test_every_family_documents_every_argument():
    for family in FAMILIES.values():
        for argument in signature(family).parameters:
            assert f"        {argument}:" in family.__doc__
