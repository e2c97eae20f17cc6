# SPDX-License-Identifier: Apache-2.0
"""`python -m cogway`, the same as the command `cogway`."""

import sys

from cogway.cli import main

sys.exit(main())
