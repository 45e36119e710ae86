// SPDX-License-Identifier: Apache-2.0
#include "onnx/tensor_reader.h"

#include "base/checked.h"
#include "base/try.h"
#include "onnx/external_file.h"

#include <algorithm>
#include <bit>
#include <charconv>
#include <cstring>

namespace detect {

static_assert(std::endian::native == std::endian::little, "raw tensor data is little-endian");

namespace {

Error bad_tensor(std::string message) { return {ErrorCode::bad_model, std::move(message)}; }
Error unreadable_data(std::string message) { return {ErrorCode::unreadable_input, std::move(message)}; }

Error wrong_amount(std::size_t found, std::int64_t expected, std::string_view unit) {
    return bad_tensor("holds " + std::to_string(found) + " " + std::string(unit) + ", its sizes ask for " +
                      std::to_string(expected));
}

/// A bool must be 0 or 1 in memory; files may say anything.
void normalise_bools(Tensor& tensor) {
    if (tensor.type() != DataType::boolean) return;
    for (std::byte& value : tensor.mutable_bytes()) value = value == std::byte{0} ? std::byte{0} : std::byte{1};
}

/// Memory for what is known to be there.
Result<Tensor> create(DataType type, const Dims& dims, ReadingBudget* budget) {
    const auto bytes = checked_byte_count(dims.sizes(), element_size(type));
    if (budget != nullptr && bytes)
        DETECT_TRY(budget->take(static_cast<std::size_t>(*bytes), "and the weights before it"));
    return Tensor::create_uninitialised(type, dims);
}

/// Stores the elements of one of a TensorProto's typed fields, each cut to the element size.
template <class Field>
Result<Tensor> from_field(DataType type, const Dims& dims, std::int64_t count, const Field& field,
                          ReadingBudget* budget) {
    if (field.size() != count) return wrong_amount(static_cast<std::size_t>(field.size()), count, "values");
    DETECT_TRY_ASSIGN(Tensor tensor, create(type, dims, budget));
    const std::size_t size = element_size(type);
    std::byte* target = tensor.mutable_bytes().data();
    for (const auto value : field) {
        // Little-endian: the low bytes of a wider integer are the narrower one.
        std::memcpy(target, &value, size);
        target += size;
    }
    return tensor;
}

Result<Tensor> from_typed_fields(const onnx::TensorProto& proto, DataType type, const Dims& dims, std::int64_t count,
                                 ReadingBudget* budget) {
    switch (type) {
    case DataType::float32: return from_field(type, dims, count, proto.float_data(), budget);
    case DataType::float64: return from_field(type, dims, count, proto.double_data(), budget);
    case DataType::int64: return from_field(type, dims, count, proto.int64_data(), budget);
    case DataType::uint32:
    case DataType::uint64: return from_field(type, dims, count, proto.uint64_data(), budget);
    default: return from_field(type, dims, count, proto.int32_data(), budget);
    }
}

/// Where external data lies.
struct External {
    std::string location;
    std::uint64_t offset = 0;
    std::optional<std::uint64_t> length;
};

Result<std::uint64_t> parse_number(const onnx::StringStringEntryProto& entry) {
    std::uint64_t number = 0;
    const std::string& text = entry.value();
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc{} || end != text.data() + text.size()) {
        return bad_tensor("external data has the impossible " + entry.key() + " '" + text + "'");
    }
    return number;
}

Result<External> external_entries(const onnx::TensorProto& proto) {
    External external;
    for (const auto& entry : proto.external_data()) {
        if (entry.key() == "location") external.location = entry.value();
        if (entry.key() == "offset") {
            DETECT_TRY_ASSIGN(external.offset, parse_number(entry));
        }
        if (entry.key() == "length") {
            DETECT_TRY_ASSIGN(external.length, parse_number(entry));
        }
    }
    if (external.location.empty()) return bad_tensor("external data has no location");
    return external;
}

Result<Tensor> from_external(const onnx::TensorProto& proto, DataType type, const Dims& dims, std::uint64_t bytes,
                             const TensorSource& source) {
    DETECT_TRY_ASSIGN(const External external, external_entries(proto));
    if (source.external_data_folder.empty())
        return Error{ErrorCode::unsupported, "has external data, but no folder to look for it was given"};
    DETECT_TRY_ASSIGN(const ExternalFile file, ExternalFile::open(source.external_data_folder, external.location));
    if (external.length && *external.length != bytes) {
        return wrong_amount(static_cast<std::size_t>(*external.length), static_cast<std::int64_t>(bytes), "bytes");
    }
    if (external.offset > file.size() || file.size() - external.offset < bytes) {
        return unreadable_data("external data '" + external.location + "' is shorter than the model says");
    }
    DETECT_TRY_ASSIGN(Tensor tensor, create(type, dims, source.budget));
    DETECT_TRY(file.read(external.offset, tensor.mutable_bytes()));
    normalise_bools(tensor);
    return tensor;
}

Result<Tensor> from_file(const RawDataInFile& raw, DataType type, const Dims& dims, std::int64_t bytes,
                         ReadingBudget* budget) {
    if (raw.data->size != static_cast<std::size_t>(bytes)) return wrong_amount(raw.data->size, bytes, "bytes");
    DETECT_TRY_ASSIGN(Tensor tensor, create(type, dims, budget));
    DETECT_TRY(raw.file->read(*raw.data, tensor.mutable_bytes()));
    normalise_bools(tensor);
    return tensor;
}

Result<Tensor> from_raw(const std::string& raw, DataType type, const Dims& dims, std::int64_t bytes,
                        ReadingBudget* budget) {
    if (raw.size() != static_cast<std::size_t>(bytes)) return wrong_amount(raw.size(), bytes, "bytes");
    DETECT_TRY_ASSIGN(Tensor tensor, create(type, dims, budget));
    std::memcpy(tensor.mutable_bytes().data(), raw.data(), raw.size());
    normalise_bools(tensor);
    return tensor;
}

} // namespace

