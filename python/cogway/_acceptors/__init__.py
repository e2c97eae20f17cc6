# SPDX-License-Identifier: Apache-2.0
"""Native functions of all kinds, made into address and signature; one kind a module.

None of them imports the library that its functions come from: whoever has such a function has
imported it already.
"""
