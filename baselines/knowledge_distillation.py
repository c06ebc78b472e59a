"""Knowledge Distillation (Hinton, Vinyals, Dean 2015): a teacher's softened outputs as targets.

Full Data trains one teacher: the largest network of the architecture set unless another is named.
Every member is then trained from scratch against the teacher's outputs and the labels. By default
that includes the architecture that teaches (unverified). With ``teacher_stays`` the teacher itself
is that member.

Open it to change the loss. The trap: the teacher's training and its predictions are both billed.
The training is billed once; the predictions to each student, once, or in each epoch that augments.
"""

from typing import TYPE_CHECKING, Annotated

from pydantic import AfterValidator, Field
from pydantic.dataclasses import dataclass

from baselines.full_data import scratch
from baselines.single_network import largest
from mnbench.architectures import Architecture, library_network, parameter_count
from mnbench.errors import UserError
from mnbench.planning.config import Budgets
from mnbench.planning.lineage import Lineage
from mnbench.planning.recipe import CONFIG
from mnbench.planning.setting import Setting

if TYPE_CHECKING:
    from torch import Tensor

    from mnbench.training.job import Job, Trained
    from mnbench.training.loop import Batch

NAME = "knowledge_distillation"
LARGEST = "largest"


def _check_teacher(teacher: str) -> str:
    if teacher != LARGEST:
        try:
            library_network(teacher, "the teacher")
        except UserError:
            raise ValueError(
                f"must be '{LARGEST}' or 'timm:' and the name of a model, got '{teacher}'"
            ) from None
    return teacher


@dataclass(frozen=True, config=CONFIG)
class Options:
    """What a configuration may say of Knowledge Distillation."""

    teacher: Annotated[str, AfterValidator(_check_teacher)] = Field(
        default=LARGEST,
        description="The teacher: `largest` is the network of the set with the most parameters. "
        "`timm:<model>` is a network of timm from scratch, `timm:<model>.<tag>` starts from the "
        "pretrained weights of that tag.",
        examples=["timm:resnet18"],
    )
    temperature: float = Field(
        default=4.0,
        gt=0,
        le=1000,
        description="Temperature T that softens the outputs of teacher and student.",
        examples=[2.0],
    )
    mixing: float = Field(
        default=0.5,
        ge=0,
        le=1,
        description="Weight of the teacher's part in the loss, w. The cross-entropy with the "
        "labels has the weight 1 - w.",
        examples=[0.9],
    )
    teacher_stays: bool = Field(
        default=False,
        description="Whether the teacher is itself the ensemble's member of its architecture. No "
        "student takes that place then. The teacher must be a network of the set. The default "
        "is the paper's protocol (unverified): every member is distilled.",
        examples=[True],
    )
    budgets: Budgets = (1.0,)


def lineage(setting: Setting, options: Options) -> Lineage:
    """Return a star at every budget: from the teacher, Full Data's record, to every member.

    Raises:
        UserError: the teacher is to stay, but is no member of the set, or does not fit the images.
    """
    setting.check_budgets(NAME, options.budgets, setting.recipe)
    network = _teacher(setting, options.teacher)
    stays = network.name if options.teacher_stays else None
    if stays and stays not in [member.name for member in setting.members]:
        raise setting.refuse(
            NAME,
            "teacher_stays",
            f"the teacher '{options.teacher}' is no network of '{setting.architecture_set}'; use "
            f"false, or the teacher '{LARGEST}'",
        )
    total = Lineage()
    for budget in options.budgets:
        teacher = scratch(setting, network, budget)
        members = tuple(
            teacher
            if member.name == stays
            else setting.training(
                NAME,
                member.name,
                member,
                recipe=setting.recipe,
                parents=[teacher],
                options={"temperature": options.temperature, "mixing": options.mixing},
                budget=budget,
            )
            for member in setting.members
        )
        total += Lineage((teacher, *members), setting.ensembles(NAME, members, budget=budget))
    return total


def _teacher(setting: Setting, name: str) -> Architecture:
    """Return the architecture of the teacher that the options name."""
    if name == LARGEST:
        return largest(setting)
    network = library_network(name, "the teacher")
    try:
        parameter_count(network, **setting.dataset.image_shape)
    except UserError as error:
        raise setting.refuse(NAME, "teacher", str(error)) from None
    return network


def distillation_loss(
    student: "Tensor", teacher: "Tensor", labels: "Tensor", temperature: float, mixing: float
) -> "Tensor":
    """Return mixing * T^2 * KL(teacher at T, student at T) + (1 - mixing) * cross-entropy.

    T^2 keeps the two parts' gradients in proportion whatever the temperature (Hinton et al. 2015,
    section 2).

    Args:
        student: logits ``(n, classes)``.
        teacher: logits ``(n, classes)``.
        labels: classes ``(n,)``.
        temperature: T.
        mixing: the weight of the teacher's part.

    Returns:
        The mean over the images, in nats.
    """
    from torch.nn.functional import cross_entropy, kl_div, log_softmax

    softened = kl_div(
        log_softmax(student / temperature, dim=1),
        log_softmax(teacher / temperature, dim=1),
        reduction="batchmean",
        log_target=True,
    )
    return mixing * temperature**2 * softened + (1 - mixing) * cross_entropy(student, labels)


def train(job: "Job") -> "Trained":
    """Train one member against the teacher, whose forward passes are billed as training."""
    teacher = job.teacher(0)
    temperature, mixing = job.options["temperature"], job.options["mixing"]

    def loss(logits: "Tensor", batch: "Batch") -> "Tensor":
        return distillation_loss(logits, teacher(batch), batch.labels, temperature, mixing)

    return job.fit(job.new_network(), phase="distilled", loss=loss, teacher=teacher)
