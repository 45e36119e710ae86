// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "detect/error.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace detect {

/// Element types, numbered as in ONNX (TensorProto.DataType).
enum class DataType : std::uint8_t {
    undefined = 0,
    float32 = 1,
    uint8 = 2,
    int8 = 3,
    uint16 = 4,
    int16 = 5,
    int32 = 6,
    int64 = 7,
    string = 8,
    boolean = 9,
    float16 = 10,
    float64 = 11,
    uint32 = 12,
    uint64 = 13,
    bfloat16 = 16,
};

[[nodiscard]] std::string_view to_string(DataType type);
/// Bytes per element; 0 for types that tensors here cannot hold (undefined, string).
[[nodiscard]] std::size_t element_size(DataType type);

template <class T>
struct DataTypeOf;
template <>
struct DataTypeOf<float> {
    static constexpr DataType value = DataType::float32;
};
template <>
struct DataTypeOf<double> {
    static constexpr DataType value = DataType::float64;
};
template <>
struct DataTypeOf<std::uint8_t> {
    static constexpr DataType value = DataType::uint8;
};
template <>
struct DataTypeOf<std::int8_t> {
    static constexpr DataType value = DataType::int8;
};
template <>
struct DataTypeOf<std::uint16_t> {
    static constexpr DataType value = DataType::uint16;
};
template <>
struct DataTypeOf<std::int16_t> {
    static constexpr DataType value = DataType::int16;
};
template <>
struct DataTypeOf<std::int32_t> {
    static constexpr DataType value = DataType::int32;
};
template <>
struct DataTypeOf<std::int64_t> {
    static constexpr DataType value = DataType::int64;
};
template <>
struct DataTypeOf<std::uint32_t> {
    static constexpr DataType value = DataType::uint32;
};
template <>
struct DataTypeOf<std::uint64_t> {
    static constexpr DataType value = DataType::uint64;
};
template <>
struct DataTypeOf<bool> {
    static constexpr DataType value = DataType::boolean;
};

/// The sizes of a tensor, outermost first. Held inline, so making a tensor of a known buffer allocates nothing.
class Dims {
public:
    static constexpr std::size_t max_rank = 8;

    Dims() = default;
    Dims(std::initializer_list<std::int64_t> sizes) : Dims(std::span(sizes.begin(), sizes.size())) {}
    /// Takes at most `max_rank` sizes; callers check the rank of what comes from outside first.
    explicit Dims(std::span<const std::int64_t> sizes);

    [[nodiscard]] std::size_t rank() const { return rank_; }
    [[nodiscard]] std::span<const std::int64_t> sizes() const { return {sizes_.data(), rank_}; }
    [[nodiscard]] std::int64_t operator[](std::size_t axis) const { return sizes_[axis]; }
    [[nodiscard]] std::int64_t& operator[](std::size_t axis) { return sizes_[axis]; }
    [[nodiscard]] auto begin() const { return sizes_.begin(); }
    [[nodiscard]] auto end() const { return sizes_.begin() + static_cast<std::ptrdiff_t>(rank_); }
    void push_back(std::int64_t size);
    bool operator==(const Dims& other) const;

private:
    std::array<std::int64_t, max_rank> sizes_{};
    std::size_t rank_ = 0;
};

/// "[1, 3, 800, 1066]"
[[nodiscard]] std::string to_string(const Dims& dims);

/// Memory that a tensor keeps alive: its own allocation, or a view into what was read of a file.
using Storage = std::shared_ptr<std::byte>;

/// A dense row-major array. Copies share the storage; whoever writes through `mutable_data` owns the only copy.
/// Memory is aligned to 64 bytes, except for views of foreign memory (aligned to the element size).
class Tensor {
public:
    Tensor() = default;

    /// Zero-initialised. Fails with `resource_limit` if the size overflows or memory is short, and with
    /// `unsupported` for element types that have no fixed size.
    static Result<Tensor> create(DataType type, const Dims& dims);
    /// The same without clearing the memory: for kernels that write every element.
    static Result<Tensor> create_uninitialised(DataType type, const Dims& dims);
    /// A tensor over memory that exists already; `storage` holds at least the bytes that `dims` asks for.
    static Tensor from_storage(DataType type, const Dims& dims, Storage storage);
    /// A copy of `values`; dims must have as many elements. For constants of ours, where failure is out of the question
    /// but for memory (std::bad_alloc).
    template <class T>
    static Tensor of(const Dims& dims, std::span<const T> values);
    template <class T>
    static Tensor of(const Dims& dims, std::initializer_list<T> values) {
        return of<T>(dims, std::span<const T>(values.begin(), values.size()));
    }
    template <class T>
    static Tensor scalar(T value) {
        return of<T>(Dims{}, {value});
    }

    [[nodiscard]] DataType type() const { return type_; }
    [[nodiscard]] const Dims& dims() const { return dims_; }
    [[nodiscard]] std::int64_t element_count() const { return element_count_; }
    [[nodiscard]] std::size_t byte_count() const;
    [[nodiscard]] bool defined() const { return type_ != DataType::undefined; }
    [[nodiscard]] const Storage& storage() const { return storage_; }

    /// The elements. T must match `type()`: a mismatch is a programming error and throws std::logic_error.
    template <class T>
    [[nodiscard]] std::span<const T> data() const {
        require_type(DataTypeOf<T>::value);
        return {reinterpret_cast<const T*>(storage_.get()), static_cast<std::size_t>(element_count_)};
    }
    template <class T>
    [[nodiscard]] std::span<T> mutable_data() {
        require_type(DataTypeOf<T>::value);
        return {reinterpret_cast<T*>(storage_.get()), static_cast<std::size_t>(element_count_)};
    }
    [[nodiscard]] std::span<const std::byte> bytes() const { return {storage_.get(), byte_count()}; }
    [[nodiscard]] std::span<std::byte> mutable_bytes() { return {storage_.get(), byte_count()}; }

    /// The same elements with other sizes, sharing the storage; the element counts must agree (else std::logic_error).
    [[nodiscard]] Tensor reshaped(const Dims& dims) const;

private:
    void require_type(DataType type) const;

    DataType type_ = DataType::undefined;
    Dims dims_;
    std::int64_t element_count_ = 0;
    Storage storage_;
};

} // namespace detect
