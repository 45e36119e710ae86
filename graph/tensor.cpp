// SPDX-License-Identifier: Apache-2.0
#include "graph/tensor.h"

#include "base/checked.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <new>
#include <stdexcept>

#if defined(__linux__)
#include <sys/mman.h>
#endif

namespace detect {

namespace {

constexpr std::size_t alignment = 64;
constexpr std::size_t huge_page = std::size_t{2} << 20U;

/// Null if there is not enough memory.
Storage allocate(std::size_t bytes) {
    // What is streamed from memory (fc6: 51 MB) lies in huge pages where the system gives them.
    const bool huge = bytes >= huge_page;
    void* memory = nullptr;
    if (::posix_memalign(&memory, huge ? huge_page : alignment, std::max<std::size_t>(bytes, 1)) != 0) return nullptr;
#if defined(__linux__)
    // Only advice: without it everything works as well, a little slower.
    if (huge) static_cast<void>(::madvise(memory, bytes, MADV_HUGEPAGE));
#endif
    return Storage(static_cast<std::byte*>(memory), [](std::byte* owned) { std::free(owned); });
}

} // namespace

std::string_view to_string(DataType type) {
    switch (type) {
    case DataType::undefined: return "undefined";
    case DataType::float32: return "float32";
    case DataType::uint8: return "uint8";
    case DataType::int8: return "int8";
    case DataType::uint16: return "uint16";
    case DataType::int16: return "int16";
    case DataType::int32: return "int32";
    case DataType::int64: return "int64";
    case DataType::string: return "string";
    case DataType::boolean: return "bool";
    case DataType::float16: return "float16";
    case DataType::float64: return "float64";
    case DataType::uint32: return "uint32";
    case DataType::uint64: return "uint64";
    case DataType::bfloat16: return "bfloat16";
    }
    return "unknown";
}

std::size_t element_size(DataType type) {
    switch (type) {
    case DataType::undefined:
    case DataType::string: return 0;
    case DataType::uint8:
    case DataType::int8:
    case DataType::boolean: return 1;
    case DataType::uint16:
    case DataType::int16:
    case DataType::float16:
    case DataType::bfloat16: return 2;
    case DataType::float32:
    case DataType::int32:
    case DataType::uint32: return 4;
    case DataType::float64:
    case DataType::int64:
    case DataType::uint64: return 8;
    }
    return 0;
}

Dims::Dims(std::span<const std::int64_t> sizes) : rank_(sizes.size()) {
    if (sizes.size() > max_rank) throw std::logic_error("a tensor has at most 8 dimensions here");
    std::ranges::copy(sizes, sizes_.begin());
}

void Dims::push_back(std::int64_t size) {
    if (rank_ == max_rank) throw std::logic_error("a tensor has at most 8 dimensions here");
    sizes_[rank_++] = size;
}

bool Dims::operator==(const Dims& other) const { return std::ranges::equal(sizes(), other.sizes()); }

std::string to_string(const Dims& dims) {
    std::string text = "[";
    for (std::size_t axis = 0; axis < dims.rank(); ++axis) {
        if (axis > 0) text += ", ";
        text += std::to_string(dims[axis]);
    }
    return text + "]";
}

Result<Tensor> Tensor::create_uninitialised(DataType type, const Dims& dims) {
    const std::size_t size = detect::element_size(type);
    if (size == 0)
        return Error{ErrorCode::unsupported, "a tensor of type " + std::string(to_string(type)) + " cannot be held"};
    const auto bytes = checked_byte_count(dims.sizes(), size);
    if (!bytes) {
        return Error{ErrorCode::resource_limit,
                     "a tensor of sizes " + to_string(dims) + " is impossible (negative or too large)"};
    }
    Storage storage = allocate(static_cast<std::size_t>(*bytes));
    if (!storage) {
        return Error{ErrorCode::resource_limit, "not enough memory for a tensor of sizes " + to_string(dims)};
    }
    return from_storage(type, dims, std::move(storage));
}

Result<Tensor> Tensor::create(DataType type, const Dims& dims) {
    auto tensor = create_uninitialised(type, dims);
    if (!tensor) return tensor;
    // Not ranges::fill, which goes byte by byte where the optimiser does not see what it is (GCC 12's library).
    const std::span<std::byte> bytes = tensor->mutable_bytes();
    std::fill_n(bytes.data(), bytes.size(), std::byte{0});
    return tensor;
}

Tensor Tensor::from_storage(DataType type, const Dims& dims, Storage storage) {
    Tensor tensor;
    tensor.type_ = type;
    tensor.dims_ = dims;
    tensor.element_count_ = checked_element_count(dims.sizes()).value();
    tensor.storage_ = std::move(storage);
    return tensor;
}

template <class T>
Tensor Tensor::of(const Dims& dims, std::span<const T> values) {
    auto tensor = create_uninitialised(DataTypeOf<T>::value, dims);
    if (!tensor) throw std::bad_alloc();
    if (static_cast<std::size_t>(tensor->element_count()) != values.size()) {
        throw std::logic_error("Tensor::of: the number of values does not fit the sizes");
    }
    std::ranges::copy(values, tensor->template mutable_data<T>().begin());
    return *std::move(tensor);
}

template Tensor Tensor::of<float>(const Dims&, std::span<const float>);
template Tensor Tensor::of<double>(const Dims&, std::span<const double>);
template Tensor Tensor::of<std::uint8_t>(const Dims&, std::span<const std::uint8_t>);
template Tensor Tensor::of<std::int8_t>(const Dims&, std::span<const std::int8_t>);
template Tensor Tensor::of<std::int32_t>(const Dims&, std::span<const std::int32_t>);
template Tensor Tensor::of<std::int64_t>(const Dims&, std::span<const std::int64_t>);
template Tensor Tensor::of<bool>(const Dims&, std::span<const bool>);

std::size_t Tensor::byte_count() const {
    return static_cast<std::size_t>(element_count_) * detect::element_size(type_);
}

Tensor Tensor::reshaped(const Dims& dims) const {
    Tensor tensor = from_storage(type_, dims, storage_);
    if (tensor.element_count_ != element_count_) {
        throw std::logic_error("Tensor::reshaped: " + to_string(dims_) + " does not fit " + to_string(dims));
    }
    return tensor;
}

void Tensor::require_type(DataType type) const {
    if (type != type_) {
        throw std::logic_error("tensor of type " + std::string(to_string(type_)) + " read as " +
                               std::string(to_string(type)));
    }
}

} // namespace detect
