"""MotherNets (Wasay et al. 2020): train what a cluster has in common once, then hatch its members.

The graph is g stars, or trees if asked for. Each cluster's MotherNet is trained until it is done.
Every member of the cluster is hatched from it by function-preserving transformations, gets a little
noise, and is trained further. A cluster that several values of g share is trained once.

Open it to change how members are hatched or trained further. The trap: a cluster of one network is
its own MotherNet, so its record is Full Data's, and g = ensemble size *is* Full Data.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import accumulate, product
from typing import TYPE_CHECKING, Any

from baselines.full_data import scratch
from baselines.mothernet_hatching import CALIBRATION_IMAGES, break_symmetry, hatched_member
from baselines.mothernet_options import NAME, Options
from baselines.mothernet_recipes import check_options, hatched_recipe, noted, trunk_recipe
from mnbench.architectures import Architecture, parameter_count
from mnbench.errors import UserError
from mnbench.mothernets import cluster, construct, minimum_g
from mnbench.mothernets.descent import MOTHERNET, parents
from mnbench.planning.lineage import KEEPS_MOMENTUM, Lineage, Training
from mnbench.planning.recipe import Recipe
from mnbench.planning.setting import Setting

if TYPE_CHECKING:
    from mnbench.training.job import Job, Trained

__all__ = ["NAME", "Options", "break_symmetry", "hatched_member", "lineage", "train"]

# Of a hatched network's logits from its MotherNet's, relative to the largest, in float32.
MAXIMUM_DIFFERENCE = 1e-4
_RATE_KEY = "approaches.mothernets.{}.learning_rate"  # of what it is given


def lineage(setting: Setting, options: Options) -> Lineage:
    """Return g stars for every g and budgets; equal clusters are one star."""
    check_options(setting, options)
    total = Lineage()
    for budget, g in product(options.budgets, _numbers(setting, options)):
        try:
            groups = cluster(setting.members, g, **_sharing(setting, options))
        except UserError as error:
            raise setting.refuse(NAME, "g", f"'{setting.architecture_set}': {error}") from None
        for hatched_budget in options.hatched.budgets:
            total += _stars(setting, options, groups, budget, hatched_budget)
    return total


@dataclass(frozen=True)
class _Star:
    """The trainings of one cluster at one budget, and what is common to them."""

    setting: Setting
    options: Options
    group: tuple[int, ...]  # positions of the cluster's networks in the set
    budget: float
    hatched_budget: float

    @cached_property
    def networks(self) -> list[Architecture]:
        return [self.setting.members[index] for index in self.group]

    @cached_property
    def label(self) -> str:
        """What the cluster is called in names of trainings."""
        return _label(self.networks)

    @property
    def _kept_momentum(self) -> dict[str, Any]:
        """What a training notes that others are hatched from."""
        return {KEEPS_MOMENTUM: True} if self.options.hatched.momentum == "carried" else {}

    def trainings(self) -> tuple[list[Training], list[list[Training]]]:
        """Return all trainings, parents first, and those that predict for each network."""
        if len(self.group) == 1:
            own = scratch(self.setting, self.networks[0], self.budget)
            return [own], [[own]]
        mothernets = self._mothernets()
        shape = self.setting.dataset.image_shape
        edges = parents(
            self.networks, self.options.descent, lambda network: parameter_count(network, **shape)
        )
        cycles: dict[int, list[Training]] = {MOTHERNET: mothernets}
        while len(cycles) <= len(edges):  # a member after its parent
            for member, parent in enumerate(edges):
                if member not in cycles and parent in cycles:
                    cycles[member] = self._member(member, parent, cycles[parent][-1])
        of_members = [cycles[member] for member in range(len(edges))]
        del cycles[MOTHERNET]
        return [*mothernets, *(one for own in cycles.values() for one in own)], of_members

    def _mothernets(self) -> list[Training]:
        """Return the cluster's MotherNet, after the one that it is hatched from if there is one."""
        setting, trunk = self.setting, self.options.mothernet
        recipe = trunk_recipe(setting, trunk)
        kept = self._kept_momentum
        whole = list(setting.members)
        if trunk.hatched_epochs is None or len(self.group) == len(whole):
            return [self._mothernet(self.networks, recipe, options=kept)]
        try:
            root = self._mothernet(whole, recipe, options=kept)
        except UserError as error:
            raise setting.refuse(NAME, "mothernet", f"hatched_epochs: {error}") from None
        further = replace(recipe, epochs=trunk.hatched_epochs)
        options = {"noise": self.options.noise} | kept
        own = self._mothernet(self.networks, further, [root], options, f"_from_{_label(whole)}")
        return [root, own]

    def _mothernet(
        self,
        networks: Sequence[Architecture],
        recipe: Recipe,
        parents: Sequence[Training] = (),
        options: Mapping[str, Any] | None = None,
        suffix: str = "",
    ) -> Training:
        return self.setting.training(
            NAME,
            f"mothernet_{_label(networks)}{suffix}",
            construct(networks, name="MotherNet"),
            recipe=recipe,
            role="mothernet",
            parents=parents,
            options=options,
            budget=self.budget,
        )

    def _member(self, member: int, parent: int, training: Training) -> list[Training]:
        """Return the cycles of a member that is hatched from a parent's *training*."""
        setting, hatched, network = self.setting, self.options.hatched, self.networks[member]
        relative = "" if parent == MOTHERNET else f"{self.networks[parent].name}_in_"
        variant = "" if self.hatched_budget == 1 else f"hatched{self.hatched_budget:g}"
        recipe = hatched_recipe(setting, hatched, self.hatched_budget)
        recipe = recipe.with_budget(1 / hatched.snapshots)
        cycles: list[Training] = []
        for cycle in range(1, hatched.snapshots + 1):
            number = "" if hatched.snapshots == 1 else f"_cycle{cycle}"
            options = noted(self.options) if cycle == 1 else {"cycle": cycle}
            if self.options.descent == "tree" and cycle == hatched.snapshots:
                options |= self._kept_momentum
            cycles.append(
                setting.training(
                    NAME,
                    f"{network.name}_from_{relative}{self.label}{number}",
                    network,
                    recipe=recipe,
                    parents=cycles[-1:] or [training],
                    options=options,
                    budget=self.budget,
                    variant=variant,
                )
            )
        return cycles


