"""The named architecture sets: one YAML file each, beside this module.

Open this folder to add a set. A file has ``members``, a list of networks
(:func:`mnbench.architectures.reading.read_network` says how to write one). Or it has ``base``, one
network, and ``variants``, a rule (:mod:`mnbench.architectures.variants`). ``shared`` holds for all;
``title`` says in a line what the set is. The trap: an ensemble of size k takes the first k members,
so their order matters.
"""

from collections.abc import Mapping, Sequence
from importlib import resources
from typing import Any

from mnbench.architectures.checks import known_keys
from mnbench.architectures.reading import read_network, read_shared
from mnbench.architectures.value import Architecture
from mnbench.architectures.variants import MAXIMUM_NETWORKS, read_rule, variants
from mnbench.errors import UserError, choices
from mnbench.files import ALLOWED_IN_NAMES, FILE_NAME
from mnbench.yaml_files import read_yaml

_KEYS = ("title", "members", "base", "variants", "shared")
_FOLDER = resources.files(__name__)
ARCHITECTURE_SETS = tuple(
    sorted(f.name.removesuffix(".yaml") for f in _FOLDER.iterdir() if f.name.endswith(".yaml"))
)


def load_architectures(name: str) -> tuple[Architecture, ...]:
    """Return the networks of an architecture set, in the order in which ensembles grow.

    Args:
        name: one of :data:`ARCHITECTURE_SETS`, the name of a YAML file.

    Raises:
        UserError: no set has this name, or its file is not valid.

    >>> from mnbench.architectures import load_architectures
    >>> for network in load_architectures("v5-small")[:2]:
    ...     print(network)
    v13: 8-8 | 16-16 | 32-32
    v16: 8-8 | 16-16-16 | 32-32-32
    """
    file = _file(name)
    if not FILE_NAME.fullmatch(name):
        raise UserError(
            f"{file!r}: cannot name an architecture set, whose name becomes a folder's; rename "
            f"the file: use {ALLOWED_IN_NAMES}"
        )
    data = _content(file)
    shared = read_shared(data.get("shared", {}), file)
    members = _members(data, shared, file)
    _check_names(members, file)
    return members


def set_title(name: str) -> str:
    """Return in a line what an architecture set is; "" if its file does not say.

    Args:
        name: one of :data:`ARCHITECTURE_SETS`.

    Raises:
        UserError: no set has this name, or its title is no text of one line.
    """
    file = _file(name)
    title = _content(file).get("title", "")
    if not isinstance(title, str) or title != " ".join(title.split()):
        raise UserError(f"{file}: 'title' must be text of one line, got {title!r}")
    return title


def _file(name: str) -> str:
    """Return the name of a set's file."""
    if name not in ARCHITECTURE_SETS:
        raise UserError(f"unknown architecture set '{name}'; {choices(name, ARCHITECTURE_SETS)}")
    return f"{name}.yaml"


def _content(file: str) -> dict[str, Any]:
    return known_keys(read_yaml(_FOLDER / file, source=file), _KEYS, file)


def _members(
    data: Mapping[str, Any], shared: Mapping[str, Any], file: str
) -> tuple[Architecture, ...]:
    if "members" not in data:
        for key in ("base", "variants"):
            if key not in data:
                raise UserError(
                    f"{file}: key '{key}' is missing; give members, or base and variants"
                )
        base = read_network(data["base"], shared=shared, file=file, place="'base'")
        rule = read_rule(data["variants"], f"{file}: 'variants'")
        try:
            return variants(base, rule)
        except UserError as error:  # the rule does not know its file
            raise UserError(f"{file}: {error}") from None
    if "base" in data or "variants" in data:
        raise UserError(f"{file}: give either members, or base and variants")
    if not isinstance(data["members"], list) or not data["members"]:
        raise UserError(f"{file}: 'members' must be a list of networks, got {data['members']!r}")
    if len(data["members"]) > MAXIMUM_NETWORKS:
        raise UserError(f"{file}: 'members' must be at most {MAXIMUM_NETWORKS:,} networks")
    return tuple(
        read_network(member, shared=shared, file=file, place=f"member {position}")
        for position, member in enumerate(data["members"], 1)
    )


def _check_names(members: Sequence[Architecture], file: str) -> None:
    names = [member.name for member in members]
    for name in names:
        if not FILE_NAME.fullmatch(name):
            raise UserError(
                f"{file}: network {name!r}: a name becomes a folder's; use {ALLOWED_IN_NAMES}"
            )
    if twice := {name for name in names if names.count(name) > 1}:
        raise UserError(f"{file}: two members are named {', '.join(sorted(twice))}; rename one")
