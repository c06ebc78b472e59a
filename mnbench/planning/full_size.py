"""Which ensembles of a plan are of full size: what points, fronts and figures are made of.

Open it when an ensemble is missing from a table of points. The trap: sizes may differ between g,
where hatched networks give several networks of an ensemble and others one.
"""

from collections.abc import Iterable

from mnbench.planning.lineage import Ensemble


def of_full_size(ensembles: Iterable[Ensemble]) -> set[Ensemble]:
    """Return those of which the plan has no larger one of the same approach, g and variant.

    Args:
        ensembles: of one data set and architecture set.
    """
    ensembles = list(ensembles)
    largest: dict[tuple[str, int | None, str], int] = {}
    for one in ensembles:
        line = (one.approach, one.g, one.variant)
        largest[line] = max(largest.get(line, 0), one.size)
    return {one for one in ensembles if one.size == largest[one.approach, one.g, one.variant]}
