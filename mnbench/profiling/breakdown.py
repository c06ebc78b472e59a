"""A profile as a text table, and what it means.

Open it to change what `mnbench profile` prints. The trap: shares are of the steps under the
profiler, which slows them; speeds and milliseconds are of the same steps without it.
"""

from mnbench.profiling.kinds import CONVOLUTION, LINEAR
from mnbench.profiling.steps import StepProfile


def breakdown(profile: StepProfile) -> str:
    """Return a line for each kind of work, then the speed, and what faster arithmetic would give.

    The last line is a bound: with convolutions and fully connected layers at the peak of matrix
    products, and the rest as it is, a step would be that much shorter.
    """
    width = max(map(len, profile.by_kind))
    lines = [f"{'where a step goes':<{width}}   share  milliseconds"]
    for kind, seconds in profile.by_kind.items():
        share = seconds / profile.watched_seconds
        each = share * profile.seconds / profile.steps
        lines.append(f"{kind:<{width}}  {share:6.1%}  {1e3 * each:12.3f}")
    rate = profile.flops / profile.seconds
    return "\n".join(
        [
            *lines,
            "",
            f"images a second      {profile.images / profile.seconds:,.0f}",
            f"training             {rate / 1e9:,.1f} GFLOP/s",
            f"matrix products      {profile.peak / 1e9:,.1f} GFLOP/s, the peak of this machine",
            f"share of the peak    {rate / profile.peak:.1%}",
            f"with layers at it    {speed_up_at_peak(profile):.2f} times faster at most",
        ]
    )


def speed_up_at_peak(profile: StepProfile) -> float:
    """Return how many times faster a step were if its layers ran at the peak, and the rest as now.

    It is 1 where layers are as fast as the matrix products that were measured, or faster. Layers
    are convolutions and fully connected ones: all that the FLOPs by formula count.
    """
    layers = sum(
        seconds
        for kind, seconds in profile.by_kind.items()
        if kind.startswith((CONVOLUTION, LINEAR))
    )
    share = layers / profile.watched_seconds
    at_peak = profile.flops / profile.peak
    return max(1.0, profile.seconds / (profile.seconds * (1 - share) + at_peak))
