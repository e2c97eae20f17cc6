# SPDX-License-Identifier: Apache-2.0
"""Names and meanings of other libraries, so that code written for them runs on cogway."""
