"""`python -m ferrata` runs the operator."""

from __future__ import annotations

import sys

from ferrata.main import run

sys.exit(run())
