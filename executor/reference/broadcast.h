// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "graph/tensor.h"

#include <array>

namespace detect::reference {

/// Walks an output of sizes `output` row by row together with N inputs (1 to 4) that broadcast to it.
/// Axes that all inputs run through alike are joined first, so a row is as long as it can be. Any rank up to 8.
template <std::size_t N>
class BroadcastLoop {
public:
    BroadcastLoop(const Dims& output, const std::array<const Dims*, N>& inputs);

    /// Calls body(output offset, input offsets, row length, input steps); a step is 1, or 0 for a repeated element.
    template <class Body>
    void run(Body&& body) const {
        if (empty()) return;
        Row row;
        do body(row.output, row.inputs, sizes_[0], steps_[0]);
        while (advance(row));
    }

private:
    struct Row {
        std::int64_t output = 0;
        std::array<std::int64_t, N> inputs{};
        std::array<std::int64_t, Dims::max_rank> position{};
    };

    [[nodiscard]] bool empty() const;
    /// False after the last row.
    bool advance(Row& row) const;
    void append(std::int64_t size, const std::array<std::int64_t, N>& step);

    std::size_t rank_ = 0;
    std::array<std::int64_t, Dims::max_rank> sizes_{};
    std::array<std::array<std::int64_t, N>, Dims::max_rank> steps_{};
};

/// result[...] = f(a[...], b[...]) with broadcasting; `result` has the elements of `output`.
template <class Out, class A, class B, class F>
void broadcast_binary(const Dims& output, Out* result, const Dims& a_dims, const A* a, const Dims& b_dims, const B* b,
                      F f) {
    BroadcastLoop<2>(output, {&a_dims, &b_dims})
        .run([&](std::int64_t at, const auto& from, std::int64_t count, const auto& step) {
            Out* out = result + at;
            const A* x = a + from[0];
            const B* y = b + from[1];
            if (step[0] == 1 && step[1] == 1) {
                for (std::int64_t i = 0; i < count; ++i) out[i] = f(x[i], y[i]);
            } else if (step[0] == 1) {
                const B right = *y;
                for (std::int64_t i = 0; i < count; ++i) out[i] = f(x[i], right);
            } else if (step[1] == 1) {
                const A left = *x;
                for (std::int64_t i = 0; i < count; ++i) out[i] = f(left, y[i]);
            } else {
                const Out value = f(*x, *y);
                for (std::int64_t i = 0; i < count; ++i) out[i] = value;
            }
        });
}

} // namespace detect::reference
