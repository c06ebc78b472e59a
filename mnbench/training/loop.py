"""The training loop: the one place where networks learn, and where training is billed.

Open it to see how a network is trained: the loop is :func:`fit`. The trap: what lies between the
two calls of the stopwatch is billed, and nothing else.
"""

from collections.abc import Callable
from contextlib import closing, nullcontext
from copy import deepcopy
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from signal import Signals
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.profiler import record_function
from torch.nn import functional

from mnbench.planning.recipe import Recipe, batch_sizes
from mnbench.records.record import Cost
from mnbench.training import checkpoint
from mnbench.training.arithmetic import Arithmetic, arithmetic, arithmetic_of, forward_pass
from mnbench.training.begun import BEGUN, Begun
from mnbench.training.compilation import compile_layers
from mnbench.training.data import Batch, Normalisation, TrainingSet, batches
from mnbench.training.device import Stopwatch, model_of, peak_memory
from mnbench.training.divergence import LossWatch
from mnbench.training.epoch import Epoch, SavedEpoch, accuracies_of, epoch_mean
from mnbench.training.optimiser import new_optimiser, set_rate
from mnbench.training.preemption import Notice, Preempted
from mnbench.training.schedules import epoch_rates
from mnbench.training.stopping import finished

# Images that are predicted together. On a CPU more would take fresh memory for every layer. More
# large ones would take more of a GPU's memory than a training step does, and so run out of it.
CPU_TOGETHER, GPU_TOGETHER = 250, 1000
GPU_PIXELS = GPU_TOGETHER * 32 * 32  # of one channel
RATE_KEY = "recipe.optimiser.learning_rate"
EPOCH_STEPS = "mnbench: the steps of an epoch"  # how a profiler calls them

Loss = Callable[[Tensor, Batch], Tensor]
Row = dict[str, Any]  # a row of history.csv, keys records.HISTORY_COLUMNS


@dataclass(frozen=True)
class Work:
    """The floating-point operations of training, by formula."""

    per_example: int  # a forward and a backward pass, and a teacher's prediction made each time
    beforehand: int = 0  # once, in the first epoch: a teacher's predictions that are kept

    def of_epoch(self, number: int, examples: int) -> int:
        """Return the FLOPs of an epoch, counted from 1, that has so many examples."""
        return examples * self.per_example + (self.beforehand if number == 1 else 0)


def cross_entropy(logits: Tensor, batch: Batch) -> Tensor:
    """Return the mean cross-entropy of logits ``(n, classes)``, in nats."""
    return functional.cross_entropy(logits, batch.labels)


