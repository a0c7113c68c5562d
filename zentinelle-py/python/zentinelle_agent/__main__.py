"""`python -m zentinelle_agent`: the command `zentinelle-agent`."""

import sys

from .cli import main

if __name__ == "__main__":
    sys.exit(main())
