"""``python -m mnbench``: the same as the command ``mnbench``."""

from mnbench.cli import main

if __name__ == "__main__":
    main()
