"""Random streams: each is listed where seeds are derived, and nothing draws from any other."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from mnbench.planning.seeds import PURPOSES, derive_seed

ROOT = Path(__file__).parents[3]
FILES = sorted([*(ROOT / "mnbench").rglob("*.py"), *(ROOT / "baselines").rglob("*.py")])
DRAWS = {"rand", "randn", "randint", "randperm", "multinomial", "bernoulli", "normal", "shuffle"}
DRAWS |= {"rand_like", "randn_like", "normal_", "uniform_", "random_", "bernoulli_"}
# Initialisation and what layers draw is torch's global generator's, which is seeded before it.
GLOBAL = {"mnbench/architectures/modules.py"}


def calls(name: str) -> Iterator[tuple[str, ast.Call]]:
    """Yield each call of a function or method of this name, with its file."""
    for file in FILES:
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                called = getattr(node.func, "attr", getattr(node.func, "id", None))
                if called == name:
                    yield str(file.relative_to(ROOT)), node


def test_every_stream_is_in_the_list_and_in_the_documentation():
    used = {node.args[0].value for _, node in calls("generator")}
    used |= {
        node.args[1].value
        for file, node in calls("derive_seed")
        if "planner" not in file and isinstance(node.args[1], ast.Constant)
    }
    assert used == set(PURPOSES)
    page = (ROOT / "docs/protocol.md").read_text(encoding="utf-8")
    for purpose, meaning in PURPOSES.items():
        assert f"| `{purpose}` | {meaning} |" in page


@pytest.mark.parametrize("name", sorted(DRAWS))
def test_nothing_draws_without_a_generator(name):
    """Arrays of numpy's generators have methods of these names; torch's functions need one."""
    for file, node in calls(name):
        from_generator = ast.unparse(node.func).startswith(("rng.", "np.random.default_rng("))
        given = any(keyword.arg == "generator" for keyword in node.keywords)
        assert given or from_generator or file in GLOBAL, f"{file}:{node.lineno}"


def test_a_seed_is_the_same_in_every_version():
    assert derive_seed(0, "full_data", "v13") == 2660483912655030440
    assert derive_seed(0, "ab", "c") != derive_seed(0, "a", "bc")
