// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/thread_pool.h"
#include "executor/kernels/kernel_table.h"

#include <optional>
#include <span>
#include <vector>

namespace detect {

/// Elementwise operations that are computed together, a piece at a time, so that what lies between them never leaves a
/// first-level cache: GELU, a normalisation's scale and shift, scores and their mask.
class Expression {
public:
    /// Operands are numbered: the inputs first, then the operations' results in order. An operation with one operand
    /// has `b` < 0.
    struct Operation {
        ElementFunction function = ElementFunction::absolute;
        ElementOperation combination = ElementOperation::add;
        std::int32_t a = 0;
        std::int32_t b = -1;
        float alpha = 0.F;
        float beta = 0.F;
    };
    static constexpr std::size_t most_inputs = 8;
    static constexpr std::size_t most_operations = 24;
    static constexpr std::size_t max_rank = 8;

    /// Floats, and their sizes, outermost first.
    struct Input {
        const float* data = nullptr;
        std::span<const std::int64_t> sizes;
    };

    /// The last operation's result is the expression's. Nothing if there are more inputs or operations than above, or
    /// more results at a time than a piece has room for; operands come before the operations that read them.
    static std::optional<Expression> create(std::size_t inputs, std::vector<Operation> operations);

    [[nodiscard]] std::size_t inputs() const { return inputs_; }
    [[nodiscard]] std::span<const Operation> operations() const { return operations_; }

    /// y, of sizes that the inputs broadcast to (at most `max_rank`); it overlaps none of them. An element is computed
    /// by the same operations whatever the sizes and threads.
    void evaluate(const KernelTable& kernels, std::span<const Input> inputs, std::span<const std::int64_t> sizes,
                  float* y, ThreadPool& pool) const;

private:
    struct Walk;
    struct Position;
    struct Operand;
    void evaluate_piece(const KernelTable& kernels, std::span<Operand> operands, std::size_t count, float* y,
                        float* room) const;

    std::size_t inputs_ = 0;
    std::vector<Operation> operations_;
    /// By operation: where its result is kept; the last one's goes to y.
    std::vector<std::size_t> place_;
};

} // namespace detect
