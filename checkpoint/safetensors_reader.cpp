// SPDX-License-Identifier: Apache-2.0
#include "checkpoint/safetensors_reader.h"

#include "base/byte_cursor.h"
#include "base/checked.h"
#include "base/text.h"
#include "base/try.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <optional>
#include <set>
#include <string_view>
#include <utility>

namespace detect {

namespace {

using nlohmann::json;

struct NamedType {
    std::string_view name;
    DataType type;
};

constexpr auto safetensors_types = std::to_array<NamedType>({
    {"F32", DataType::float32},
    {"F16", DataType::float16},
    {"BF16", DataType::bfloat16},
    {"F64", DataType::float64},
    {"I64", DataType::int64},
    {"I32", DataType::int32},
    {"I16", DataType::int16},
    {"I8", DataType::int8},
    {"U64", DataType::uint64},
    {"U32", DataType::uint32},
    {"U16", DataType::uint16},
    {"U8", DataType::uint8},
    {"BOOL", DataType::boolean},
});

Error damaged_header(const std::string& cause) {
    return {ErrorCode::unreadable_input, "damaged safetensors header: " + cause};
}

struct Declared {
    std::optional<std::string> type;
    std::optional<std::vector<std::int64_t>> shape;
    std::optional<std::vector<std::int64_t>> range;
};

/// Takes the header as it is parsed and refuses at once what does not belong there, so that memory stays in proportion
/// to the header. Depth 1 is {name: …}, depth 2 a tensor's description or the metadata, depth 3 the lists.
class HeaderHandler final : public nlohmann::json_sax<json> {
public:
    std::map<std::string, Declared, std::less<>> tensors;
    std::map<std::string, std::string> metadata;
    std::string failure;

    bool null() override { return refuse("a null"); }
    bool boolean(bool /*value*/) override { return refuse("true or false"); }
    bool number_float(number_float_t /*value*/, const string_t& text) override {
        return refuse("the number " + printable(text));
    }
    bool number_integer(number_integer_t value) override { return refuse("the number " + std::to_string(value)); }
    bool number_unsigned(number_unsigned_t value) override {
        if (list_ == nullptr) return refuse("a number");
        if (!std::in_range<std::int64_t>(value)) return refuse("the number " + std::to_string(value));
        if (list_->size() == Dims::max_rank) return fail("a list of more than 8 numbers" + where());
        list_->push_back(static_cast<std::int64_t>(value));
        return true;
    }
    bool binary(binary_t& /*value*/) override { return refuse("binary data"); }

    bool string(string_t& text) override {
        if (depth_ == 2 && in_metadata_)
            return metadata.emplace(field_, text).second || fail("metadata " + printable(field_) + " is there twice");
        if (depth_ == 2 && list_ == nullptr && field_ == "dtype") return set(tensor_->type, std::move(text));
        return refuse("the text \"" + printable(text) + "\"");
    }
    bool key(string_t& name) override {
        if (tensors.size() + metadata.size() > max_tensors)
            return fail("there are more than " + std::to_string(max_tensors) + " tensors and texts in it");
        if (depth_ == 2) {
            field_ = std::move(name);
            return true;
        }
        in_metadata_ = name == "__metadata__";
        if (in_metadata_ ? std::exchange(metadata_seen_, true) : tensors.contains(name))
            return fail(printable(name) + " is there twice");
        tensor_ = in_metadata_ ? nullptr : &tensors[name];
        name_ = std::move(name);
        field_.clear();
        return true;
    }
    bool start_object(std::size_t /*count*/) override {
        if (depth_ == 2 || list_ != nullptr) return refuse("an object");
        ++depth_;
        return true;
    }
    bool end_object() override {
        --depth_;
        return true;
    }
    bool start_array(std::size_t /*count*/) override {
        if (depth_ != 2 || in_metadata_ || list_ != nullptr) return refuse("a list");
        std::optional<std::vector<std::int64_t>>* target = nullptr;
        if (field_ == "shape") target = &tensor_->shape;
        if (field_ == "data_offsets") target = &tensor_->range;
        if (target == nullptr) return refuse("a list");
        if (!set(*target, {})) return false;
        list_ = &**target;
        return true;
    }
    bool end_array() override {
        list_ = nullptr;
        return true;
    }
    bool parse_error(std::size_t position, const std::string& /*token*/,
                     const json::exception& /*exception*/) override {
        return fail("it is not JSON from byte " + std::to_string(position) + " on");
    }

private:
    bool fail(std::string cause) {
        if (failure.empty()) failure = std::move(cause);
        return false;
    }
    [[nodiscard]] std::string where() const {
        return name_.empty() ? "" : " at " + printable(name_) + (field_.empty() ? "" : "." + printable(field_));
    }
    bool refuse(const std::string& what) { return fail(what + " is not expected" + where()); }
    template <class T>
    bool set(std::optional<T>& target, T value) {
        if (target) return fail(printable(field_) + " is there twice" + where());
        target = std::move(value);
        return true;
    }

