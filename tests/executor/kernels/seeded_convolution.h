// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "tests/executor/kernels/kernel_test.h"

#include <memory>

namespace detect::test {

/// A convolution with seeded weights; null if it cannot be prepared.
inline std::shared_ptr<const Conv2d> prepare(const KernelTable& kernels, const Conv2dParameters& p, unsigned seed) {
    const std::size_t count = p.output_channels * (p.input_channels / p.groups) * p.kernel_h * p.kernel_w;
    auto conv = Conv2d::prepare(kernels, p, random_floats(count, seed), random_floats(p.output_channels, seed + 9));
    return conv.ok() ? std::make_shared<const Conv2d>(*std::move(conv)) : nullptr;
}

} // namespace detect::test
