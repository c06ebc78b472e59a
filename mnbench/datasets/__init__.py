"""Data sets: where images come from, how they are split, and the two files they end up in.

===================  ===========================================================================
``catalogue``        what data sets there are: :data:`DATASETS`
``embedded``         Fashion-MNIST, which comes with the package
``remote``           CIFAR-10, CIFAR-100 and SVHN, through torchvision
``loading``          either of them by name, checked
``splits``           the fixed rule that holds validation images out of the training images
``preparation``      writes ``train.npz`` and ``test.npz``
``store``            reads ``train.npz``: all that training code needs
``test_set``         reads ``test.npz``: for prediction code only
===================  ===========================================================================

Test images are deliberately out of reach here: nothing exported returns them, and ``test_set`` is
not imported.

Importing this package imports no torch: Snakemake imports it each time it parses the workflow.
"""

from mnbench.datasets.images import Images
from mnbench.datasets.loading import check_available, load_train
from mnbench.datasets.prepare import prepare
from mnbench.datasets.registry import DATASETS, Dataset, dataset
from mnbench.datasets.split import Split, check_counts, split
from mnbench.datasets.training_set import TrainingData, read_train

__all__ = [
    "DATASETS",
    "Dataset",
    "Images",
    "Split",
    "TrainingData",
    "check_available",
    "check_counts",
    "dataset",
    "load_train",
    "prepare",
    "read_train",
    "split",
]
