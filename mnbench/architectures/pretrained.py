"""Pretrained weights of library networks: on this machine before any training begins.

A download that fails does so after a minute of retries, and in every job anew. So a run has all of
them fetched once, at its start. Open it when a network's weights cannot be had. The trap: timm
looks for its weights in several places, and only those on the Hugging Face hub are looked for
here; it alone can say whether it finds the others.
"""

from collections.abc import Iterable

from huggingface_hub import HfApi, try_to_load_from_cache
from timm import get_pretrained_cfg

from mnbench.architectures.library import cannot_fetch, create, library_name, tag
from mnbench.architectures.value import Architecture

SECONDS_TO_ANSWER = 5.0  # of the hub, before it counts as out of reach
HUB_FILES = (
    "model.safetensors",
    "pytorch_model.bin",
)  # timm's names on the hub, first choice first


def fetch(networks: Iterable[Architecture]) -> None:
    """Do what :func:`mnbench.architectures.fetch_weights` promises, for library networks."""
    wanted = {one.library: one for one in networks if tag(library_name(one))}
    for network in wanted.values():
        if not _is_cached(network):
            _check_hub(network)
            create(network, in_channels=3, num_classes=10, pretrained=True)


def _is_cached(network: Architecture) -> bool:
    repository, files = _on_the_hub(network)
    found = [try_to_load_from_cache(repository, file) for file in files if repository]
    return any(isinstance(path, str) for path in found)


def _check_hub(network: Architecture) -> None:
    """Refuse at once what timm would refuse after a minute of retries."""
    repository, _ = _on_the_hub(network)
    if not repository:
        return
    try:
        HfApi().model_info(repository, timeout=SECONDS_TO_ANSWER)
    except Exception as error:  # the hub's library has several others' errors
        raise cannot_fetch(network, error) from None


def _on_the_hub(network: Architecture) -> tuple[str | None, tuple[str, ...]]:
    """Return the repository with a network's weights, and the files that timm looks for."""
    config = get_pretrained_cfg(library_name(network))
    if config is None:
        return None, ()
    return config.hf_hub_id, (config.hf_hub_filename,) if config.hf_hub_filename else HUB_FILES
