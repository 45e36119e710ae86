// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "graph/tensor.h"

#include <array>

namespace detect::reference {

/// Walks an output of sizes `output` row by row together with N inputs that broadcast to it.
/// Axes that all inputs run through alike are joined first, so a row is as long as it can be. Any rank up to 8.
template <std::size_t N>
class BroadcastLoop {
public:
    BroadcastLoop(const Dims& output, const std::array<const Dims*, N>& inputs) {
        std::array<std::int64_t, N> stride{};
        stride.fill(1);
        // Innermost first: axis 0 of `sizes_` is the row.
        for (std::size_t back = 0; back < output.rank(); ++back) {
            const std::int64_t size = output[output.rank() - 1 - back];
            std::array<std::int64_t, N> step{};
            for (std::size_t i = 0; i < N; ++i) {
                const std::size_t rank = inputs[i]->rank();
                const std::int64_t own = back < rank ? (*inputs[i])[rank - 1 - back] : 1;
                step[i] = own == 1 ? 0 : stride[i];
                stride[i] *= own;
            }
            append(size, step);
        }
        if (rank_ == 0) append(1, {});
    }

    /// Calls body(output offset, input offsets, row length, input steps); a step is 1, or 0 for a repeated element.
    template <class Body>
    void run(Body&& body) const {
        for (std::size_t axis = 0; axis < rank_; ++axis) {
            if (sizes_[axis] == 0) return;
        }
        std::array<std::int64_t, Dims::max_rank> position{};
        std::array<std::int64_t, N> offsets{};
        std::int64_t output = 0;
        while (true) {
            body(output, offsets, sizes_[0], steps_[0]);
            output += sizes_[0];
            std::size_t axis = 1;
            for (; axis < rank_; ++axis) {
                for (std::size_t i = 0; i < N; ++i) offsets[i] += steps_[axis][i];
                if (++position[axis] < sizes_[axis]) break;
                position[axis] = 0;
                for (std::size_t i = 0; i < N; ++i) offsets[i] -= steps_[axis][i] * sizes_[axis];
            }
            if (axis >= rank_) return;
        }
    }

private:
    void append(std::int64_t size, const std::array<std::int64_t, N>& step) {
        if (size == 1 && rank_ > 0) return;
        if (rank_ == 1 && sizes_[0] == 1) rank_ = 0;
        bool joins = rank_ > 0;
        for (std::size_t i = 0; joins && i < N; ++i) joins = step[i] == steps_[rank_ - 1][i] * sizes_[rank_ - 1];
        if (joins) {
            sizes_[rank_ - 1] *= size;
            return;
        }
        sizes_[rank_] = size;
        steps_[rank_] = step;
        ++rank_;
    }

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
