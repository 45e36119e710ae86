// SPDX-License-Identifier: Apache-2.0
#include "executor/steps/int8_steps.h"

#include "base/try.h"
#include "executor/row_step.h"
#include "executor/steps/map_sizes.h"
#include "executor/steps/roi_align_step.h"

#include <algorithm>

namespace detect {

namespace {

/// Elements that are worth a task.
constexpr std::size_t elements_per_task = 16384;

/// What quantising and dequantising have in common: elements of one type become as many of another.
class ElementsStep : public RowStep {
public:
    ElementsStep(DataType from, DataType to) : from_(from), to_(to) {}

    Result<void> run(StepContext& context) const override {
        const Tensor& x = context.inputs[0];
        DETECT_TRY_ASSIGN(context.outputs[0], context.memory.allocate(to_, x.dims()));
        const std::byte* const from = x.bytes().data();
        std::byte* const to = context.outputs[0].mutable_bytes().data();
        context.threads.parallel_for(
            static_cast<std::size_t>(x.element_count()), elements_per_task, [&](std::size_t begin, std::size_t end) {
                convert(from + begin * element_size(from_), end - begin, to + begin * element_size(to_));
            });
        return {};
    }
    std::optional<RowMap> append_layers(const RowMap& x, RowLayers& layers) const override {
        if (x.type != from_ || x.dims.rank() != 4) return std::nullopt;
        layers.push_back(std::make_unique<const Layer>(*this, x.dims));
        return RowMap{.dims = x.dims, .type = to_};
    }

protected:
    virtual void convert(const std::byte* from, std::size_t count, std::byte* to) const = 0;

private:
    class Layer final : public RowLayer {
    public:
        Layer(const ElementsStep& step, const Dims& dims)
            : step_(step), rows_(static_cast<std::size_t>(dims[1])),
              elements_(static_cast<std::size_t>(dims[2] * dims[3])) {}
        std::size_t rows() const override { return rows_; }
        std::size_t row_bytes() const override { return elements_ * element_size(step_.to_); }
        RowRange reads(std::size_t row) const override { return {row, row + 1}; }
        std::size_t window() const override { return 1; }
        void run(std::size_t /*picture*/, std::size_t row, const KeptRows& input, std::byte* output,
                 std::byte* /*scratch*/) const override {
            step_.convert(input.row(row), elements_, output);
        }

    private:
        const ElementsStep& step_;
        std::size_t rows_;
        std::size_t elements_;
    };

    DataType from_;
    DataType to_;
};

class QuantiseStep final : public ElementsStep {
public:
    QuantiseStep(const Int8Kernels& kernels, const Quantisation& q)
        : ElementsStep(DataType::float32, DataType::uint8), kernels_(kernels), q_(q) {}
    std::string label() const override { return "quantise"; }

private:
    void convert(const std::byte* from, std::size_t count, std::byte* to) const override {
        kernels_.quantise(reinterpret_cast<const float*>(from), count, q_, reinterpret_cast<std::uint8_t*>(to));
    }

    const Int8Kernels& kernels_;
    Quantisation q_;
};

class DequantiseStep final : public ElementsStep {
public:
    DequantiseStep(const Int8Kernels& kernels, const Quantisation& q)
        : ElementsStep(DataType::uint8, DataType::float32), kernels_(kernels), q_(q) {}
    std::string label() const override { return "dequantise"; }

private:
    void convert(const std::byte* from, std::size_t count, std::byte* to) const override {
        kernels_.dequantise(reinterpret_cast<const std::uint8_t*>(from), count, q_, reinterpret_cast<float*>(to));
    }

    const Int8Kernels& kernels_;
    Quantisation q_;
};

class BytesLayoutStep final : public Step {
public:
    BytesLayoutStep(Layout to, DataType type) : to_(to), type_(type) {}

