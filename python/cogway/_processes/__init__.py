# SPDX-License-Identifier: Apache-2.0
"""Python workers as processes: the pool of an engine, a process of it, what runs there."""
