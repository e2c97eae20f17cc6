# SPDX-License-Identifier: Apache-2.0
"""Sphinx settings. ``./dev docs`` builds with warnings as errors against the installed package."""

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "docs" / "_extensions"))

project = "cogway"
author = "the cogway authors"
copyright = "the cogway authors"
version_header = (ROOT / "include/cogway/base/version.hpp").read_text()
release = re.search(r'kVersionString = "([^"]+)"', version_header).group(1)
version = release

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.doctest",
    "sphinx.ext.napoleon",
    "sphinx_copybutton",
    "cpp_header",
]
exclude_patterns = ["_build"]

html_theme = "furo"
html_title = f"cogway {release}"
html_copy_source = False

myst_enable_extensions = ["colon_fence", "deflist", "fieldlist"]
myst_heading_anchors = 3

autodoc_member_order = "bysource"
autodoc_typehints = "signature"
# A type in a signature, such as bytes, may have the name of two attributes: no fault of the page.
suppress_warnings = ["ref.python"]
autodoc_class_signature = "mixed"
napoleon_google_docstring = True
napoleon_numpy_docstring = False
napoleon_custom_sections = ["Cancellation", "Threads"]

copybutton_prompt_text = r">>> |\.\.\. |\$ "
copybutton_prompt_is_regexp = True

doctest_global_setup = """
import asyncio
import cogway
from cogway import *
from cogway.testing import *
"""
