"""How MotherNets and hatched networks are trained: recipes, and options that do not combine.

Open it when an option should change a recipe, or be refused. The trap: epochs are whole after each
multiple, so that the order of multiples matters.
"""

from dataclasses import replace
from itertools import product
from typing import Any

from pydantic import ValidationError

from baselines.mothernet_options import NAME, Hatched, Options, Trunk
from mnbench.planning.lineage import vars_of
from mnbench.planning.recipe import Optimiser, Recipe, Schedule, TrainingRecipe
from mnbench.planning.setting import Setting

HATCHED = 0.4  # of a recipe's epochs, for a hatched network, unless its own are given


def check_options(setting: Setting, options: Options) -> None:
    """Refuse options that do not go together, or that a setting does not allow.

    Raises:
        UserError: names the key.
    """
    _check_protocol(setting, options)
    _check_budgets(setting, options)
    _check_cycles(setting, options)
    _check_parts(setting, options)


def noted(options: Options) -> dict[str, Any]:
    """Return what a hatched training needs to know of the options.

    Without defaults, so that records of versions that knew no such option stay valid.
    """
    own, usual = options.hatched, Hatched()
    named = ("keep", "split", "anew", "anew_fraction", "momentum", "inserted_rate")
    noted = {name: getattr(own, name) for name in named}
    return {"noise": options.noise} | {
        name: value for name, value in noted.items() if value != getattr(usual, name)
    }


def _scheduled(setting: Setting, recipe: Recipe, schedule: Schedule | None, option: str) -> Recipe:
    """Return the recipe with another schedule; None is its own."""
    if schedule is None:
        return recipe
    try:
        return replace(recipe, schedule=schedule)
    except ValidationError as error:
        problem = error.errors()[0]["msg"].removeprefix("Value error, ")
        raise setting.refuse(NAME, f"{option}.schedule", problem) from None


def trunk_recipe(setting: Setting, trunk: Trunk) -> TrainingRecipe:
    """Return the recipe of MotherNets, of which a training takes its budget."""
    recipe = _scheduled(setting, setting.recipe, trunk.schedule, "mothernet")
    changes = {
        "epochs": recipe.epochs if trunk.epochs is None else trunk.epochs,
        "optimiser": _at_rate(recipe, trunk.learning_rate),
    }
    return TrainingRecipe(**vars_of(recipe) | changes)


def _at_rate(recipe: Recipe, learning_rate: float | None) -> Optimiser:
    """Return a recipe's optimiser with another peak rate; None is its own."""
    optimiser = recipe.optimiser
    return replace(optimiser, learning_rate=learning_rate or optimiser.learning_rate)


def hatched_recipe(setting: Setting, hatched: Hatched, hatched_budget: float = 1.0) -> Recipe:
    """Return the recipe of hatched networks, of which a training takes its budget.

    Epochs are whole after either multiple, so that their order matters: *hatched_budget* is first.
    """
    recipe = _scheduled(setting, setting.recipe, hatched.schedule, "hatched")
    convergence = recipe.convergence
    return replace(
        recipe,
        epochs=hatched.epochs or max(1, round(HATCHED * setting.recipe.epochs)),
        convergence=replace(convergence, max_epochs=hatched.max_epochs or convergence.max_epochs),
        optimiser=_at_rate(recipe, hatched.learning_rate),
    ).with_budget(hatched_budget)


def _check_protocol(setting: Setting, options: Options) -> None:
    """Refuse options of the other protocol: without effect, they would train all records anew."""
    protocol = setting.recipe.protocol
    others = {
        "convergence": {
            "mothernet.epochs": options.mothernet.epochs,
            "mothernet.hatched_epochs": options.mothernet.hatched_epochs,
            "hatched.epochs": options.hatched.epochs,
        },
        "epochs": {"hatched.max_epochs": options.hatched.max_epochs},
    }
    for option, value in others[protocol].items():
        if value is not None:
            raise setting.refuse(
                NAME, option, f"under recipe.protocol '{protocol}' allowed: null, got {value}"
            )
    if protocol == "convergence" and options.hatched.snapshots > 1:
        raise setting.refuse(
            NAME, "hatched.snapshots", "under recipe.protocol 'convergence' allowed: 1"
        )


def _check_budgets(setting: Setting, options: Options) -> None:
    """Refuse budgets that give the same number of epochs."""
    own = options.hatched
    recipes = [hatched_recipe(setting, own, hatched_budget) for hatched_budget in own.budgets]
    trunk = trunk_recipe(setting, options.mothernet)
    further = replace(trunk, epochs=options.mothernet.hatched_epochs or trunk.epochs)
    for recipe in (setting.recipe, trunk, further, *recipes):
        if recipe.epochs:  # an untrained MotherNet is the same at every budget
            setting.check_budgets(NAME, options.budgets, recipe)
    plain = hatched_recipe(setting, own)
    for budget in options.budgets:
        setting.check_budgets(NAME, own.budgets, plain, "hatched.budgets", then=budget)


def _check_cycles(setting: Setting, options: Options) -> None:
    """Refuse snapshots that a hatched network's epochs cannot be divided among, at any budget."""
    cycles, budgets = options.hatched.snapshots, options.hatched.budgets
    for hatched_budget, budget in product(budgets, options.budgets):
        recipe = hatched_recipe(setting, options.hatched, hatched_budget)
        epochs = recipe.with_budget(budget).epochs
        if cycles * recipe.with_budget(1 / cycles).with_budget(budget).epochs != epochs:
            raise setting.refuse(
                NAME,
                "hatched",
                f"snapshots: {epochs} epochs are no whole number for each of {cycles} "
                "cycles; change hatched.snapshots, hatched.epochs or the budgets",
            )


def _check_parts(setting: Setting, options: Options) -> None:
    """Refuse parts to draw anew of networks that have no parts, and options that do not combine."""
    hatched = options.hatched
    if hatched.inserted_rate != 1 and hatched.snapshots > 1:
        raise setting.refuse(
            NAME,
            "hatched",
            "inserted_rate and snapshots: only the first cycle knows what was inserted; leave out "
            "one of them",
        )
    if hatched.momentum == "carried" and (hatched.anew != "nothing" or hatched.anew_fraction):
        raise setting.refuse(
            NAME,
            "hatched",
            "momentum: what is drawn anew has none to carry; leave out momentum or what is drawn "
            "anew",
        )
    chains = [network.name for network in setting.members if not network.blocks]
    libraries = [network.name for network in setting.members if network.library]
    if hatched.anew != "nothing" and libraries:
        raise setting.refuse(
            NAME,
            "hatched",
            f"anew: '{libraries[0]}' of '{setting.architecture_set}' comes from a library and has "
            "no head or last block to draw anew; use anew: nothing",
        )
    if hatched.anew == "last_block" and chains:
        raise setting.refuse(
            NAME,
            "hatched",
            f"anew: '{chains[0]}' of '{setting.architecture_set}' has no block to draw anew; use "
            "anew: head or nothing",
        )
