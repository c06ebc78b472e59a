"""``python -m mnbench``: the same as the command ``mnbench``.

The pipeline's rules use this spelling, since it works where the environment's scripts are not on
the search path. Open :mod:`mnbench.cli` instead to change what a command does.
"""

import sys

from mnbench.cli import main

if __name__ == "__main__":
    sys.exit(main())
