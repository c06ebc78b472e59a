"""Data sets: where images come from, how they are split, and the files they end up in.

In comes the name of a data set, or the description of a study's own; out go ``train.npz``,
``test.npz`` and, if a study asks for it, ``development.npz``. Open a module here to add a data set
or to change the split.

=================  =============================================================================
``registry``       the data sets that every study can name: :data:`DATASETS`
``bundled``        Fashion-MNIST, which comes with the package
``downloaded``     CIFAR-10, CIFAR-100 and SVHN, through torchvision
``folders``        any folder of images: what a study may have of its own
``loading``        any of these, checked
``split``          the fixed rule that holds images out, and the sample that a seed draws
``prepare``        writes the files
``training_set``   reads ``train.npz``: all that training code needs
``test_set``       reads the other files: for prediction code only
=================  =============================================================================

The trap: test images are deliberately out of reach. Nothing exported returns them, and ``test_set``
is not imported. Importing this package imports no torch, since Snakemake imports it each time it
parses the workflow.
"""

from mnbench.datasets.folders.description import ImageFolder
from mnbench.datasets.images import Images
from mnbench.datasets.loading import check_available, load_train
from mnbench.datasets.prepare import prepare
from mnbench.datasets.registry import DATASETS, EVALUATION_SETS, Dataset, dataset
from mnbench.datasets.split import (
    SAMPLE_SEED,
    Sample,
    Split,
    check_classes,
    check_counts,
    split,
    stored,
)
from mnbench.datasets.training_set import TrainingData, read_train

__all__ = [
    "DATASETS",
    "EVALUATION_SETS",
    "SAMPLE_SEED",
    "Dataset",
    "ImageFolder",
    "Images",
    "Sample",
    "Split",
    "TrainingData",
    "check_available",
    "check_classes",
    "check_counts",
    "dataset",
    "load_train",
    "prepare",
    "read_train",
    "split",
    "stored",
]
