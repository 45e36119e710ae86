// SPDX-License-Identifier: Apache-2.0
#include "executor/steps/batched_product_step.h"

#include "base/try.h"
#include "executor/kernels/batched_product.h"
#include "executor/reference/broadcast.h"
#include "executor/steps/expression_step.h"

namespace detect {

namespace {

/// An operand as matrices.
struct Matrices {
    Dims batch;
    std::int64_t rows = 1;
    std::int64_t columns = 1;
};

Matrices matrices(const Dims& dims) {
    const std::size_t rank = dims.rank();
    return {.batch = Dims(dims.sizes().first(rank - 2)), .rows = dims[rank - 2], .columns = dims[rank - 1]};
}

class BatchedProductStep final : public Step {
public:
    BatchedProductStep(const KernelTable& kernels, bool b_is_transposed)
        : kernels_(kernels), b_is_transposed_(b_is_transposed) {}

    Result<void> run(StepContext& context) const override {
        const Dims& a_dims = context.inputs[0].dims();
        const Dims& b_dims = context.inputs[1].dims();
        if (a_dims.rank() == 0 || b_dims.rank() == 0 || (b_is_transposed_ && b_dims.rank() == 1)) {
            return misfit(context);
        }
        const Matrices a =
            a_dims.rank() == 1 ? Matrices{.batch = {}, .rows = 1, .columns = a_dims[0]} : matrices(a_dims);
        Matrices b = b_dims.rank() == 1 ? Matrices{.batch = {}, .rows = b_dims[0], .columns = 1} : matrices(b_dims);
        if (b_is_transposed_) std::swap(b.rows, b.columns);
        const auto batch = broadcast_dims(a.batch, b.batch);
        if (!batch || a.columns != b.rows) return misfit(context);

        Dims dims = *batch;
        if (a_dims.rank() > 1) dims.push_back(a.rows);
        if (b_dims.rank() > 1) dims.push_back(b.columns);
        DETECT_TRY_ASSIGN(context.outputs[0], context.memory.allocate(DataType::float32, dims));
        if (context.outputs[0].element_count() == 0) return {};
        return multiply(context, a, b, *batch);
    }

    std::string label() const override { return "MatMul of two activations"; }

private:
    static std::optional<Dims> broadcast_dims(const Dims& a, const Dims& b) {
        const std::array<std::span<const std::int64_t>, 2> sizes{a.sizes(), b.sizes()};
        return detect::broadcast_dims(sizes);
    }

    Error misfit(const StepContext& context) const {
        return {ErrorCode::bad_model, label() + ": sizes " + to_string(context.inputs[0].dims()) + " and " +
                                          to_string(context.inputs[1].dims()) +
                                          (b_is_transposed_ ? " (transposed)" : "") + " do not go together"};
    }

    Result<void> multiply(StepContext& context, const Matrices& a, const Matrices& b, const Dims& batch) const {
        const auto count = [](std::int64_t number) { return static_cast<std::size_t>(number); };
        std::vector<BatchedProduct::Offsets> products;
        const reference::BroadcastLoop<2> loop(batch, {&a.batch, &b.batch});
        loop.run([&](std::int64_t at, const auto& from, std::int64_t length, const auto& step) {
            for (std::int64_t i = 0; i < length; ++i) {
                products.push_back({.a = count((from[0] + i * step[0]) * a.rows * a.columns),
                                    .b = count((from[1] + i * step[1]) * b.rows * b.columns),
                                    .c = count((at + i) * a.rows * b.columns)});
            }
        });
        const BatchedProduct product{.m = count(a.rows),
                                     .k = count(a.columns),
                                     .n = count(b.columns),
                                     .products = products,
                                     .b_is_transposed = b_is_transposed_};
        const std::size_t bytes =
            batched_product_scratch_bytes(kernels_, product, static_cast<std::size_t>(context.threads.threads()));
        DETECT_TRY_ASSIGN(Tensor scratch, context.memory.allocate(DataType::uint8, {static_cast<std::int64_t>(bytes)}));
        multiply_batched(kernels_, product, context.inputs[0].data<float>().data(),
                         context.inputs[1].data<float>().data(), context.outputs[0].mutable_data<float>().data(),
                         scratch.mutable_bytes(), context.threads);
        return {};
    }

    const KernelTable& kernels_;
    bool b_is_transposed_;
};

} // namespace

std::shared_ptr<const Step> make_batched_product(const KernelTable& kernels, bool b_is_transposed) {
    return std::make_shared<BatchedProductStep>(kernels, b_is_transposed);
}

} // namespace detect
