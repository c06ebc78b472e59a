"""Read the networks of an architecture set's file.

Open this module to see the three ways to write a network, or to name a library's network. The trap:
``timm: resnet18`` with a space is a mapping in YAML and no string.
"""

import re
from collections.abc import Mapping
from inspect import Parameter, signature
from typing import Any, get_type_hints

from pydantic import ConfigDict, TypeAdapter, ValidationError

from mnbench.architectures.checks import check_choice, keys_of, known_keys
from mnbench.architectures.families import FAMILIES
from mnbench.architectures.value import KEYS, LIBRARY, Architecture, Head, Stem
from mnbench.errors import UserError, requirement

SHARED = ("stem", "head")


def read_network(data: Any, *, shared: Mapping[str, Any], file: str, place: str) -> Architecture:
    """Make an architecture from one of the three ways to write it.

    - in full: the keys that :meth:`Architecture.from_dict` reads;
    - as a member of a family: ``{name, family, ...}`` with the arguments of the family's function
      in :mod:`mnbench.architectures.families`; ``stem`` and ``head`` change single keys of them;
    - as a library's: the string ``timm:<name>``.

    Args:
        data: the plain values, as YAML gives them.
        shared: the ``stem`` and ``head`` that hold for the whole file. A network written in full
            replaces them; a member of a family takes their single keys.
        file: the file to name in errors.
        place: the network's place in the file, for errors while its name is not known.

    Raises:
        UserError: a key is unknown or missing, or a value has the wrong type or range.
    """
    if isinstance(data, str):
        return library_network(data, f"{file}: {place}")
    if isinstance(data, Mapping) and list(data) == [LIBRARY.removesuffix(":")]:
        (name,) = data.values()
        raise UserError(f"{file}: {place}: write '{LIBRARY}{name}', without the space")
    if isinstance(data, Mapping) and "family" in data:
        return _of_family(data, shared, file)
    data = known_keys(data, KEYS, f"{file}: {place}")
    for stem in (data.get("stem"), shared.get("stem")):
        if isinstance(stem, Mapping) and stem.get("filters") == 0:
            raise UserError(
                f"{file}: network '{data.get('name', place)}', stem: filters must be a whole "
                "number from 1, got 0; leave 'filters' out for no convolution"
            )
    return Architecture.from_dict(data if data.get("library") else {**shared, **data}, file=file)


def library_network(text: str, place: str) -> Architecture:
    """Return the architecture of a library's network, written ``timm:<name>``.

    Raises:
        UserError: *text* is something else; the message begins with *place*.
    """
    if not text.startswith(LIBRARY) or text == LIBRARY:
        raise UserError(
            f"{place}: '{text}' is no network; write its keys, or '{LIBRARY}' and the name that "
            "timm knows it by"
        )
    return Architecture(library=text, name=re.sub(r"[^A-Za-z0-9._-]", "-", text))


def read_shared(data: Any, file: str) -> dict[str, dict[str, Any]]:
    """Check the ``stem`` and ``head`` that hold for all networks of a file.

    Raises:
        UserError: a key is unknown.
    """
    data = known_keys(data, SHARED, f"{file}: 'shared'")
    for key, kind in zip(SHARED, (Stem, Head), strict=True):
        if key in data:
            data[key] = known_keys(data[key], keys_of(kind), f"{file}: 'shared', {key}")
    return data


def _of_family(
    data: Mapping[str, Any], shared: Mapping[str, Mapping[str, Any]], file: str
) -> Architecture:
    name = str(data.get("name", "network"))
    place = f"{file}: network '{name}'"
    if data["family"] == "hybrid":
        raise UserError(f"{place}: a hybrid is written out: give 'blocks' instead of 'family'")
    check_choice(data["family"], tuple(FAMILIES), f"{place}: unknown family")
    family = FAMILIES[data["family"]]
    parameters = signature(family).parameters
    needed = [key for key, value in parameters.items() if value.default is Parameter.empty]
    data = known_keys(
        data, ("name", "family", *SHARED, *parameters), place, required=("family", *needed)
    )
    hints = get_type_hints(family)
    arguments = {
        key: _of_type(hints[key], data[key], f"{place}: '{key}'")
        for key in parameters
        if key in data
    }
    try:
        written = family(**arguments).to_dict() | {"name": name}
    except UserError as error:  # the family knows neither the network nor its file
        raise UserError(f"{place}: {error}") from None
    for key, kind in zip(SHARED, (Stem, Head), strict=True):
        own = known_keys(data.get(key, {}), keys_of(kind), f"{place}, {key}")
        written[key] |= {**shared.get(key, {}), **own}
    return Architecture.from_dict(written, file=file)


def _of_type(hint: Any, value: Any, what: str) -> Any:
    try:
        return TypeAdapter(hint, config=ConfigDict(strict=True)).validate_python(value)
    except ValidationError as error:
        raise UserError(f"{what} {requirement(error.errors()[0])}, got {value!r}") from None
