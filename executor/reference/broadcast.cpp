// SPDX-License-Identifier: Apache-2.0
#include "executor/reference/broadcast.h"

namespace detect::reference {

template <std::size_t N>
BroadcastLoop<N>::BroadcastLoop(const Dims& output, const std::array<const Dims*, N>& inputs) {
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

template <std::size_t N>
bool BroadcastLoop<N>::empty() const {
    for (std::size_t axis = 0; axis < rank_; ++axis) {
        if (sizes_[axis] == 0) return true;
    }
    return false;
}

template <std::size_t N>
bool BroadcastLoop<N>::advance(Row& row) const {
    row.output += sizes_[0];
    for (std::size_t axis = 1; axis < rank_; ++axis) {
        for (std::size_t i = 0; i < N; ++i) row.inputs[i] += steps_[axis][i];
        if (++row.position[axis] < sizes_[axis]) return true;
        row.position[axis] = 0;
        for (std::size_t i = 0; i < N; ++i) row.inputs[i] -= steps_[axis][i] * sizes_[axis];
    }
    return false;
}

template <std::size_t N>
void BroadcastLoop<N>::append(std::int64_t size, const std::array<std::int64_t, N>& step) {
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

template class BroadcastLoop<1>;
template class BroadcastLoop<2>;
template class BroadcastLoop<3>;
template class BroadcastLoop<4>;

} // namespace detect::reference
