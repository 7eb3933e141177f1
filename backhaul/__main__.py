"""`python -m backhaul`: the same as the command `backhaul`."""

import sys

from backhaul.cli import main

sys.exit(main())
