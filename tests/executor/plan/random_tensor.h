// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "graph/tensor.h"

#include <random>

namespace detect::test {

/// Floats in [low, high).
inline Tensor random_tensor(const Dims& dims, unsigned seed, float low, float high) {
    std::mt19937 random(seed);
    std::uniform_real_distribution<float> value(low, high);
    Tensor tensor = Tensor::create(DataType::float32, dims).value();
    for (float& x : tensor.mutable_data<float>()) x = value(random);
    return tensor;
}

} // namespace detect::test
