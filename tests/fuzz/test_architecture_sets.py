"""An architecture set's file, whatever is in it, is loaded and planned or refused in one line."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from support.fuzzing import Explorer, outcome, sizes
from support.hostile import yaml_files
from support.tiny import config, plan_of

import mnbench.architectures.library  # its import takes seconds, once  # noqa: F401
from mnbench.architectures import Architecture, load_architectures, sets
from mnbench.architectures.families import FAMILIES
from mnbench.architectures.variants import Rule
from mnbench.datasets import DATASETS
from mnbench.errors import UserError
from mnbench.mothernets.preview import as_text, first_fitting, preview

NAME = "v5-small"  # whose place every case takes
PUBLISHED = tuple(
    yaml.safe_load(file.read_text(encoding="utf-8"))
    for file in sorted(sets._FOLDER.iterdir(), key=str)
    if file.name in ("v5-small.yaml", "mixed10.yaml", "r5-small.yaml", "v25-small.yaml")
)
IN_FULL = {
    "shared": {"stem": {"filters": 8, "kernel": 3, "stride": 1, "pool": 1, "activated": True}},
    "members": [
        {
            "name": "plain",
            "blocks": [[8, {"filters": 16, "kernel": 5}], {"layers": [8], "pool": 1}],
            "head": {"pool": "flatten", "hidden": [10, 20]},
        },
        {
            "name": "residual",
            "stem": {"space_to_depth": 2, "filters": 4},
            "blocks": [
                {
                    "kind": "residual",
                    "layers": [4, 4],
                    "width": 8,
                    "stride": 2,
                    "unit": "bottleneck",
                    "shortcut": "projection",
                    "preactivated": False,
                },
                {"kind": "dense", "layers": [4], "transition": 8, "bottleneck": 2, "pool": 2},
            ],
        },
    ],
}
OF_FAMILIES = {
    "members": [
        {"name": "vgg", "family": "vgg", "depth": 11, "width": 4, "classifier": [16]},
        {"name": "resnet", "family": "resnet", "depth": 20, "width": 4, "shortcut": "padding"},
        {"name": "imagenet", "family": "resnet", "depth": 18, "imagenet": True},
        {"name": "wide", "family": "wide_resnet", "depth": 10, "widen": 2, "width": 4},
        {
            "name": "dense",
            "family": "densenet",
            "depth": 10,
            "growth": 4,
            "bottleneck": True,
            "compression": 0.5,
        },
        {"name": "mlp", "family": "mlp", "hidden": [16, 16], "stem": {"space_to_depth": 2}},
    ]
}
OF_A_RULE = {
    "base": {"name": "base", "blocks": [[8, 8], [16]]},
    "variants": {"networks": 20, "more_filters": 0.5, "larger_kernel": 2},
}
OF_TIMM = {"members": ["timm:resnet18", {"library": "timm:resnet10t", "name": "own"}]}
SETS = (*PUBLISHED, IN_FULL, OF_FAMILIES, OF_A_RULE, OF_A_RULE, OF_TIMM)
LAYERS = 2000  # of a set that is clustered in a second
KEYS = (
    *("members", "base", "variants", "shared", "blocks", "stem", "head", "name", "library"),
    *("family", "layers", "kind", "filters", "kernel", *Rule.__annotations__, *FAMILIES),
)


def use(networks: tuple[Architecture, ...]) -> None:
    """Do with the networks what `mnbench preview` and `mnbench plan` do: each may refuse them."""
    assert all(str(network) and network.id for network in networks)
    if sum(network.depth for network in networks) > LAYERS:
        return
    try:
        dataset = first_fitting(networks)
        shown = preview(networks, None, dataset, images=300, epochs=2, hatched_epochs=1)
    except UserError as error:
        assert str(error).isprintable()
        return
    assert as_text(shown)
    study = config() | {"datasets": [dataset.name]}
    if dataset == DATASETS["fashion_mnist"]:
        try:
            assert plan_of(study).to_json()
        except UserError as error:
            assert str(error).isprintable()


@sizes(few=60, many=1600)
def test_a_set_is_loaded_and_used_or_refused_in_one_line(
    cases: int, explore: Explorer, folder: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(sets, "_FOLDER", folder)
    file = folder / f"{NAME}.yaml"

    def check(content: bytes) -> None:
        file.write_bytes(content)

        def load() -> Any:
            networks = load_architectures(NAME)
            use(networks)
            return networks

        result = outcome(load, file, folder.parent)
        assert not isinstance(result, str) or result.startswith(f"{NAME}.yaml: "), result

    explore(cases, yaml_files(SETS, KEYS), check)
