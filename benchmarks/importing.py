"""Import all that a training imports, and train nothing: the job that `warm_start.py` starts.

Open it when a training imports something else. The trap: `mnbench train --help` imports nothing
heavy, and so is no training's start.
"""

import importlib

from mnbench.training.prefork import PRELOADED

for module in PRELOADED:
    importlib.import_module(module)
