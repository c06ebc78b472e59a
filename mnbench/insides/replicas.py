"""Replicas: how alike the filters still are that were copies of one another when hatched.

Open this module to change how the separation of replicas is measured. The trap: two channels are
replicas in the member's own layers only; an inserted layer is an identity and has none here.
"""

from dataclasses import dataclass
from math import nan

import torch
from torch import Tensor, nn
from torch.nn import functional

from mnbench.mothernets.hatching import Origins
from mnbench.mothernets.hatching.flow import NEW


@dataclass(frozen=True)
class Similarity:
    """Mean cosines of the incoming filters of two channels of one layer.

    Attributes:
        pairs: number of pairs of replicas.
        replicas: mean over these pairs; NaN if there are none.
        others: mean over all other pairs of channels of the same layers: the level of filters that
            never were copies. NaN if there are none.
    """

    pairs: int
    replicas: float
    others: float


def replica_similarity(member: nn.Module, origins: Origins) -> Similarity:
    """Return how alike replicated filters are in a member, and how alike the others.

    Args:
        member: as hatched, or trained since.
        origins: of the parameters of the member as it was hatched.
    """
    replicas, others = [torch.empty(0)], [torch.empty(0)]
    for name, weight in member.named_parameters():
        origin = origins.get(name)
        if weight.ndim < 2 or origin is None or origin.outputs is None:
            continue
        cosines, same = _pairs(weight.detach(), origin.outputs.source)
        if same.any():
            replicas.append(cosines[same].cpu())
            others.append(cosines[~same].cpu())
    found = torch.cat(replicas)
    return Similarity(len(found), _mean(found), _mean(torch.cat(others)))


def _pairs(weight: Tensor, source: Tensor) -> tuple[Tensor, Tensor]:
    """Return the cosine of each pair of filters, and whether both repeat one channel."""
    filters = functional.normalize(weight.flatten(1).double(), dim=1)
    first, second = torch.triu_indices(len(source), len(source), offset=1, device=source.device)
    same = (source[first] == source[second]) & (source[first] != NEW)
    return (filters @ filters.T)[first, second], same


def _mean(values: Tensor) -> float:
    return float(values.mean()) if len(values) else nan
