// SPDX-License-Identifier: Apache-2.0
#include "executor/model.h"
#include "executor/reference/interpreter.h"
#include "fuzz/targets.h"
#include "onnx/reader.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace {

using namespace detect;
using fuzz::require;

constexpr std::int64_t most_elements = 1 << 12;
constexpr std::size_t memory_limit = std::size_t{32} << 20;
constexpr double work_limit = 1e7;

/// Numbers that are ordinary, and some that are not. Integers are small: many are sizes, axes and indices.
void fill(Tensor& tensor) {
    constexpr float floats[] = {
        0.F,  1.F,   -1.F,    0.5F,  3.25F, -7.F, 100.F, 1e-40F,
        1e9F, 0.25F, -0.125F, -1e9F, 2.F,   12.F, 63.F,  std::numeric_limits<float>::infinity()};
    const std::span<std::byte> bytes = tensor.mutable_bytes();
    const auto write = [&](auto number_at) {
        using Number = decltype(number_at(std::size_t{0}));
        for (std::size_t i = 0; i + sizeof(Number) <= bytes.size(); i += sizeof(Number)) {
            const Number number = number_at(i / sizeof(Number));
            std::memcpy(bytes.data() + i, &number, sizeof number);
        }
    };
    switch (tensor.type()) {
    case DataType::float32: return write([&](std::size_t i) { return floats[i % std::size(floats)]; });
    case DataType::float64: return write([&](std::size_t i) { return double{floats[i % std::size(floats)]}; });
    case DataType::int64: return write([](std::size_t i) { return static_cast<std::int64_t>(i % 5) - 1; });
    case DataType::int32: return write([](std::size_t i) { return static_cast<std::int32_t>(i % 5) - 1; });
    default: return write([](std::size_t i) { return static_cast<std::uint8_t>(i % 2); });
    }
}

/// An input of the sizes that the graph says, 2 where it leaves them open; nothing if it would be large.
std::optional<Tensor> input_for(const Value& value) {
    std::vector<std::int64_t> sizes;
    std::int64_t elements = 1;
    if (!value.shape) return std::nullopt;
    for (const Dim& dim : *value.shape) {
        sizes.push_back(dim.size.value_or(2));
        if (sizes.back() > most_elements) return std::nullopt;
        elements *= sizes.back();
        if (elements > most_elements || sizes.size() > Dims::max_rank) return std::nullopt;
    }
    auto tensor = Tensor::create(value.type, Dims(sizes));
    if (!tensor.ok()) return std::nullopt;
    fill(*tensor);
    return *std::move(tensor);
}

bool all_finite(std::span<const float> values) {
    return std::ranges::all_of(values, [](float value) { return std::isfinite(value); });
}

/// What one operator gives, computed twice. Sums of floats may be rounded in another order; all else is the same.
void require_same(const Tensor& fast, const Tensor& plain) {
    require(fast.type() == plain.type(), "the type is the same");
    require(fast.dims() == plain.dims(), "the sizes are the same");
    if (fast.type() != DataType::float32) {
        if (element_size(fast.type()) != 0 && fast.type() != DataType::float64 && fast.type() != DataType::float16 &&
            fast.type() != DataType::bfloat16) {
            require(std::ranges::equal(fast.bytes(), plain.bytes()), "integers are the same");
        }
        return;
    }
    const auto a = fast.data<float>();
    const auto b = plain.data<float>();
    if (!all_finite(a) || !all_finite(b)) return;
    float largest = 0.F;
    for (const float value : b) largest = std::max(largest, std::abs(value));
    for (std::size_t i = 0; i < a.size(); ++i) {
        require(std::abs(a[i] - b[i]) <= 1e-3F * largest + 1e-5F, "floats are the same");
    }
}

} // namespace

/// Read, compiled and run on small inputs, by the executor and by the reference.
void detect::fuzz::onnx_run(Bytes input) {
    const auto graph = read_onnx(input, "model.onnx");
    if (value_of(graph) == nullptr || graph->nodes.size() > 64) return;
    std::vector<Tensor> inputs;
    for (const ValueId id : graph->inputs) {
        auto tensor = input_for((*graph)[id]);
        if (!tensor) return;
        inputs.push_back(*std::move(tensor));
    }
    ModelOptions options;
    options.threads = 1;
    options.memory_limit = memory_limit;
    options.work_limit = work_limit;
    const auto model = Model::compile(*graph, options);
    if (value_of(model) == nullptr) return;
    const auto fast = (*model)->run(inputs);
    if (value_of(fast) == nullptr) return;
    const auto plain = interpret(*graph, inputs);
    if (value_of(plain) == nullptr) return;
    require(fast->size() == plain->size(), "there are as many outputs");
    if (graph->nodes.size() > 1) return;
    for (std::size_t i = 0; i < fast->size(); ++i) require_same((*fast)[i], (*plain)[i]);
}
