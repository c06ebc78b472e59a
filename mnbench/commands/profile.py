"""``mnbench profile``: where a training's time goes on this machine, and how fast it could be.

Open this when trainings are slower than you expect. The trap: speeds on
a CPU are in CPU time, but other programs still take their part of its caches.
"""

import os
from argparse import ArgumentParser, Namespace
from pathlib import Path

from mnbench.architectures import Architecture
from mnbench.commands.arguments import file_to_write, path_to_read, steps_to_profile
from mnbench.commands.command import Command
from mnbench.errors import UserError, choices

STEPS = 50


def _add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument(
        "configuration",
        type=path_to_read,
        metavar="CONFIGURATION",
        nargs="?",
        default=Path("config/default.yaml"),
        help="a study's YAML file (default: config/default.yaml)",
    )
    parser.add_argument(
        "--network",
        metavar="NAME",
        help="of its architecture sets (default: the one that costs most to train)",
    )
    parser.add_argument(
        "--steps",
        type=steps_to_profile,
        metavar="NUMBER",
        default=STEPS,
        help=f"to train and measure (default: {STEPS})",
    )
    parser.add_argument(
        "--trace",
        type=file_to_write,
        metavar="FILE",
        help="also write every operation's time, for chrome://tracing or ui.perfetto.dev",
    )


def _run(arguments: Namespace) -> None:
    os.environ.setdefault("KINETO_LOG_LEVEL", "99")  # torch's profiler says what nobody asked

    from mnbench.architectures import load_architectures, training_flops
    from mnbench.datasets import load_train
    from mnbench.planning.config import read_study
    from mnbench.planning.images import datasets_of
    from mnbench.profiling.breakdown import breakdown
    from mnbench.profiling.steps import profile_steps
    from mnbench.training.device import acquire, environment
    from mnbench.yaml_files import read_yaml

    source = str(arguments.configuration)
    study = read_study(read_yaml(arguments.configuration), source=source)
    dataset = next(iter(datasets_of(study, source=source).values()))
    shape = dataset.image_shape
    size = shape.pop("image_size")
    networks = {
        network.name: network
        for name in study.architecture_sets
        for network in load_architectures(name)
    }
    largest = max(networks.values(), key=lambda network: training_flops(network, size, **shape))
    network = _named(networks, arguments.network or largest.name, source)
    images = load_train(dataset, root=Path(study.data.root), download=study.data.download)
    with acquire(study.device) as device:
        profile = profile_steps(
            network,
            dataset,
            images,
            study.recipe,
            device,
            steps=arguments.steps,
            trace=arguments.trace,
        )
        made = environment(device, study.recipe.precision)
    print(
        f"{network.name} on {dataset.name}: {profile.steps} steps of {study.recipe.batch_size} "
        f"images, {study.recipe.precision} ({made['arithmetic']}), {made['device']} "
        f"({made['device_name']}), threads: {made['threads']}\n\n{breakdown(profile)}"
    )


def _named(networks: dict[str, Architecture], name: str, source: str) -> Architecture:
    """Return the network of a name."""
    if name not in networks:
        raise UserError(
            f"{source}: its architecture sets have no network '{name}'; {choices(name, networks)}"
        )
    return networks[name]


COMMAND = Command(
    name="profile",
    summary="say where a training's time goes on this machine",
    description="Train some steps of one of a study's networks on the first of its data sets, with "
    "the loop that trains studies. Print how much time convolutions, batch norm, the optimiser and "
    "the rest take, the speed, and its share of what this machine reaches in matrix products. "
    "Nothing is written but the trace.",
    example="mnbench profile config/default.yaml --network v16 --steps 5 --trace trace.json",
    add_arguments=_add_arguments,
    run=_run,
)
