// SPDX-License-Identifier: Apache-2.0
#include "executor/steps/layout_steps.h"

#include "base/try.h"
#include "executor/kernels/elementwise.h"

namespace detect {

namespace {

Error wrong_rank(const Tensor& x) {
    return {ErrorCode::invalid_argument,
            "a change of layout needs a float32 tensor of four sizes, got " + to_string(x.dims())};
}

bool is_map(const Tensor& x) { return x.type() == DataType::float32 && x.dims().rank() == 4; }

MapSize map_size(std::int64_t batch, std::int64_t height, std::int64_t width) {
    return {static_cast<std::size_t>(batch), static_cast<std::size_t>(height), static_cast<std::size_t>(width)};
}

class ToChannelsLast final : public Step {
public:
    Result<void> run(StepContext& context) const override {
        const Tensor& x = context.inputs[0];
        if (!is_map(x)) return wrong_rank(x);
        const Dims& d = x.dims();
        DETECT_TRY_ASSIGN(context.outputs[0], context.memory.allocate(DataType::float32, {d[0], d[2], d[3], d[1]}));
        if (x.element_count() == 0) return {};
        to_channels_last(x.data<float>().data(), map_size(d[0], d[2], d[3]), static_cast<std::size_t>(d[1]),
                         context.outputs[0].mutable_data<float>().data(), context.threads);
        return {};
    }
    std::string label() const override { return "to channels last"; }
};

class ToPlain final : public Step {
public:
    Result<void> run(StepContext& context) const override {
        const Tensor& x = context.inputs[0];
        if (!is_map(x)) return wrong_rank(x);
        const Dims& d = x.dims();
        DETECT_TRY_ASSIGN(context.outputs[0], context.memory.allocate(DataType::float32, {d[0], d[3], d[1], d[2]}));
        if (x.element_count() == 0) return {};
        to_channels_first(x.data<float>().data(), map_size(d[0], d[1], d[2]), static_cast<std::size_t>(d[3]),
                          context.outputs[0].mutable_data<float>().data(), context.threads);
        return {};
    }
    std::string label() const override { return "to channels first"; }
};

class Alias final : public Step {
public:
    Result<void> run(StepContext& context) const override {
        context.outputs[0] = context.inputs[0];
        return {};
    }
    std::string label() const override { return "alias"; }
};

} // namespace

std::shared_ptr<const Step> make_to_channels_last() { return std::make_shared<ToChannelsLast>(); }
std::shared_ptr<const Step> make_to_plain() { return std::make_shared<ToPlain>(); }
std::shared_ptr<const Step> make_alias() { return std::make_shared<Alias>(); }

} // namespace detect
