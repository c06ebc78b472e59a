"""The id of a training: five facts, which a person sees as one text.

Open it to learn what an id is made of. The trap: the seed here is the study's; the generators of a
training get one derived from it (:attr:`mnbench.planning.plan.Training.seed`).
"""

import re
from typing import NamedTuple

_TEXT = re.compile(r"([^/]+)/([^/]+)/seed(0|[1-9][0-9]*)/([^/]+)/([^/]+)")


class TrainingId(NamedTuple):
    """The facts that tell a training, and the record it leaves, from all others of a study.

    Its text is also the record's path below ``records/``, so that ``records / id`` is its folder:

    >>> id = TrainingId("fashion_mnist", "v5-small", 0, "full_data", "v16")
    >>> str(id)
    'fashion_mnist/v5-small/seed0/full_data/v16'
    >>> TrainingId.parse(str(id)) == id
    True
    """

    dataset: str
    architecture_set: str
    seed: int  # of the study
    approach: str  # whose rule and module run the training
    name: str  # unique among the trainings with the four facts above in common

    @classmethod
    def parse(cls, text: str) -> "TrainingId":
        """Return the id that a text stands for.

        Raises:
            ValueError: the text is no id; in one line.
        """
        match = _TEXT.fullmatch(text) if isinstance(text, str) else None
        if match is None:
            raise ValueError(
                f"{text!r} is no id of a training; an id reads "
                "<dataset>/<architecture set>/seed<number>/<approach>/<name>"
            )
        dataset, architecture_set, seed, approach, name = match.groups()
        return cls(dataset, architecture_set, int(seed), approach, name)

    def __fspath__(self) -> str:
        return str(self)

    def __str__(self) -> str:
        dataset, architecture_set, seed, approach, name = self
        return f"{dataset}/{architecture_set}/seed{seed}/{approach}/{name}"
