"""`python -m tests.cluster VERB`."""

import sys

from .cli import main

sys.exit(main())
