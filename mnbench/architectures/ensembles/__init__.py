"""The named ensembles: one YAML file each, beside this module."""

import re
from importlib import resources

import yaml

from mnbench.architectures.value import KEYS, Architecture, known_keys
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
        data = yaml.safe_load((_FOLDER / file).read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        raise UserError(f"{file}: not valid YAML: {' '.join(str(error).split())}") from None
    data = known_keys(data, ("members", "shared"), file, need=1)
    shared = known_keys(data.get("shared", {}), ("stem", "head"), f"{file}: 'shared'")
    if not isinstance(data["members"], list) or not data["members"]:
        raise UserError(f"{file}: 'members' must be a list of networks, got {data['members']!r}")
    members = tuple(
        Architecture.from_dict(
            shared | known_keys(member, KEYS, f"{file}: member {position}"), where=file
        )
        for position, member in enumerate(data["members"], 1)
    )
    names = [member.name for member in members]
    for name in names:
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", name):
            raise UserError(
                f"{file}: network '{name}': a name becomes a folder's; use letters, digits, '_', "
                "'.' and '-', a letter or digit first"
            )
    if twice := {name for name in names if names.count(name) > 1}:
        raise UserError(f"{file}: two members are named {', '.join(sorted(twice))}; rename one")
    return members
