"""From the ways to write a network in an ensemble's file to an architecture."""

import re
from collections.abc import Mapping
from inspect import Parameter, signature
from typing import Any, get_type_hints

from pydantic import ConfigDict, TypeAdapter, ValidationError

from mnbench.architectures.checks import keys_of, known_keys, one_of
from mnbench.architectures.families import FAMILIES
from mnbench.architectures.value import KEYS, LIBRARY, Architecture, Head, Stem
from mnbench.errors import UserError, requirement

SHARED = ("stem", "head")


def read_network(data: Any, *, shared: Mapping[str, Any], file: str, where: str) -> Architecture:
    """Make an architecture from one of the three ways to write it.

    - in full: the keys that :meth:`Architecture.from_dict` reads;
    - as one of a family: ``{name, family, ...}`` with the arguments of the family's function in
      :mod:`mnbench.architectures.families`, and ``stem`` or ``head`` with what differs from them;
    - as a library's: the string ``timm:<name>``.

    Args:
        data: the plain values, as YAML gives them.
        shared: ``stem`` and ``head`` of networks written in full that do not say otherwise, and
            single keys of those of a family.
        file: to name in errors.
        where: the network's place in the file, for errors as long as its name is not known.

    Raises:
        UserError: a key is unknown or missing, or a value has the wrong type or range.
    """
    if isinstance(data, str):
        return library_network(data, f"{file}: {where}")
    if isinstance(data, Mapping) and list(data) == [LIBRARY.removesuffix(":")]:
        (name,) = data.values()
        raise UserError(f"{file}: {where}: write '{LIBRARY}{name}', without the space")
    if isinstance(data, Mapping) and "family" in data:
        return _of_family(data, shared, file)
    data = known_keys(data, KEYS, f"{file}: {where}")
    for stem in (data.get("stem"), shared.get("stem")):
        if isinstance(stem, Mapping) and stem.get("filters") == 0:
            raise UserError(
                f"{file}: network '{data.get('name', where)}', stem: filters must be a whole "
                "number from 1, got 0; leave 'filters' out for no convolution"
            )
    return Architecture.from_dict(data if data.get("library") else {**shared, **data}, where=file)


def library_network(text: str, where: str) -> Architecture:
    """Make the network of a library that *text*, ``timm:<name>``, stands for.

    Raises:
        UserError: *text* is something else; *where* is its place.
    """
    if not text.startswith(LIBRARY) or text == LIBRARY:
        raise UserError(
            f"{where}: '{text}' is no network; write its keys, or '{LIBRARY}' and the name that "
            "timm knows it by"
        )
    return Architecture(library=text, name=re.sub(r"[^A-Za-z0-9._-]", "-", text))


def read_shared(data: Any, file: str) -> dict[str, dict[str, Any]]:
    """Check what a file says for all its networks."""
    data = known_keys(data, SHARED, f"{file}: 'shared'")
    for key, kind in zip(SHARED, (Stem, Head), strict=True):
        if key in data:
            data[key] = known_keys(data[key], keys_of(kind), f"{file}: 'shared', {key}")
    return data


def _of_family(
    data: Mapping[str, Any], shared: Mapping[str, Mapping[str, Any]], file: str
) -> Architecture:
    name = str(data.get("name", "network"))
    here = f"{file}: network '{name}'"
    if data["family"] == "hybrid":
        raise UserError(f"{here}: a hybrid is written out: give 'blocks' instead of 'family'")
    one_of(data["family"], tuple(FAMILIES), f"{here}: unknown family")
    family = FAMILIES[data["family"]]
    parameters = signature(family).parameters
    needed = [key for key, value in parameters.items() if value.default is Parameter.empty]
    data = known_keys(
        data, ("name", "family", *SHARED, *parameters), here, need=("family", *needed)
    )
    hints = get_type_hints(family)
    arguments = {
        key: _of_type(hints[key], data[key], f"{here}: '{key}'")
        for key in parameters
        if key in data
    }
    try:
        written = family(**arguments).to_dict() | {"name": name}
    except UserError as error:  # the family knows neither the network nor its file
        raise UserError(f"{here}: {error}") from None
    for key, kind in zip(SHARED, (Stem, Head), strict=True):
        own = known_keys(data.get(key, {}), keys_of(kind), f"{here}, {key}")
        written[key] |= {**shared.get(key, {}), **own}
    return Architecture.from_dict(written, where=file)


def _of_type(hint: Any, value: Any, what: str) -> Any:
    try:
        return TypeAdapter(hint, config=ConfigDict(strict=True)).validate_python(value)
    except ValidationError as error:
        raise UserError(f"{what} {requirement(error.errors()[0])}, got {value!r}") from None
