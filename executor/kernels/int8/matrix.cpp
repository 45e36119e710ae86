// SPDX-License-Identifier: Apache-2.0
#include "executor/kernels/int8/matrix.h"

#include "base/try.h"

#include <algorithm>
#include <cmath>

namespace detect {

namespace {

/// Sums of as many products of an unsigned and a signed byte stay within 30 bits, and so shall biases: all that is
/// added up on the way stays within 32.
constexpr std::size_t largest_sum = std::size_t{1} << 29U;
constexpr std::size_t most_terms = largest_sum / (255 * 128);

/// How a segment is cut into steps, the last of which is reached from its end.
struct Steps {
    std::size_t size;
    std::size_t count;

    Steps(const Int8Kernels& kernels, std::size_t length)
        : size(std::min(kernels.step, length)), count(divide_up(length, size)) {}
    [[nodiscard]] std::size_t begin(std::size_t step, std::size_t length) const {
        return std::min(step * size, length - size);
    }
};

} // namespace

bool Int8Weights::fit(float input_scale, std::size_t terms) const {
    for (std::size_t i = 0; i < bias.size(); ++i) {
        const float whole = bias[i] / (input_scale * scales[i]);
        if (!(std::abs(whole) < static_cast<float>(largest_sum))) return false;
    }
    return terms <= most_terms;
}

std::int32_t Int8Weights::whole_bias(float input_scale, std::size_t output) const {
    if (bias.empty()) return 0;
    return static_cast<std::int32_t>(std::nearbyint(bias[output] / (input_scale * scales[output])));
}

bool Int8Matrix::supports(const Int8Kernels& kernels, std::size_t segment_length, std::size_t segments) {
    const bool readable = segment_length >= kernels.step || (segment_length > 0 && segment_length % 4 == 0);
    return readable && segments > 0 && segment_length <= most_terms / segments;
}

Result<Int8Matrix> Int8Matrix::pack(const Int8Kernels& kernels, const Int8Weights& weights, std::size_t pixels,
                                    bool joined, const Quantisation& a, float unit) {
    const std::size_t n = weights.outputs;
    const std::size_t k = n == 0 ? 0 : weights.bytes.size() / n;
    const std::size_t inputs = pixels == 0 ? 0 : k / pixels;
    Int8Matrix m;
    m.kernels_ = &kernels;
    m.columns_ = n;
    m.segments_ = joined ? 1 : pixels;
    m.segment_length_ = joined ? k : inputs;
    const bool sizes_fit = k > 0 && weights.bytes.size() == n * k && inputs * pixels == k &&
                           weights.scales.size() == n && (weights.bias.empty() || weights.bias.size() == n);
    if (!sizes_fit || !supports(kernels, m.segment_length_, m.segments_) || !weights.fit(a.scale, k)) {
        return Error{ErrorCode::invalid_argument,
                     "cannot pack 8-bit weights: their sizes do not fit together, or their biases "
                     "or sums of " +
                         std::to_string(k) + " terms do not fit into 32 bits"};
    }
    const std::size_t lanes = kernels.lanes;
    const Steps steps(kernels, m.segment_length_);
    m.stride_ = m.segments_ * steps.count * steps.size * lanes;
    const std::size_t vectors = divide_up(n, lanes);
    DETECT_TRY_ASSIGN(m.weights_, AlignedBuffer::allocate(divide_up(vectors * m.stride_, sizeof(float))));
    m.padded_.offset.resize(vectors * lanes);
    m.padded_.scale.resize(vectors * lanes);

    std::vector<std::int8_t> row(k); // [pixels, inputs]
    auto* const packed = reinterpret_cast<std::int8_t*>(m.weights_.data());
    for (std::size_t column = 0; column < n; ++column) {
        const std::int8_t* const from = weights.bytes.data() + column * k;
        std::int32_t sum = 0;
        for (std::size_t p = 0; p < pixels; ++p) {
            for (std::size_t i = 0; i < inputs; ++i) {
                row[p * inputs + i] = from[i * pixels + p];
                sum += from[i * pixels + p];
            }
        }
        m.padded_.offset[column] = weights.whole_bias(a.scale, column) - a.zero_point * sum;
        m.padded_.scale[column] = a.scale * weights.scales[column] / unit;
        std::int8_t* to = packed + column / lanes * m.stride_ + column % lanes * 4;
        for (std::size_t s = 0; s < m.segments_; ++s) {
            const std::int8_t* const segment = row.data() + s * m.segment_length_;
            for (std::size_t step = 0; step < steps.count; ++step) {
                const std::size_t begin = steps.begin(step, m.segment_length_);
                // What the step before has had counts for nothing here.
                for (std::size_t i = step * steps.size - begin; i < steps.size; ++i) {
                    to[i / 4 * 4 * lanes + i % 4] = segment[begin + i];
                }
                to += steps.size * lanes;
            }
        }
    }
    return m;
}

const std::int8_t* Int8Matrix::weights(std::size_t first_column) const {
    return reinterpret_cast<const std::int8_t*>(weights_.data()) + first_column / kernels_->lanes * stride_;
}

Int8Finish Int8Matrix::finish(const Int8Finish& finish, std::size_t first_row, std::size_t first_column) const {
    Int8Finish f = finish;
    f.offset = padded_.offset.data() + first_column;
    f.scale = padded_.scale.data() + first_column;
    const std::size_t at = first_row * f.stride + first_column;
    if (f.bytes != nullptr) f.bytes += at;
    if (f.floats != nullptr) f.floats += at;
    const std::size_t residual_at = first_row * f.residual_stride + first_column;
    if (f.byte_residual != nullptr) f.byte_residual += residual_at;
    if (f.float_residual != nullptr) f.float_residual += residual_at;
    return f;
}

} // namespace detect