    Result<void> run(StepContext& context) const override {
        const Tensor& x = context.inputs[0];
        const Dims& d = x.dims();
        const bool to_plain = to_ == Layout::plain;
        Dims dims = d;
        // The same bytes, or [N, rows, columns] with the last two changed about.
        std::int64_t rows = 1;
        std::int64_t columns = x.element_count();
        if (d.rank() == 4) {
            dims = to_plain ? Dims{d[0], d[3], d[1], d[2]} : Dims{d[0], d[2], d[3], d[1]};
            rows = to_plain ? d[1] * d[2] : d[1];
            columns = to_plain ? d[3] : d[2] * d[3];
        }
        DETECT_TRY_ASSIGN(context.outputs[0], context.memory.allocate(to_plain ? type_ : DataType::uint8, dims));
        const auto shift = static_cast<std::byte>(type_ == DataType::int8 ? 128 : 0);
        const std::span<const std::byte> from = x.bytes();
        const std::span<std::byte> to = context.outputs[0].mutable_bytes();
        const auto map = static_cast<std::size_t>(rows * columns);
        for (std::size_t i = 0; i < from.size(); ++i) {
            const std::size_t row = i % map / static_cast<std::size_t>(columns);
            const std::size_t column = i % static_cast<std::size_t>(columns);
            to[i / map * map + column * static_cast<std::size_t>(rows) + row] = from[i] ^ shift;
        }
        return {};
    }
    std::string label() const override { return to_ == Layout::plain ? "to channels first" : "to channels last"; }

private:
    Layout to_;
    DataType type_;
};

class Int8RoiAlignStep final : public Step {
public:
    Int8RoiAlignStep(const KernelTable& kernels, const Int8Kernels& int8_kernels, const RoiAlignParameters& parameters,
                     const Quantisation& q)
        : kernels_(kernels), int8_kernels_(int8_kernels), parameters_(parameters), q_(q) {}

    Result<void> run(StepContext& context) const override {
        DETECT_TRY(check_regions(context));
        const Dims& map = context.inputs[0].dims();
        const Dims& rois = context.inputs[1].dims();
        const auto pictures = context.inputs[2].data<std::int64_t>();
        const auto height = static_cast<std::int64_t>(parameters_.pooled_h);
        const auto width = static_cast<std::int64_t>(parameters_.pooled_w);
        DETECT_TRY_ASSIGN(context.outputs[0],
                          context.memory.allocate(DataType::uint8, {rois[0], height, width, map[3]}));
        // One RoI at a time, so that its floats are still in the cache when they become bytes.
        const auto workers = static_cast<std::int64_t>(context.threads.threads());
        DETECT_TRY_ASSIGN(Tensor scratch,
                          context.memory.allocate(DataType::float32, {workers, height * width * map[3]}));
        if (context.outputs[0].element_count() == 0) return {};
        const MapSize size = map_size(map);
        const float* const x = context.inputs[0].data<float>().data();
        const auto boxes = context.inputs[1].data<float>();
        std::uint8_t* const y = context.outputs[0].mutable_data<std::uint8_t>().data();
        float* const floats = scratch.mutable_data<float>().data();
        const auto count = static_cast<std::size_t>(height * width * map[3]);
        context.threads.for_each_task(pictures.size(), [&](std::size_t r, std::size_t worker) {
            float* const of_roi = floats + worker * count;
            roi_align(kernels_.weighted_sum, parameters_, x, size, static_cast<std::size_t>(map[3]),
                      boxes.subspan(4 * r, 4), pictures.subspan(r, 1), of_roi, context.threads);
            int8_kernels_.quantise(of_roi, count, q_, y + r * count);
        });
        return {};
    }
    std::string label() const override { return "RoiAlign int8"; }

private:
    const KernelTable& kernels_;
    const Int8Kernels& int8_kernels_;
    RoiAlignParameters parameters_;
    Quantisation q_;
};

} // namespace

std::shared_ptr<const Step> make_quantise_step(const Int8Kernels& kernels, const Quantisation& q) {
    return std::make_shared<QuantiseStep>(kernels, q);
}

std::shared_ptr<const Step> make_dequantise_step(const Int8Kernels& kernels, const Quantisation& q) {
    return std::make_shared<DequantiseStep>(kernels, q);
}

std::shared_ptr<const Step> make_bytes_layout_step(Layout to, DataType type) {
    return std::make_shared<BytesLayoutStep>(to, type);
}

std::shared_ptr<const Step> make_int8_roi_align(const KernelTable& kernels, const Int8Kernels& int8_kernels,
                                                const RoiAlignParameters& parameters, const Quantisation& q) {
    return std::make_shared<Int8RoiAlignStep>(kernels, int8_kernels, parameters, q);
}

} // namespace detect