    int depth_ = 0;
    bool in_metadata_ = false;
    bool metadata_seen_ = false;
    Declared* tensor_ = nullptr;
    std::string name_;
    std::string field_;
    std::vector<std::int64_t>* list_ = nullptr;
};

struct Placed {
    std::int64_t begin = 0;
    std::int64_t end = 0;
    std::string_view name;
};

/// The part of `data` that the header gives the tensor, which must be as long as type and shape ask for.
Result<TensorEntry> place(const Declared& declared, std::span<const std::byte> data) {
    if (!declared.type || !declared.shape || !declared.range || declared.range->size() != 2) {
        return Error{ErrorCode::unreadable_input, "lacks dtype, shape or data_offsets"};
    }
    const auto* type = std::ranges::find(safetensors_types, *declared.type, &NamedType::name);
    if (type == safetensors_types.end()) {
        return Error{ErrorCode::unsupported,
                     "has type " + printable(*declared.type) + "; weights are F32, F16, BF16 or F64"};
    }
    const std::int64_t begin = declared.range->front();
    const std::int64_t end = declared.range->back();
    if (begin > end || static_cast<std::uint64_t>(end) > data.size()) {
        return Error{ErrorCode::unreadable_input, "has bytes " + std::to_string(begin) + " to " + std::to_string(end) +
                                                      " of " + std::to_string(data.size()) + " (is the file cut off?)"};
    }
    const auto bytes = checked_byte_count(*declared.shape, element_size(type->type));
    if (!bytes || *bytes != end - begin) {
        return Error{ErrorCode::unreadable_input,
                     "has " + std::to_string(end - begin) + " bytes, which is not what its shape needs"};
    }
    const Dims dims(*declared.shape);
    const auto own = data.subspan(static_cast<std::size_t>(begin), static_cast<std::size_t>(end - begin));
    return make_tensor_entry(type->type, dims.sizes(), contiguous_strides(dims).sizes(), 0, own);
}

Result<void> check_coverage(std::vector<Placed> ranges, std::size_t data_size) {
    std::ranges::sort(ranges, {}, [](const Placed& range) { return std::pair(range.begin, range.end); });
    std::int64_t covered = 0;
    for (const Placed& range : ranges) {
        if (range.begin < covered)
            return damaged_header("the bytes of " + printable(range.name) + " overlap another tensor's");
        if (range.begin > covered)
            return damaged_header("there is a hole before the bytes of " + printable(range.name));
        covered = range.end;
    }
    if (static_cast<std::uint64_t>(covered) != data_size)
        return damaged_header("there are bytes after the last tensor");
    return {};
}

} // namespace

Result<CheckpointContents> read_safetensors(std::span<const std::byte> file) {
    ByteCursor cursor(file);
    const auto length = cursor.read<std::uint64_t>();
    if (!length || *length > max_safetensors_header) return damaged_header("it is said to be longer than 100 MB");
    const auto header = cursor.take(*length);
    if (!header) return damaged_header("it is longer than the file (is the file cut off?)");
    const auto data = file.subspan(cursor.position());

    HeaderHandler handler;
    const std::string_view text = as_text(*header);
    if (!json::sax_parse(text.begin(), text.end(), &handler)) return damaged_header(handler.failure);

    CheckpointContents contents;
    contents.metadata = std::move(handler.metadata);
    std::vector<Placed> ranges;
    for (const auto& [name, declared] : handler.tensors) {
        auto entry = place(declared, data);
        if (!entry) return Error{entry.error().code, "tensor " + printable(name) + " " + entry.error().message};
        ranges.push_back({declared.range->front(), declared.range->back(), name});
        contents.tensors.emplace(name, *std::move(entry));
    }
    DETECT_TRY(check_coverage(std::move(ranges), data.size()));
    return contents;
}

} // namespace detect
