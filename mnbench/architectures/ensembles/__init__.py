"""The named ensembles: one YAML file each, beside this module."""

from importlib import resources

import yaml

from mnbench.architectures.value import Architecture
from mnbench.errors import UserError, choices

_FOLDER = resources.files(__name__)
ENSEMBLES = tuple(
    sorted(f.name.removesuffix(".yaml") for f in _FOLDER.iterdir() if f.name.endswith(".yaml"))
)


def load_ensemble(name: str) -> tuple[Architecture, ...]:
    """Load the members of the ensemble *name*, in the order in which sizes count them.

    The file's ``shared`` keys (stem, head) hold for every member that does not say otherwise.

    Raises:
        UserError: there is no such ensemble, or its file is not valid.
    """
    if name not in ENSEMBLES:
        raise UserError(f"unknown ensemble '{name}'; {choices(name, ENSEMBLES)}")
    file = f"{name}.yaml"
    try:
        data = yaml.safe_load((_FOLDER / file).read_text())
        members = tuple(
            Architecture.from_dict({**(data.get("shared") or {}), **member}, where=file)
            for member in data["members"]
        )
    except (yaml.YAMLError, AttributeError, KeyError, TypeError) as error:
        raise UserError(f"{file}: not a valid ensemble ({type(error).__name__}: {error})") from None
    names = [member.name for member in members]
    if twice := {name for name in names if names.count(name) > 1}:
        raise UserError(f"{file}: two members are named {', '.join(sorted(twice))}; rename one")
    return members
