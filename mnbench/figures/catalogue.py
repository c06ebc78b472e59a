"""Every figure by name, with what a reader must know below its title.

Open this to change what all figures say: not converged, missing, shared devices. The trap: only the
module of the figure asked for is imported, since some need seaborn, which takes seconds to import.
"""

from dataclasses import replace
from importlib import import_module
from types import ModuleType

from matplotlib.figure import Figure

from mnbench.evaluation.convergence import convergence_of
from mnbench.figures import FIGURES
from mnbench.figures.aggregate import full_size_rows, times_left_out
from mnbench.figures.figure_data import FigureData
from mnbench.planning.config import TIMES


def draw(name: str, data: FigureData) -> Figure:
    """Draw one of :data:`mnbench.figures.FIGURES`.

    Args:
        name: the figure's module.
        data: what it is drawn from.

    Raises:
        ValueError: the registry has no figure of this name.
    """
    if name not in FIGURES:
        raise ValueError(f"no figure is called {name!r}; there are {', '.join(FIGURES)}")
    module = import_module(f"{__package__}.{name}")
    title = "\n".join(filter(None, [data.title, *_warnings(module, data)]))
    figure: Figure = module.draw(replace(data, title=title))
    return figure


def _warnings(module: ModuleType, data: FigureData) -> list[str]:
    """Return what to say below the title: a sentence each."""
    convergence = convergence_of(data.tables["convergence"], data.tables["networks"])
    said = [convergence.sentence] if convergence.converged is False else []
    if missing := len(data.tables["missing"]):
        said.append(f"{missing} ensembles of single seeds could not be evaluated: see missing.csv")
    if module.COST_AXIS and data.cost in TIMES:
        shown = getattr(module, "costs_shown", full_size_rows)(data.tables["estimates"])
        if left_out := times_left_out(shown):
            said.append(f"times of {left_out} left out: the device was shared")
    return said
