// SPDX-License-Identifier: Apache-2.0
#include "executor/steps/reference_step.h"

#include "base/try.h"

namespace detect {

namespace {

class ReferenceStep final : public Step {
public:
    ReferenceStep(const Node& node, int opset, Kernel kernel) : node_(node), opset_(opset), kernel_(kernel) {}

    Result<void> run(StepContext& context) const override {
        KernelResources resources{
            .allocate = [&](DataType type, const Dims& dims) { return context.memory.allocate(type, dims); },
            .control = context.control};
        KernelContext kernel_context(node_, opset_, context.inputs, context.outputs, resources);
        DETECT_TRY(kernel_context.take_work());
        return kernel_(kernel_context);
    }

    std::string label() const override { return node_.op; }

private:
    Node node_;
    int opset_;
    Kernel kernel_;
};

} // namespace

std::shared_ptr<const Step> make_reference_step(const Node& node, int opset, Kernel kernel) {
    return std::make_shared<ReferenceStep>(node, opset, kernel);
}

} // namespace detect
