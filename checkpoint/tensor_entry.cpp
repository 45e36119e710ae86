// SPDX-License-Identifier: Apache-2.0
#include "checkpoint/tensor_entry.h"

#include "base/checked.h"
#include "base/half.h"
#include "base/try.h"

#include <array>
#include <cstring>
#include <limits>
#include <utility>

namespace detect {

namespace {

static_assert(std::numeric_limits<float>::is_iec559 && std::numeric_limits<double>::is_iec559);

Error bad_geometry(const std::string& cause) { return {ErrorCode::unreadable_input, cause}; }

/// One past the highest element that the sizes and strides reach from `offset`; nullopt if that does not fit.
std::optional<std::int64_t> end_of_extent(std::span<const std::int64_t> sizes, std::span<const std::int64_t> strides,
                                          std::int64_t offset) {
    std::optional<std::int64_t> end = checked_add<std::int64_t>(offset, 1);
    for (std::size_t axis = 0; axis < sizes.size() && end; ++axis) {
        const auto reach = checked_mul(sizes[axis] - 1, strides[axis]);
        end = reach ? checked_add(*end, *reach) : std::nullopt;
    }
    return end;
}

float read_element(DataType type, const std::byte* at) {
    switch (type) {
    case DataType::float32: {
        float value = 0;
        std::memcpy(&value, at, sizeof value);
        return value;
    }
    case DataType::float64: {
        double value = 0;
        std::memcpy(&value, at, sizeof value);
        return static_cast<float>(value);
    }
    default: {
        std::uint16_t bits = 0;
        std::memcpy(&bits, at, sizeof bits);
        return type == DataType::float16 ? half_to_float(bits) : bfloat16_to_float(bits);
    }
    }
}

/// Visits the elements in row-major order and writes them one after the other.
void gather(const TensorEntry& entry, std::span<float> out) {
    const std::size_t rank = entry.dims.rank();
    const std::size_t size = element_size(entry.type);
    const std::int64_t inner = rank == 0 ? 1 : entry.dims[rank - 1];
    const std::int64_t inner_stride = rank == 0 ? 0 : entry.strides[rank - 1];
    std::array<std::int64_t, Dims::max_rank> index{};
    std::int64_t row = entry.offset;
    std::size_t written = 0;
    while (written < out.size()) {
        for (std::int64_t i = 0; i < inner; ++i) {
            const auto element = static_cast<std::size_t>(row + i * inner_stride);
            out[written++] = read_element(entry.type, entry.storage.data() + element * size);
        }
        for (std::size_t axis = rank < 2 ? 0 : rank - 1; axis-- > 0;) {
            row += entry.strides[axis];
            if (++index[axis] < entry.dims[axis]) break;
            row -= entry.strides[axis] * entry.dims[axis];
            index[axis] = 0;
        }
    }
}

/// What `gather` does, for float16 without gaps: a loop the compiler vectorises. Half-precision models start faster by
/// it.
void widen_halves(const TensorEntry& entry, std::span<float> out) {
    const std::byte* first = entry.storage.data() + static_cast<std::size_t>(entry.offset) * sizeof(std::uint16_t);
    for (std::size_t i = 0; i < out.size(); ++i) {
        std::uint16_t bits = 0;
        std::memcpy(&bits, first + i * sizeof bits, sizeof bits);
        out[i] = half_to_float(bits);
    }
}

} // namespace

std::int64_t TensorEntry::element_count() const { return checked_element_count(dims.sizes()).value_or(0); }

bool TensorEntry::contiguous() const {
    if (element_count() == 0) return true;
    std::int64_t expected = 1;
    for (std::size_t axis = dims.rank(); axis-- > 0;) {
        if (dims[axis] != 1 && strides[axis] != expected) return false;
        expected *= dims[axis];
    }
    return true;
}

Dims contiguous_strides(const Dims& dims) {
    Dims strides = dims;
    std::int64_t stride = 1;
    for (std::size_t axis = dims.rank(); axis-- > 0;) {
        strides[axis] = stride;
        stride = checked_mul(stride, dims[axis]).value_or(0);
    }
    return strides;
}

Result<TensorEntry> make_tensor_entry(DataType type, std::span<const std::int64_t> sizes,
                                      std::span<const std::int64_t> strides, std::int64_t offset,
                                      std::span<const std::byte> storage) {
    if (sizes.size() > Dims::max_rank) {
        return bad_geometry("has " + std::to_string(sizes.size()) + " dimensions; at most " +
                            std::to_string(Dims::max_rank) + " are possible");
    }
    if (sizes.size() != strides.size()) return bad_geometry("has more sizes than strides, or fewer");
    const auto count = checked_element_count(sizes);
    if (!count) return bad_geometry("has a negative size, or more elements than can be counted");
    for (const std::int64_t stride : strides) {
        if (stride < 0) return bad_geometry("has a negative stride");
    }
    if (offset < 0) return bad_geometry("has a negative offset");
    if (*count > 0) {
        const auto end = end_of_extent(sizes, strides, offset);
        const auto capacity = static_cast<std::int64_t>(storage.size() / element_size(type));
        if (!end || *end > capacity) {
            return bad_geometry("reaches outside its storage of " + std::to_string(capacity) + " elements");
        }
    }
    Dims used_strides(strides);
    for (std::size_t axis = 0; axis < sizes.size(); ++axis) {
        // Never multiplied by an index other than 0, and so not bounded by the storage.
        if (sizes[axis] <= 1) used_strides[axis] = 0;
    }
    return TensorEntry{type, Dims(sizes), used_strides, offset, storage};
}

Result<Tensor> load_float32(const TensorEntry& entry, const std::shared_ptr<const void>& owner) {
    if (entry.type != DataType::float32 && entry.type != DataType::float16 && entry.type != DataType::bfloat16 &&
        entry.type != DataType::float64) {
        return Error{ErrorCode::unsupported, "is " + std::string(to_string(entry.type)) +
                                                 "; weights are float32, float16, bfloat16 or float64"};
    }
    if (entry.type == DataType::float32 && entry.contiguous() && entry.element_count() > 0) {
        const std::byte* first = entry.storage.data() + static_cast<std::size_t>(entry.offset) * sizeof(float);
        if (reinterpret_cast<std::uintptr_t>(first) % alignof(float) == 0) {
            // Storage is a pointer to non-const, but nothing writes to a tensor that is shared, and this one always is.
            return Tensor::from_storage(entry.type, entry.dims, Storage(owner, const_cast<std::byte*>(first)));
        }
    }
    DETECT_TRY_ASSIGN(Tensor tensor, Tensor::create_uninitialised(DataType::float32, entry.dims));
    if (entry.type == DataType::float16 && entry.contiguous()) {
        widen_halves(entry, tensor.mutable_data<float>());
        return tensor;
    }
    gather(entry, tensor.mutable_data<float>());
    return tensor;
}

} // namespace detect
