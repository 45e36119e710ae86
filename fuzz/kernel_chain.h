// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "fuzz/kernel_numbers.h"

/// What convolutions and products of floats must be, but for Winograd's way.
namespace detect::fuzz {

/// Outputs that are computed plainly, too: where several of them lie depends on the case.
inline std::vector<std::size_t> some_of(std::size_t outputs, std::size_t most) {
    std::vector<std::size_t> chosen;
    const std::size_t step = std::max(outputs / most, std::size_t{1});
    for (std::size_t i = outputs % step; i < outputs; i += step + i % 3) chosen.push_back(i);
    if (outputs > 0) chosen.push_back(outputs - 1);
    return chosen;
}

inline std::string named(const KernelTable& kernels, std::size_t i) {
    return std::string(kernels.name) + "'s output " + std::to_string(i);
}

/// On tiles a float is its parts: denormal ones are zeros, and the product loses what SplitProduct says.
inline void require_chain(Isa isa, const test::PlainConv& plain, std::span<const float> y) {
    const KernelTable& kernels = kernel_table(isa);
    for (const std::size_t i : some_of(y.size(), 64)) {
        if (kernels.split == nullptr) {
            const float expected = plain.output(isa, i);
            require(test::same_bits(y[i], expected), named(kernels, i) + " is the chain's " + std::to_string(expected) +
                                                         ", found " + std::to_string(y[i]));
        }
        RealSum sum;
        plain.over_terms(i, [&](float x, float weight, float gate) { sum.add(x, weight, gate); });
        const std::size_t terms = sum.terms();
        sum.add(plain.shift(i));
        if (plain.residual != nullptr) sum.add(plain.residual[i]);
        // A product, the sums of a block and of blocks, bias and residual, and a gate's product.
        std::size_t roundings = terms + terms / 64 + 5;
        // Three parts leave out products of some 2^-24 of a term each: count them as 16 roundings more.
        if (kernels.split != nullptr) roundings += 16;
        if (kernels.split == nullptr || sum.finite()) {
            sum.require_near(y[i], roundings, plain.p.activation, named(kernels, i));
        } else {
            require(!std::isfinite(y[i]) || plain.p.activation != Activation::none,
                    named(kernels, i) + " is not finite");
        }
    }
}

} // namespace detect::fuzz
