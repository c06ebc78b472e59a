"""Every example in a docstring of mnbench does what it shows."""

import doctest
import importlib
import pkgutil

import pytest

import mnbench
from mnbench.evaluation import metrics

MODULES = [
    module.name
    for module in pkgutil.walk_packages(mnbench.__path__, "mnbench.")
    if not module.name.endswith("__main__")
]
CONTRACT = "Metric"  # a protocol, of which there is nothing to show
METRICS = sorted(set(metrics.__all__) - {CONTRACT})
SHOWN = (
    "mnbench.architectures.counts.parameter_count",
    "mnbench.architectures.sets.load_architectures",
    "mnbench.evaluation.dominance.pareto_front",
    "mnbench.mothernets.clustering.clustering.cluster",
    "mnbench.mothernets.construction.construct",
    "mnbench.mothernets.hatching.hatching.hatch",
    *(f"{getattr(metrics, name).__module__}.{name}" for name in METRICS),
)


def examples(module: str) -> list[doctest.DocTest]:
    """The docstrings of *module* that have an example."""
    finder = doctest.DocTestFinder(exclude_empty=True)
    return [test for test in finder.find(importlib.import_module(module)) if test.examples]


@pytest.mark.parametrize("module", MODULES)
def test_the_examples_of_a_module_run(module):
    runner = doctest.DocTestRunner(verbose=False)
    report = []
    for test in examples(module):
        runner.run(test, out=report.append)
    assert not runner.failures, "".join(report)


@pytest.mark.parametrize("name", SHOWN)
def test_a_public_function_has_an_example(name):
    assert name in [test.name for test in examples(name.rpartition(".")[0])]
