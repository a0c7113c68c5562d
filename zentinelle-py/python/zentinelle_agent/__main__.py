"""`python -m zentinelle_agent`: the command `zentinelle-agent`."""

import sys

from .cli import main

sys.exit(main())
