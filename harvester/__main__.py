"""`python -m harvester`: the command `opendata`."""

import sys

from harvester.cli import main

if __name__ == "__main__":
    sys.exit(main())
