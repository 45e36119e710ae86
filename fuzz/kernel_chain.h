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

/// Tiles (SplitProduct) leave out products of parts that are some 2^-24 of a term: counted as so many roundings more.
/// They take denormal parts for zeros; and a part may be infinite where a float is not, which they make up for by
/// computing an output again, but for convolutions.
inline void require_on_tiles(const test::PlainConv& plain, RealSum sum, std::size_t i, float y, const Place& place) {
    bool overflows = false;
    plain.over_terms(i, [&](float x, float weight, float) {
        sum.lose(0x1p-124 * (1. + std::fabs(static_cast<double>(x)) + std::fabs(static_cast<double>(weight))));
        overflows = overflows || std::fabs(x) >= 0x1p127F || std::fabs(weight) >= 0x1p127F;
    });
    if (overflows) return;
    if (!sum.finite()) {
        require(!std::isfinite(y) || plain.p.activation != Activation::none,
                [&] { return place.text() + " is not finite"; });
        return;
    }
    sum.require_near(y, sum.terms() + sum.terms() / 64 + 20, plain.p.activation, place);
}

inline void require_chain(Isa isa, const test::PlainConv& plain, std::span<const float> y) {
    const KernelTable& kernels = kernel_table(isa);
    for (const std::size_t i : some_of(y.size(), 64)) {
        const Place place{kernels.name, i};
        RealSum sum;
        plain.over_terms(i, [&](float x, float weight, float gate) { sum.add(x, weight, gate); });
        sum.add(plain.shift(i));
        if (plain.residual != nullptr) sum.add(plain.residual[i]);
        if (kernels.split != nullptr) {
            require_on_tiles(plain, sum, i, y[i], place);
            continue;
        }
        const float expected = plain.output(isa, i);
        require(test::same_bits(y[i], expected), [&] {
            return place.text() + " is the chain's " + std::to_string(expected) + ", found " + std::to_string(y[i]);
        });
        // A product, the sums of a block and of blocks, bias and residual, and a gate's product.
        sum.require_near(y[i], sum.terms() + sum.terms() / 64 + 5, plain.p.activation, place);
    }
}

} // namespace detect::fuzz
