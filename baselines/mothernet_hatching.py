"""A job's hatching: the member as it is hatched, and what is then done to break its symmetry.

Open it when a hatched network should begin otherwise. The trap: a record is hatched again to look
inside it (:mod:`mnbench.insides`), so that nothing here may draw from a stream without a name.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import nn

    from mnbench.mothernets.hatching import Origins
    from mnbench.training.job import Job

CALIBRATION_IMAGES = 256  # enough for means and variances; thousands of pixels a channel


def hatched_member(job: "Job") -> "tuple[nn.Module, nn.Module, Origins]":
    """Return the parent's network, the member hatched from it, and where its parameters come from.

    The member computes the parent's function. The same job gives the same member each time.
    """
    from mnbench.mothernets.hatching import hatch_with_origins

    mothernet = job.parent_network(0)
    unequal = job.options.get("split", "equal") == "unequal"
    member, origins = hatch_with_origins(
        mothernet,
        job.parent_architecture(0),
        job.training.networks[0],
        generator=job.generator("hatch"),
        calibration=job.normalised(CALIBRATION_IMAGES),
        split=job.generator("split") if unequal else None,
    )
    return mothernet, member, origins


def break_symmetry(job: "Job", member: "nn.Module") -> None:
    """Draw anew, shrink and add noise, as the options say, in place: the function changes."""
    from mnbench.mothernets.hatching import perturb, renew, renew_at_random, shrink

    keep, part = job.options.get("keep", 1.0), job.options.get("anew", "nothing")
    fraction = job.options.get("anew_fraction", 0.0)
    if keep < 1 or part != "nothing" or fraction:
        fresh = job.new_network(pretrained=False)  # else equal members part to one and the same
        if part != "nothing":
            renew(member, fresh, part)
        if fraction:
            renew_at_random(member, fresh, fraction, job.generator("anew"))
        shrink(member, fresh, keep)
    perturb(member, job.options["noise"], job.generator("noise"))
