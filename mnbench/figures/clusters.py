"""Clusters and their MotherNets, drawn as architectures: what is shared, and what each member adds.

A network stands upright: a bar a layer, from the first at the bottom, as wide as its filters. What
comes from the MotherNet is dark, what hatching adds is pale: filters at the sides, whole layers
where the MotherNet has none. Open this to see what networks share. The trap: only the fewest
clusters planned are drawn, and of those the first four.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from mnbench.architectures import Architecture
from mnbench.figures import style
from mnbench.figures.figure_data import FigureData
from mnbench.planning.plan import Plan
from mnbench.planning.training_id import TrainingId

TITLE = "Clusters and their MotherNets"
CAPTION = (
    "Each row is a cluster: its MotherNet, then its members. A bar is a layer, as wide as its "
    "filters, and the lowest is next to the input. Dark comes from the MotherNet, pale is added by "
    "hatching, and stripes mark larger filters."
)
COST_AXIS = False
TABLES = ()

MOST = 6  # networks drawn of a cluster: as many as have room for their names
MOST_CLUSTERS = 4
_GAP = 0.6  # of a layer's height, between blocks


@dataclass(frozen=True)
class LayerBar:
    """One layer of a member."""

    y: float
    filters: int
    shared: int  # filters that its MotherNet has there; 0 where it has no layer
    kernel: int
    shared_kernel: int  # its MotherNet's there; where it has no layer, its smallest nearby

    @property
    def larger(self) -> bool:
        """Whether hatching adds a larger filter than the MotherNet's."""
        return self.kernel > self.shared_kernel


@dataclass(frozen=True)
class DrawnCluster:
    """A MotherNet and the networks hatched from it."""

    mothernet: Architecture
    members: tuple[Architecture, ...]


def draw(data: FigureData) -> Figure:
    """Draw the clusters of the fewest clusters planned, a row each: MotherNet, then members.

    Args:
        data: what to draw.
    """
    planned = clusters(data.plan, data.dataset, data.architecture_set)
    title = data.title
    if not planned:
        return style.notice("Nothing to show: no two networks share a MotherNet.", title)
    shown = planned[:MOST_CLUSTERS]
    columns = 1 + max(min(len(cluster.members), MOST) for cluster in shown)
    look = style.looks(["mothernets"])["mothernets"]
    with style.styled():
        figure = style.new_figure(0.9 + 1.9 * len(shown))
        grid = figure.subplots(len(shown), columns, squeeze=False)
        for row, cluster in zip(grid, shown, strict=True):
            networks = (cluster.mothernet, *cluster.members[:MOST])
            widest = max(
                bar.filters for network in networks for bar in layer_bars(network, network)
            )
            tallest = max(layer_bars(network, network)[-1].y for network in networks) + 1
            for axes, network in zip(row, networks, strict=False):
                _draw_network(
                    axes, layer_bars(network, cluster.mothernet), look.color, widest, tallest
                )
                axes.set_title(network.name, fontsize=7.5)
            row[0].set_xlabel("↑ input", fontsize=7)
            for axes in row[len(networks) :]:
                axes.remove()
            if len(cluster.members) > MOST:
                row[MOST].set_xlabel(f"and {len(cluster.members) - MOST} more", fontsize=7)
        if len(planned) > MOST_CLUSTERS:
            title = f"{title}\nthe first {MOST_CLUSTERS} of {len(planned)} clusters".strip()
        handles = [
            Patch(color=look.color, label="from the MotherNet"),
            Patch(color=style.mix(look.color, "white", 0.7), label="added by hatching"),
        ]
        if any(
            bar.larger
            for cluster in shown
            for network in cluster.members[:MOST]
            for bar in layer_bars(network, cluster.mothernet)
        ):
            handles.append(
                Patch(facecolor=look.color, edgecolor="white", hatch="////", label="larger filter")
            )
        figure.legend(handles=handles, loc="outside lower center", ncols=len(handles))
        if title:
            figure.suptitle(title)
    return figure


def clusters(plan: Plan, dataset: str, architecture_set: str) -> list[DrawnCluster]:
    """Return the clusters of more than one network, at the fewest clusters planned, of one seed."""
    rows = [
        row
        for row in plan.ensembles
        if (row.dataset, row.architecture_set, row.approach, row.variant)
        == (dataset, architecture_set, "mothernets", "")
    ]
    if not rows:
        return []
    fewest = min(rows, key=lambda row: (row.g or 0, -row.size, row.seed))
    groups: dict[TrainingId, list[Architecture]] = {}
    for member in fewest.members:
        # The nearest MotherNet above: between it and a member may be cycles and other members.
        above = [id for id in plan.predecessors(member) if _is_mothernet(plan, id)]
        training = plan.trainings[member]
        if above and "cycle" not in training.options:  # a further one of the same network
            groups.setdefault(above[-1], []).extend(training.networks)
    return [
        DrawnCluster(plan.trainings[parent].networks[0], tuple(members))
        for parent, members in groups.items()
    ]


def _is_mothernet(plan: Plan, id: TrainingId) -> bool:
    return plan.trainings[id].role == "mothernet"


def layer_bars(network: Architecture, mothernet: Architecture) -> list[LayerBar]:
    """Return a network's layers, from the first, with what its MotherNet's have of each."""
    layers, y = [], 0.0
    for ours, theirs in zip(_parts(network), _parts(mothernet), strict=True):
        for position, (filters, kernel) in enumerate(ours):
            least = min((size for _, size in theirs), default=kernel)
            shared, shared_kernel = theirs[position] if position < len(theirs) else (0, least)
            layers.append(LayerBar(y, filters, min(shared, filters), kernel, shared_kernel))
            y += 1
        y += _GAP * bool(ours)
    return layers


def _parts(network: Architecture) -> list[Sequence[tuple[int, int]]]:
    """Return filters and kernels of the stem, of each block and of the head's hidden layers."""
    stem = network.stem
    return [
        [(stem.filters, stem.kernel)] if stem.filters else [],
        *([(layer.filters, layer.kernel) for layer in block.layers] for block in network.blocks),
        [(width, 1) for width in network.head.hidden],
    ]


def _draw_network(
    axes: Axes, layers: Sequence[LayerBar], color: str, widest: int, tallest: float
) -> None:
    pale = style.mix(color, "white", 0.7)
    for bar in layers:
        for width, shade in ((bar.filters, pale), (bar.shared, color)):
            axes.barh(
                bar.y,
                width,
                left=-width / 2,
                height=0.8,
                facecolor=shade,
                edgecolor="white" if bar.larger else shade,
                hatch="////" if bar.larger else None,
                linewidth=0,
            )
    axes.set_xlim(-0.55 * widest, 0.55 * widest)
    axes.set_ylim(-0.8, tallest)
    axes.grid(visible=False)
    axes.set(xticks=[], yticks=[])
    for spine in axes.spines.values():
        spine.set_visible(False)