def fit(
    network: nn.Module,
    data: TrainingSet,
    recipe: Recipe,
    *,
    seed: int,
    work: Work,
    phase: str,
    loss: Loss = cross_entropy,
    beforehand: Callable[[], None] | None = None,
    sample: Tensor | None = None,
    optimiser: torch.optim.SGD | None = None,
    checkpoint_file: Path | None = None,
    identity: str = "",
    rate_key: str = RATE_KEY,
    report: Callable[[Row, float], None] = lambda row, seconds_left: None,
) -> tuple[list[Row], Cost]:
    """Train a network in place; return its history and cost.

    The steps are billed: drawing and augmenting batches, forward, backward, update. Between epochs
    the network is evaluated on the validation images and may be checkpointed, unbilled.

    Args:
        network: on the data's device; logits ``(n, classes)``, or ``(networks, n, classes)``.
        data: training and validation images on the device.
        recipe: how to train.
        seed: decides the order of the images and their augmentation.
        work: what a step costs in FLOPs.
        phase: the history's name for this training.
        loss: from logits and batch to a scalar.
        beforehand: makes what the loss else makes at its first call and keeps, a teacher's
            predictions. A resumed training calls it off the clock: they are on its bill already.
        sample: train on these positions ``(n,)`` of the training set instead of on all.
        optimiser: what :func:`new_optimiser` made of the network, perhaps with momentum; a new one
            unless given. Afterwards it has the momentum of the last step.
        checkpoint_file: resume from it, and save to it after each epoch, so that an interruption
            repeats at most one. A signal (:mod:`mnbench.training.preemption`) saves within an
            epoch. None neither resumes nor saves.
        identity: the hash of all that decides the training: no other training is resumed.
        rate_key: where the configuration sets the learning rate, for the error of a divergence.
        report: called after each epoch with its row and the estimated seconds left.

    Returns:
        The history, one row an epoch, and the cost.

    Raises:
        Diverged: a loss was no finite number.
        Preempted: this process got a signal to end, and its checkpoint is written.
    """
    device = data.train.labels.device
    sample = torch.arange(len(data.train)) if sample is None else sample.cpu()
    optimiser = optimiser or new_optimiser(network, recipe)
    history: list[Row] = []
    saved = None
    kind = arithmetic_of(recipe.precision, device)
    on = f"{device.type} {model_of(device)} {kind}"
    if checkpoint_file is not None:
        history, saved = checkpoint.restore(
            checkpoint_file, identity, network, optimiser, device=on
        )
    sizes = batch_sizes(len(sample), recipe.batch_size)
    _warm_up(network, data, kind, sizes, compiled=recipe.compile)
    stopwatch = Stopwatch(device)
    begun = Begun(checkpoint_file and checkpoint_file.with_suffix(BEGUN), identity)
    in_epoch = sum(sizes[: saved.steps]) if saved is not None else 0
    begun.at_least(sum(row["examples"] for row in history) + in_epoch)

    def save(now: SavedEpoch | None = None) -> None:
        if checkpoint_file is not None:
            checkpoint.save(checkpoint_file, identity, network, optimiser, history, now, device=on)

    notices = Notice.awaited() if checkpoint_file is not None else nullcontext(Notice())
    with notices as notice, closing(begun):
        remake = beforehand if history or saved else None
        while not finished(recipe, accuracies := [row["train_accuracy"] for row in history]):
            if remake and not notice.signal:
                begun.add(examples=0)
                with arithmetic(kind), forward_pass(kind, device):  # the bits of the loss's own
                    remake()
                remake = None
            number = len(history) + 1
            epoch = Epoch.begin(number, seed)
            network.train()
            stopwatch.start()
            order = sample[torch.randperm(len(sample), generator=epoch.generator)].to(device)
            if saved is not None:
                epoch.resume(saved, device)
                saved = None
            rates = epoch_rates(recipe, number, len(sizes), accuracies)
            watch = LossWatch(number, rate_key, device, rates, epoch.losses)
            behind = len(epoch.losses)  # batches that a former process did
            left = order.split(sizes)[behind:]
            gathered = batches(data, left, recipe.augmentation, epoch.generator)
            guesses: list[Tensor] = []  # the predicted classes of each further batch
            with arithmetic(kind), record_function(EPOCH_STEPS):
                for rate, indices in zip(rates[behind:], left, strict=True):
                    if notice.signal:
                        break
                    begun.add(examples=len(indices))
                    set_rate(optimiser, rate)
                    batch = next(gathered)
                    with forward_pass(kind, device):
                        logits = network(batch.images)
                        value = loss(logits, batch)
                    watch.add(value)
                    optimiser.zero_grad()
                    value.backward()
                    optimiser.step()
                    guesses.append(logits.detach().argmax(-1))
            epoch.losses = watch.losses()
            epoch.accuracies += accuracies_of(guesses, data.train.labels, left)
            epoch.reading += stopwatch.read()
            if notice.signal and len(epoch.losses) < len(sizes):
                if epoch.losses:  # a checkpoint between epochs is there already
                    save(epoch.saved(device))
                raise _preempted(notice.signal, number, len(epoch.losses), len(sizes))

            validation_loss, validation_accuracy = evaluate(network, data)
            watch.check_validation(validation_loss)
            history.append(
                {
                    "epoch": number,
                    "phase": phase,
                    "learning_rate": rates[-1],
                    "train_loss": epoch_mean(epoch.losses, sizes),
                    "train_accuracy": epoch_mean(epoch.accuracies, sizes),
                    "validation_loss": validation_loss,
                    "validation_accuracy": validation_accuracy,
                    "examples": len(sample),
                    "training_flops": work.of_epoch(number, len(sample)),
                    **asdict(epoch.reading),
                }
            )
            spent = sum(row["device_seconds"] for row in history)
            report(history[-1], spent / number * (recipe.longest - number))
            save()
    cost = bill(history, len(data.train), peak_memory(device))
    again = begun.examples - cost.examples
    flops = again * work.per_example + max(0, begun.processes - 1) * work.beforehand
    return history, replace(cost, repeated_examples=again, repeated_training_flops=flops)


