// SPDX-License-Identifier: Apache-2.0
#pragma once
// Kernels in C++: typed views, parameters as arguments, failures as exceptions. Headers alone, over
// kernel_abi.h; nothing of the engine is linked, and nothing of C++ crosses to it.

#include "cogway/kernel/call_context.hpp"
#include "cogway/kernel/declaration.hpp"
#include "cogway/kernel/pack.hpp"
#include "cogway/kernel/signature.hpp"
#include "cogway/kernel/status.hpp"
#include "cogway/kernel/view.hpp"
#include "cogway/kernel_abi.h"
