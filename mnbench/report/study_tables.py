"""The tables of a finished study, with the points by the names that people say.

Open this module to see what the numbers of pages are taken from. The trap: a study of several data
sets is read as its first one's; :meth:`StudyTables.of` reads another's.
"""

from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Self

import pandas as pd

from mnbench.evaluation.combination import AVERAGE
from mnbench.evaluation.tables.files import read_table, select
from mnbench.naming import point_name


@dataclass(frozen=True)
class StudyTables:
    """The tables of one data set of a finished study.

    Points are called by the names that people say: ``MotherNets, g = 2``.

    Attributes:
        folder: that holds them.
        chosen: the data set whose rows count; "" is the study's first.
    """

    folder: Path
    chosen: str = ""

    def of(self, dataset: str) -> Self:
        """Return the tables of one data set of the study.

        Raises:
            KeyError: the study has no such data set.
        """
        if dataset not in set(self._table("estimates")["dataset"]):
            raise KeyError(f"{self.folder}: no data set '{dataset}'")
        return replace(self, chosen=dataset)

    @cached_property
    def dataset(self) -> str:
        """The name of the data set whose rows count."""
        return self.chosen or str(self._table("estimates")["dataset"].iloc[0])

    @cached_property
    def _read(self) -> dict[str, pd.DataFrame]:
        """The tables read so far, by name."""
        return {}

    def _table(self, name: str) -> pd.DataFrame:
        """Return a table of the study, read once."""
        if name not in self._read:
            self._read[name] = read_table(self.folder / f"{name}.csv")
        return self._read[name]

    def _of_dataset(self, name: str) -> pd.DataFrame:
        """Return the rows of a table that are the data set's."""
        rows = self._table(name)
        return rows[rows["dataset"] == self.dataset]

    @cached_property
    def averaged(self) -> pd.DataFrame:
        """The averaging method's rows of every size, with the point's name."""
        rows = self._of_dataset("estimates")
        rows = rows[rows["combination"] == AVERAGE]
        return rows.assign(point=[point_name(row) for row in rows.to_dict("records")])

    @property
    def estimates(self) -> pd.DataFrame:
        """The averaging method's full-size rows, with the point's name."""
        return self.averaged[self.averaged["full_size"]]

    @cached_property
    def differences(self) -> pd.DataFrame:
        """Test errors of every two points, with both names."""
        rows = self._of_dataset("differences")
        names = {
            whose: [point_name(row, f"{whose}_") for row in rows.to_dict("records")]
            for whose in ("first", "second")
        }
        return rows.assign(**names)

    @cached_property
    def networks(self) -> pd.DataFrame:
        """A row a training."""
        return self._of_dataset("networks")

    @property
    def architecture_sets(self) -> list[str]:
        """The names of the architecture sets, as planned."""
        return list(dict.fromkeys(self.estimates["architecture_set"]))

    @property
    def seeds(self) -> int:
        """Number of seeds."""
        return int(self.estimates["seeds"].max())

    @property
    def images(self) -> int:
        """Number of test images."""
        return int(self.estimates["images"].max())

    @property
    def train_images(self) -> int:
        """Number of images that a network saw in an epoch."""
        return int((self.networks["examples"] / self.networks["epochs"]).median())

    @property
    def verdicts(self) -> pd.DataFrame:
        """The table ``verdicts``: a row a claim."""
        return self._table("verdicts")

    def _rows(self, table: pd.DataFrame, architecture_set: str) -> pd.DataFrame:
        """Return the rows of the data set and one architecture set."""
        return select(table, self.dataset, architecture_set)
