// SPDX-License-Identifier: Apache-2.0
#include "executor/steps/transpose_step.h"

#include "base/try.h"
#include "executor/kernels/transpose.h"

#include <numeric>

namespace detect {

namespace {

class TransposeStep final : public Step {
public:
    explicit TransposeStep(std::vector<std::size_t> permutation) : permutation_(std::move(permutation)) {}

    Result<void> run(StepContext& context) const override {
        const Tensor& x = context.inputs[0];
        std::vector<std::size_t> order = permutation_;
        if (order.empty()) {
            order.resize(x.dims().rank());
            std::iota(order.rbegin(), order.rend(), std::size_t{0});
        }
        if (order.size() != x.dims().rank()) {
            return Error{ErrorCode::bad_model, "Transpose: " + std::to_string(order.size()) +
                                                   " axes are named, the input is " + to_string(x.dims())};
        }
        Dims dims;
        for (const std::size_t axis : order) dims.push_back(x.dims()[axis]);
        DETECT_TRY_ASSIGN(context.outputs[0], context.memory.allocate(x.type(), dims));
        transpose(x.dims().sizes(), order, element_size(x.type()), x.bytes().data(),
                  context.outputs[0].mutable_bytes().data(), context.threads);
        return {};
    }
    std::string label() const override { return "Transpose"; }

private:
    std::vector<std::size_t> permutation_;
};

} // namespace

std::shared_ptr<const Step> make_transpose(std::vector<std::size_t> permutation) {
    return std::make_shared<TransposeStep>(std::move(permutation));
}

} // namespace detect