def bill(history: list[Row], train_images: int, peak_memory_bytes: int = 0) -> Cost:
    """Return the cost of a history's epochs.

    Args:
        history: one row an epoch.
        train_images: the size of the training set: what an epoch is measured by.
        peak_memory_bytes: of the job.
    """
    examples = sum(row["examples"] for row in history)
    held = sum(row["device_seconds"] * row["device_share"] for row in history)
    on_one_device = all(row["device_share"] > 0 for row in history)
    return Cost(
        epochs=examples / train_images,
        examples=examples,
        training_flops=sum(row["training_flops"] for row in history),
        device_seconds=sum(row["device_seconds"] for row in history),
        cpu_seconds=sum(row["cpu_seconds"] for row in history),
        peak_memory_bytes=peak_memory_bytes,
        held_seconds=held if on_one_device else 0.0,
    )


@torch.no_grad()
def predict(network: nn.Module, images: Tensor, normalise: Normalisation) -> Tensor:
    """Return logits, computed in eval mode and full precision.

    Args:
        network: left in eval mode.
        images: uint8 ``(n, channels, h, w)`` on the network's device.
        normalise: as in training.

    Returns:
        float32 logits ``(networks, n, classes)``; networks is 1 for an ordinary network.
    """
    network.eval()
    logits = [network(normalise(batch)) for batch in together(images)]
    joined = torch.cat(logits, dim=-2).float()
    return joined if joined.ndim == 3 else joined.unsqueeze(0)


def together(images: Tensor) -> tuple[Tensor, ...]:
    """Return images ``(n, channels, h, w)`` in the parts that are predicted together."""
    if images.device.type == "cpu":
        return images.split(CPU_TOGETHER)
    height, width = images.shape[2:]
    return images.split(max(1, min(GPU_TOGETHER, GPU_PIXELS // (height * width))))


def evaluate(network: nn.Module, data: TrainingSet) -> tuple[float, float]:
    """Return mean loss (nats) and accuracy (fraction) on the validation images."""
    labels = data.validation.labels
    logits = predict(network, data.validation.images, data.normalise)
    log_probabilities = functional.log_softmax(logits, dim=-1)
    picked = log_probabilities[:, torch.arange(len(labels), device=labels.device), labels]
    accuracy = (logits.argmax(-1) == labels).float().mean()
    return -float(picked.mean()), float(accuracy)


def _preempted(by: Signals, epoch: int, batch: int, batches: int) -> Preempted:
    return Preempted(
        f"stopped by {by.name} in epoch {epoch}, behind batch {batch} of {batches}; the same "
        "command goes on there"
    )


def _warm_up(
    network: nn.Module, data: TrainingSet, kind: Arithmetic, sizes: list[int], *, compiled: bool
) -> None:
    """Compile the network if that is wanted, and let a GPU choose its kernels, off the clock.

    One forward and backward pass for each batch size is enough; an epoch's last batch is smaller.
    What they change is put back.
    """
    device = data.train.labels.device
    if compiled:
        compile_layers(network)
    elif device.type == "cpu":
        return
    before = deepcopy(network.state_dict())
    network.train()
    for size in sorted(set(sizes)):
        with arithmetic(kind):
            with forward_pass(kind, device):
                logits = network(data.normalise(data.train.images[:size]))
            logits.float().logsumexp(-1).mean().backward()
    network.zero_grad()
    network.load_state_dict(before)