Result<DataType> read_onnx_type(std::int64_t number) {
    if (number > 0 && number <= static_cast<std::int64_t>(DataType::bfloat16)) {
        const auto type = static_cast<DataType>(number);
        if (element_size(type) > 0) return type;
    }
    const int value = static_cast<int>(std::clamp<std::int64_t>(number, -1, INT32_MAX));
    const std::string name = onnx::TensorProto_DataType_IsValid(value)
                                 ? onnx::TensorProto_DataType_Name(static_cast<onnx::TensorProto_DataType>(value))
                                 : "number " + std::to_string(number);
    return Error{ErrorCode::unsupported, "element type " + name + " is not supported"};
}

Result<Tensor> read_onnx_tensor(const onnx::TensorProto& proto, const TensorSource& source, const RawDataInFile& raw) {
    DETECT_TRY_ASSIGN(const DataType type, read_onnx_type(proto.data_type()));
    if (proto.has_segment()) return Error{ErrorCode::unsupported, "is stored in segments"};
    if (static_cast<std::size_t>(proto.dims_size()) > Dims::max_rank) {
        return Error{ErrorCode::unsupported, "has " + std::to_string(proto.dims_size()) + " dimensions, at most " +
                                                 std::to_string(Dims::max_rank) + " are supported"};
    }
    const Dims dims(std::span<const std::int64_t>(proto.dims().data(), static_cast<std::size_t>(proto.dims_size())));
    const auto bytes = checked_byte_count(dims.sizes(), element_size(type));
    if (!bytes) return bad_tensor("has the impossible sizes " + to_string(dims));
    if (proto.data_location() == onnx::TensorProto_DataLocation_EXTERNAL) {
        return from_external(proto, type, dims, static_cast<std::uint64_t>(*bytes), source);
    }
    if (raw.data != nullptr) return from_file(raw, type, dims, *bytes, source.budget);
    if (proto.has_raw_data()) return from_raw(proto.raw_data(), type, dims, *bytes, source.budget);
    auto tensor = from_typed_fields(proto, type, dims, *checked_element_count(dims.sizes()), source.budget);
    if (tensor) normalise_bools(*tensor);
    return tensor;
}

} // namespace detect
