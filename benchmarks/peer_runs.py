"""Train and test an ensemble by another library, as its own examples do: what `peers.py` times.

Open it to use a peer in another way. The trap: what is printed, logged and saved between epochs
costs a peer time as well; it is switched off where its examples' results do not need it.
"""

import itertools
import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import torch
from peer_study import trainings
from torch import nn
from torch.utils.data import DataLoader
from torchvision import datasets, transforms
from workload import BATCH, MEAN, STD

from mnbench.architectures import Architecture, build
from mnbench.planning.plan import read_plan
from mnbench.planning.recipe import Optimiser
from mnbench.records.paths import StudyPaths

RATE = Optimiser()  # the defaults of a recipe
SGD = {
    "lr": RATE.learning_rate,
    "momentum": RATE.momentum,
    "nesterov": RATE.nesterov,
    "weight_decay": RATE.weight_decay,
}


class NextNetwork(nn.Module):
    """A network of the list: every instance takes the next one.

    TorchEnsemble makes its estimators from a class, so that they need not be equal.
    """

    networks: Iterator[Architecture]

    def __init__(self) -> None:
        super().__init__()
        self.network = build(next(self.networks), in_channels=1, num_classes=10)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Return the network's logits."""
        return self.network(images)


@dataclass(frozen=True)
class Took:
    """What a peer took."""

    fit: float  # seconds of training
    all: float  # and of the test images behind it


class Loaders:
    """The images as the peers' examples load them: PIL, one at a time."""

    def __init__(self, folder: Path, images: int, workers: int) -> None:
        steps = transforms.Compose([transforms.ToTensor(), transforms.Normalize(MEAN, STD)])
        whole = datasets.FashionMNIST(folder, train=True, transform=steps)
        # No `Subset`: TorchEnsemble would read all its images once more to count the classes.
        whole.data, whole.targets = whole.data[:images], whole.targets[:images]
        self.train = DataLoader(whole, batch_size=BATCH, shuffle=True, num_workers=workers)
        unseen = datasets.FashionMNIST(folder, train=False, transform=steps)
        self.test = DataLoader(unseen, batch_size=BATCH, num_workers=workers)


def timed(fit: Callable[[], object], test: Callable[[], object]) -> Took:
    """Train, then test; return the seconds."""
    start = time.perf_counter()
    fit()
    trained = time.perf_counter()
    test()
    return Took(trained - start, time.perf_counter() - start)


def torchensemble(
    kind: str, networks: list[Architecture], images: Loaders, epochs: int, jobs: int | None
) -> Took:
    """Train and test an ensemble of TorchEnsemble, as its guide does."""
    import torchensemble

    NextNetwork.networks = itertools.cycle(networks)  # it makes more than it trains
    options = {"estimator": NextNetwork, "n_estimators": len(networks), "cuda": False}
    cyclic = kind == "SnapshotEnsembleClassifier"  # it trains one network, and takes no jobs
    ensemble = getattr(torchensemble, kind)(**options | ({} if cyclic else {"n_jobs": jobs}))
    ensemble.set_optimizer("SGD", **SGD)
    if cyclic:
        epochs *= len(networks)
    else:
        ensemble.set_scheduler("CosineAnnealingLR", T_max=epochs)
    return timed(
        lambda: ensemble.fit(images.train, epochs=epochs, save_model=False),
        lambda: ensemble.evaluate(images.test),
    )


def lightning(networks: list[Architecture], images: Loaders, epochs: int) -> Took:
    """Train and test a deep ensemble of torch-uncertainty, as its tutorial does."""
    from torch_uncertainty import TUTrainer
    from torch_uncertainty.methods import deep_ensembles
    from torch_uncertainty.routines import ClassificationRoutine
    from torch_uncertainty.transforms import RepeatTarget

    modules = [build(network, in_channels=1, num_classes=10) for network in networks]
    ensemble = deep_ensembles(modules, task="classification")
    # The loss is a mean over all networks, hence the rate.
    options = SGD | {"lr": RATE.learning_rate * len(networks)}
    optimiser = torch.optim.SGD(ensemble.parameters(), **options)  # type: ignore[arg-type]
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, T_max=epochs)
    routine = ClassificationRoutine(
        model=ensemble,
        num_classes=10,
        loss=nn.CrossEntropyLoss(),
        is_ensemble=True,
        format_batch_fn=RepeatTarget(len(networks)),
        optim_recipe={"optimizer": optimiser, "lr_scheduler": schedule},
    )
    trainer = TUTrainer(
        accelerator="cpu",
        max_epochs=epochs,
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
    )
    return timed(
        lambda: trainer.fit(routine, train_dataloaders=images.train),
        lambda: trainer.test(routine, dataloaders=images.test, verbose=False),
    )


def train(name: str, folder: Path) -> None:
    """Train what the study in a folder trains, by a peer; print the images trained, and seconds."""
    plan = read_plan(StudyPaths(folder).plan)
    approach = "snapshot_ensembles" if name == "snapshot" else "full_data"
    same = trainings(plan, approach)
    networks = [network for training in same for network in training.networks]
    epochs = same[0].recipe["epochs"]
    images = same[0].data["train_images"]
    ways: dict[str, Callable[[Loaders], Took]] = {
        "voting": lambda data: torchensemble("VotingClassifier", networks, data, epochs, None),
        "voting-jobs": lambda data: torchensemble("VotingClassifier", networks, data, epochs, 2),
        "bagging": lambda data: torchensemble("BaggingClassifier", networks, data, epochs, None),
        "snapshot": lambda data: torchensemble(
            "SnapshotEnsembleClassifier", networks, data, epochs, None
        ),
        "lightning": lambda data: lightning(networks, data, epochs),
    }
    # Its tutorial loads images in processes of their own, TorchEnsemble's examples do not.
    workers = min(8, os.cpu_count() or 1) if name == "lightning" else 0
    took = ways[name](Loaders(folder, images, workers))
    trained = images * epochs * len(networks)
    print(json.dumps({"images": trained, "seconds": took.all, "fit_seconds": took.fit}))


if __name__ == "__main__":
    train(sys.argv[1], Path(sys.argv[2]))
