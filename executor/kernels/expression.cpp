// SPDX-License-Identifier: Apache-2.0
#include "executor/kernels/expression.h"

#include "executor/kernels/rounding.h"

#include <algorithm>
#include <array>

namespace detect {

namespace {

/// Floats of a piece, and pieces that are kept: 24 KiB, beside which a first-level cache has room for inputs.
constexpr std::size_t piece_floats = 1024;
constexpr std::size_t most_places = 6;
/// Floats that are worth a task.
constexpr std::size_t floats_per_task = 16384;

/// By operand: the last operation that reads it.
std::vector<std::size_t> last_readers(std::size_t inputs, std::span<const Expression::Operation> operations) {
    std::vector<std::size_t> last(inputs + operations.size(), 0);
    for (std::size_t i = 0; i < operations.size(); ++i) {
        last[static_cast<std::size_t>(operations[i].a)] = i;
        if (operations[i].b >= 0) last[static_cast<std::size_t>(operations[i].b)] = i;
    }
    return last;
}

} // namespace

std::optional<Expression> Expression::create(std::size_t inputs, std::vector<Operation> operations) {
    if (inputs == 0 || inputs > most_inputs || operations.empty() || operations.size() > most_operations) {
        return std::nullopt;
    }
    Expression expression;
    expression.inputs_ = inputs;
    const std::vector<std::size_t> last = last_readers(inputs, operations);
    // A place is free again once the last reader has read it, and may be what that one writes to.
    std::array<std::size_t, most_places> free_from{};
    for (std::size_t i = 0; i < operations.size(); ++i) {
        const auto place = std::ranges::find_if(free_from, [&](std::size_t from) { return from <= i; });
        if (place == free_from.end()) return std::nullopt;
        *place = std::max(last[inputs + i], i + 1);
        expression.place_.push_back(static_cast<std::size_t>(place - free_from.begin()));
    }
    expression.operations_ = std::move(operations);
    return expression;
}

/// The output's axes, innermost first, those joined that all inputs run through alike; and by axis and input, the
/// elements from one to the next.
struct Expression::Walk {
    std::size_t rank = 0;
    std::array<std::size_t, max_rank> sizes{};
    std::array<std::array<std::size_t, most_inputs>, max_rank> steps{};

    Walk(std::span<const std::int64_t> output, std::span<const Input> inputs) {
        std::array<std::size_t, most_inputs> stride{};
        stride.fill(1);
        for (std::size_t back = 0; back < output.size(); ++back) {
            std::array<std::size_t, most_inputs> step{};
            for (std::size_t i = 0; i < inputs.size(); ++i) {
                const auto own = inputs[i].sizes;
                const auto size = back < own.size() ? static_cast<std::size_t>(own[own.size() - 1 - back]) : 1;
                step[i] = size == 1 ? 0 : stride[i];
                stride[i] *= size;
            }
            append(static_cast<std::size_t>(output[output.size() - 1 - back]), step, inputs.size());
        }
        if (rank == 0) append(1, {}, inputs.size());
    }

    [[nodiscard]] std::size_t rows() const {
        std::size_t rows = 1;
        for (std::size_t axis = 1; axis < rank; ++axis) rows *= sizes[axis];
        return rows;
    }

private:
    void append(std::size_t size, const std::array<std::size_t, most_inputs>& step, std::size_t inputs) {
        if (size == 1 && rank > 0) return;
        if (rank == 1 && sizes[0] == 1) rank = 0;
        bool joins = rank > 0;
        for (std::size_t i = 0; joins && i < inputs; ++i) joins = step[i] == steps[rank - 1][i] * sizes[rank - 1];
        if (joins) {
            sizes[rank - 1] *= size;
            return;
        }
        sizes[rank] = size;
        steps[rank] = step;
        ++rank;
    }
};

/// A row of the output: where each input's begins.
struct Expression::Position {
    std::array<std::size_t, max_rank> index{};
    std::array<std::size_t, most_inputs> offset{};

    Position(const Walk& walk, std::size_t row) {
        for (std::size_t axis = 1; axis < walk.rank; ++axis) {
            index[axis] = row % walk.sizes[axis];
            row /= walk.sizes[axis];
            for (std::size_t i = 0; i < most_inputs; ++i) offset[i] += index[axis] * walk.steps[axis][i];
        }
    }

    void advance(const Walk& walk) {
        for (std::size_t axis = 1; axis < walk.rank; ++axis) {
            for (std::size_t i = 0; i < most_inputs; ++i) offset[i] += walk.steps[axis][i];
            if (++index[axis] < walk.sizes[axis]) return;
            for (std::size_t i = 0; i < most_inputs; ++i) offset[i] -= walk.steps[axis][i] * walk.sizes[axis];
            index[axis] = 0;
        }
    }
};

/// What an operation reads: as many elements as the piece has, or one that repeats.
struct Expression::Operand {
    const float* data = nullptr;
    bool repeats = false;
};

void Expression::evaluate_piece(const KernelTable& kernels, std::span<Operand> operands, std::size_t count, float* y,
                                float* room) const {
    for (std::size_t i = 0; i < operations_.size(); ++i) {
        const Operation& operation = operations_[i];
        const bool last = i + 1 == operations_.size();
        const Operand& a = operands[static_cast<std::size_t>(operation.a)];
        float* const to = last ? y : room + place_[i] * piece_floats;
        bool repeats = a.repeats;
        if (operation.b < 0) {
            kernels.map_elements(operation.function, operation.alpha, operation.beta, a.data, to, repeats ? 1 : count);
        } else {
            const Operand& b = operands[static_cast<std::size_t>(operation.b)];
            repeats = a.repeats && b.repeats;
            kernels.combine_elements(operation.combination, {.a = a.data,
                                                             .b = b.data,
                                                             .y = to,
                                                             .count = repeats ? 1 : count,
                                                             .repeats_a = !repeats && a.repeats,
                                                             .repeats_b = !repeats && b.repeats});
        }
        operands[inputs_ + i] = {to, repeats};
        if (last && repeats) std::fill_n(y + 1, count - 1, *y);
    }
}

void Expression::evaluate(const KernelTable& kernels, std::span<const Input> inputs,
                          std::span<const std::int64_t> sizes, float* y, ThreadPool& pool) const {
    const Walk walk(sizes, inputs);
    const std::size_t row_floats = walk.sizes[0];
    const std::size_t rows = walk.rows();
    if (rows == 0 || row_floats == 0) return;
    const std::size_t pieces = divide_up(row_floats, piece_floats);
    const std::size_t grain = std::max(floats_per_task / std::min(row_floats, piece_floats), std::size_t{1});
    pool.parallel_for(rows * pieces, grain, [&](std::size_t begin, std::size_t end) {
        alignas(64) std::array<float, most_places * piece_floats> room;
        std::array<Operand, most_inputs + most_operations> operands{};
        Position position(walk, begin / pieces);
        for (std::size_t task = begin; task < end; ++task) {
            const std::size_t piece = task % pieces;
            if (task > begin && piece == 0) position.advance(walk);
            const std::size_t first = row_floats * piece / pieces;
            const std::size_t count = row_floats * (piece + 1) / pieces - first;
            for (std::size_t i = 0; i < inputs.size(); ++i) {
                operands[i] = {inputs[i].data + position.offset[i] + first * walk.steps[0][i], walk.steps[0][i] == 0};
            }
            evaluate_piece(kernels, operands, count, y + task / pieces * row_floats + first, room.data());
        }
    });
}

} // namespace detect
