# SPDX-License-Identifier: Apache-2.0
"""`python -m harness`: the verb `bench` where the package itself is not built."""

import argparse
import sys
from pathlib import Path

from harness import command

parser = argparse.ArgumentParser(prog="cogway bench", allow_abbrev=False)
command.add_arguments(parser)
sys.exit(command.execute(parser.parse_args(), Path(__file__).resolve().parents[1]))