def _stars(
    setting: Setting,
    options: Options,
    groups: Sequence[tuple[int, ...]],
    budget: float,
    hatched_budget: float,
) -> Lineage:
    """Return a star, or a tree, for each group, and the ensembles of all members."""
    if hatched_budget != 1 and len(groups) == len(setting.members):
        return Lineage()  # nothing is hatched, so it is the plain point
    trainings: list[Training] = []
    members: dict[int, list[Training]] = {}
    for group in groups:
        all_of_group, of_members = _Star(
            setting, options, group, budget, hatched_budget
        ).trainings()
        trainings += all_of_group
        members |= dict(zip(group, of_members, strict=True))
    ordered = [members[index] for index in range(len(setting.members))]
    sizes = list(accumulate(map(len, ordered)))
    ensembles = setting.ensembles(
        NAME,
        [training for own in ordered for training in own],
        sizes=sizes,
        g=len(groups),
        budget=budget,
        variant="" if hatched_budget == 1 else f"hatched epochs x {hatched_budget:g}",
    )
    return Lineage(tuple({one.id: one for one in trainings}.values()), ensembles)


def _label(networks: Sequence[Architecture]) -> str:
    """Return what a cluster is called in names of trainings."""
    names = "+".join(network.name for network in networks)
    return names if len(names) <= 40 else hashlib.sha256(names.encode()).hexdigest()[:8]


def _sharing(setting: Setting, options: Options) -> dict[str, Any]:
    """Return the keyword arguments of :func:`cluster` that say what sharing is."""
    return {"tau": options.tau, "by": options.cluster_by, **setting.dataset.image_shape}


def _numbers(setting: Setting, options: Options) -> list[int]:
    """Return the numbers of clusters that the entries of ``g`` stand for, each once."""
    size = len(setting.members)
    named = {
        "minimum": minimum_g(setting.members, **_sharing(setting, options)),
        "all": size,
    }
    numbers: dict[Any, None] = dict.fromkeys(named.get(entry, entry) for entry in options.g)
    for g in numbers:
        if g > size:
            raise setting.refuse(
                NAME,
                "g",
                f"{g} clusters of the {size} networks of '{setting.architecture_set}' cannot be; "
                f"allowed: 1 to {size}, 'minimum', 'all'",
            )
    return list(numbers)


def train(job: "Job") -> "Trained":
    """Train a MotherNet from scratch, or hatch a network and train it further.

    Raises:
        UserError: the hatched network does not compute what its MotherNet computes.
    """
    keeps_momentum = job.options.get(KEEPS_MOMENTUM, False)
    if not job.training.parents:
        return job.fit(
            job.new_network(),
            phase="mothernet",
            rate_key=_RATE_KEY.format("mothernet"),
            keeps_momentum=keeps_momentum,
        )
    if "cycle" in job.options:
        return job.fit(
            job.parent_network(0),
            phase="hatched",
            rate_key=_RATE_KEY.format("hatched"),
            keeps_momentum=keeps_momentum,
        )

    from mnbench.mothernets.hatching import carried_momentum, hatching_difference

    mothernet, member, origins = hatched_member(job)
    difference = hatching_difference(mothernet, member, job.normalised(CALIBRATION_IMAGES))
    if not difference <= MAXIMUM_DIFFERENCE:  # so that NaN is refused as well
        raise UserError(
            f"{job.training.id}: hatching changed the logits by {difference:.1e} of the largest, "
            f"more than {MAXIMUM_DIFFERENCE:.0e}; this is a bug in mnbench.mothernets, please "
            "report it with the two architectures"
        )
    before = job.validation_error(member)
    momentum = {}
    if job.options.get("momentum") == "carried":
        momentum = carried_momentum(member, mothernet, origins, job.parent_momentum(0, mothernet))
    break_symmetry(job, member)
    rate = job.options.get("inserted_rate", 1.0)
    phase = "mothernet" if job.training.role == "mothernet" else "hatched"
    return job.fit(
        member,
        phase=phase,
        rate_key=_RATE_KEY.format(phase),
        rate_factors={name: rate for name, _ in member.named_parameters() if name not in origins},
        momentum=momentum,
        keeps_momentum=keeps_momentum,
        details={
            "hatching_difference": difference,
            "error_before_noise": before,
            "error_after_noise": job.validation_error(member),
        },
    )
