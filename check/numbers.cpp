// SPDX-License-Identifier: Apache-2.0
#include "base/try.h"
#include "check/context.h"
#include "graph/operators.h"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace detect::checking {

namespace {

struct Counts {
    std::size_t not_a_number = 0;
    std::size_t infinite = 0;
};

template <class T, class IsNan, class IsInfinite>
Counts count_elements(const Tensor& tensor, const IsNan& is_nan, const IsInfinite& is_infinite) {
    Counts counts;
    const std::span<const std::byte> bytes = tensor.bytes();
    for (std::size_t at = 0; at + sizeof(T) <= bytes.size(); at += sizeof(T)) {
        T value;
        std::memcpy(&value, bytes.data() + at, sizeof value);
        counts.not_a_number += is_nan(value) ? 1 : 0;
        counts.infinite += is_infinite(value) ? 1 : 0;
    }
    return counts;
}

Counts count_unusual(const Tensor& tensor) {
    const auto is_nan = [](auto value) { return std::isnan(value); };
    const auto is_infinite = [](auto value) { return std::isinf(value); };
    // Half precision: five bits of exponent, ten of mantissa.
    const auto half_is_nan = [](std::uint16_t bits) { return (bits & 0x7C00U) == 0x7C00U && (bits & 0x03FFU) != 0; };
    const auto half_is_infinite = [](std::uint16_t bits) { return (bits & 0x7FFFU) == 0x7C00U; };
    switch (tensor.type()) {
    case DataType::float32: return count_elements<float>(tensor, is_nan, is_infinite);
    case DataType::float64: return count_elements<double>(tensor, is_nan, is_infinite);
    case DataType::float16: return count_elements<std::uint16_t>(tensor, half_is_nan, half_is_infinite);
    default: return {};
    }
}

/// The first node that reads the constant.
const Node* reader_of(const Graph& graph, std::size_t value) {
    for (const Node& node : graph.nodes) {
        for (const ValueId input : node.inputs) {
            if (input.present() && static_cast<std::size_t>(input.index) == value) return &node;
        }
    }
    return nullptr;
}

std::string of(std::size_t count, std::int64_t all) { return std::to_string(count) + " of " + std::to_string(all); }

std::optional<Finding> look_at_weights(const Graph& graph) {
    for (std::size_t i = 0; i < graph.values.size(); ++i) {
        const Tensor& constant = graph.values[i].constant;
        if (!constant.defined() || constant.element_count() < 2) continue;
        const Counts counts = count_unusual(constant);
        if (counts.not_a_number == 0 && counts.infinite == 0) continue;
        const Node* reader = reader_of(graph, i);
        const std::string where =
            (reader != nullptr ? describe(*reader) + ", " : std::string()) + "weights '" + graph.values[i].name + "'";
        if (counts.not_a_number > 0) {
            return Finding{.severity = Severity::error,
                           .where = where,
                           .what = of(counts.not_a_number, constant.element_count()) +
                                   " weights are NaN: whatever is computed from them is NaN, and no "
                                   "comparison with a threshold is ever true, so nothing is reported",
                           .advice = "the training diverged: take an earlier checkpoint, and train with a lower "
                                     "learning rate or clipped gradients"};
        }
        if (constant.type() == DataType::float16) {
            return Finding{.severity = Severity::error,
                           .where = where,
                           .what = of(counts.infinite, constant.element_count()) +
                                   " weights are infinite: they were beyond 65504, the largest number that "
                                   "float16 holds, when the model was converted",
                           .advice =
                               "keep these weights in float32 (conversion tools take a list of nodes to leave alone)"};
        }
        // A mask may be infinite; a weight may not.
        if (reader != nullptr && has_trait(*reader, &Operator::takes_weights)) {
            return Finding{.severity = Severity::error,
                           .where = where,
                           .what = of(counts.infinite, constant.element_count()) + " weights are infinite",
                           .advice = "the training diverged: take an earlier checkpoint"};
        }
    }
    return std::nullopt;
}

/// What runs on the picture tell: the first node that makes NaN, and the largest number.
struct Activations {
    const Node* first_nan = nullptr;
    const Node* largest_node = nullptr;
    float largest = 0.0F;
};

Result<Activations> look_at_activations(const Trials& trials) {
    Activations found;
    constexpr std::int64_t data = 64; // fewer numbers are sizes and scales
    const auto observe = [&](const Node& node, std::span<const Tensor> outputs) {
        for (const Tensor& output : outputs) {
            if (output.type() != DataType::float32 || output.element_count() < data) continue;
            for (const float value : output.data<float>()) {
                if (std::isnan(value) && found.first_nan == nullptr) found.first_nan = &node;
                if (std::isfinite(value) && std::abs(value) > found.largest) {
                    found.largest = std::abs(value);
                    found.largest_node = &node;
                }
            }
        }
    };
    DETECT_TRY(trials.observe({trials.image()}, observe));
    return found;
}

/// Whether programs for this runtime usually compute in half precision.
bool runs_in_half(Runtime runtime) { return runtime == Runtime::tensorrt || runtime == Runtime::openvino; }

} // namespace

Result<void> check_numbers(const CheckContext& context, Findings& findings) {
    if (auto finding = look_at_weights(context.graph)) {
        findings.push_back(*std::move(finding));
        return {};
    }
    const Trials& trials = context.trials;
    if (!trials.possible() || trials.image_run().failure) return {};
    DETECT_TRY_ASSIGN(const Activations activations, look_at_activations(trials));
    if (activations.first_nan != nullptr) {
        findings.push_back(
            {.severity = Severity::error,
             .where = describe(*activations.first_nan),
             .what = "computes NaN on an ordinary picture, although all weights are numbers: a division by zero, or a "
                     "root or logarithm of "
                     "what is below zero",
             .advice = "add an epsilon to the divisor, or clamp what the function is given, and export again"});
    }
    constexpr float largest_half = 65504.0F;
    if (activations.largest > largest_half && runs_in_half(context.options.target)) {
        char value[32];
        std::snprintf(value, sizeof value, "%.3g", static_cast<double>(activations.largest));
        findings.push_back({.severity = Severity::warning,
                            .where = describe(*activations.largest_node),
                            .what = std::string("computes ") + value +
                                    " on the picture: in float16, which ends at 65504, that is infinite",
                            .advice = "keep this layer in float32 when the engine is built with float16",
                            .runtimes = {Runtime::tensorrt, Runtime::openvino}});
    }
    return {};
}

} // namespace detect::checking
