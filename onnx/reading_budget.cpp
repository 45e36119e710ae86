// SPDX-License-Identifier: Apache-2.0
#include "onnx/reading_budget.h"

#include "base/checked.h"
#include "base/try.h"

#include <array>
#include <cstdint>
#include <cstdio>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <google/protobuf/descriptor.h>
#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/wire_format_lite.h>
#include <onnx/onnx_pb.h>

namespace detect {

namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::internal::WireFormatLite;

std::string megabytes(std::size_t bytes) {
    std::array<char, 32> text{};
    std::snprintf(text.data(), text.size(), "%.1f MB", static_cast<double>(bytes) / 1e6);
    return text.data();
}

Error damaged() {
    return {ErrorCode::unreadable_input, "is cut off, damaged, or not an ONNX model; copy it or export it again"};
}

/// What there may be of one kind, in all graphs of a file together: a multiple of what the largest models have.
struct Kind {
    const char* message;
    const char* what;
    std::size_t most;
    /// Bytes that the graph holds for each, beside what the parser does.
    std::size_t in_graph;
};
constexpr std::array<Kind, 6> kinds{{
    {"NodeProto", "nodes", 250'000, 600},
    {"TensorProto", "tensors", 250'000, 600},
    {"ValueInfoProto", "declared values", 500'000, 300},
    {"AttributeProto", "attributes", 1'000'000, 150},
    {"StringStringEntryProto", "metadata entries", 500'000, 150},
    {"Dimension", "declared sizes", 2'000'000, 50},
}};

/// Names of inputs and outputs, and other strings that there may be any number of; as many unknown fields.
constexpr std::size_t most_texts = 4'000'000;
constexpr std::size_t most_unknown = 4'000'000;

// What the parser takes beside the contents: a heap block's own bytes, a pointer in a list that doubles as it grows,
// an unknown field.
constexpr std::size_t heap_block = 16;
constexpr std::size_t list_pointer = 16;
constexpr std::size_t unknown_field = 64;
constexpr std::size_t text_bytes = sizeof(std::string) + heap_block;

enum class Form : std::uint8_t { unknown, number, numbers, text, message };

struct MessageType;

struct Field {
    Form form = Form::unknown;
    /// Bytes of a number in memory.
    std::uint8_t number_bytes = 0;
    bool is_varint = false;
    bool repeated = false;
    std::int32_t wire_type = 0;
    const MessageType* message = nullptr;
};

struct MessageType {
    /// Of an empty one, in a list.
    std::size_t bytes = 0;
    /// Index in `kinds`, or -1.
    int kind = -1;
    std::vector<Field> fields; // by number
};

/// The messages that a model is made of, from the parser's own description of them.
class MessageTypes {
public:
    const MessageType& of(const Descriptor* descriptor) {
        auto& type = types_[descriptor];
        if (type != nullptr) return *type;
        type = std::make_unique<MessageType>();
        MessageType& made = *type;
        const auto* prototype = google::protobuf::MessageFactory::generated_factory()->GetPrototype(descriptor);
        made.bytes = static_cast<std::size_t>(prototype->SpaceUsedLong()) + heap_block + list_pointer;
        for (std::size_t i = 0; i < kinds.size(); ++i) {
            if (descriptor->name() != kinds[i].message) continue;
            made.kind = static_cast<int>(i);
            made.bytes += kinds[i].in_graph;
        }
        for (int i = 0; i < descriptor->field_count(); ++i) add(made, *descriptor->field(i));
        return made;
    }

private:
    static bool is_narrow(const FieldDescriptor& described) {
        const auto type = described.cpp_type();
        return type == FieldDescriptor::CPPTYPE_INT32 || type == FieldDescriptor::CPPTYPE_UINT32 ||
               type == FieldDescriptor::CPPTYPE_FLOAT;
    }

    void add(MessageType& type, const FieldDescriptor& described) {
        const auto number = static_cast<std::size_t>(described.number());
        constexpr std::size_t most_numbers = 1000; // what is beyond counts as unknown
        if (number > most_numbers) return;
        if (type.fields.size() <= number) type.fields.resize(number + 1);
        Field field;
        field.repeated = described.is_repeated();
        field.wire_type =
            WireFormatLite::WireTypeForFieldType(static_cast<WireFormatLite::FieldType>(described.type()));
        if (described.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
            field.form = Form::message;
            field.message = &of(described.message_type());
        } else if (described.cpp_type() == FieldDescriptor::CPPTYPE_STRING) {
            field.form = Form::text;
        } else if (described.cpp_type() != FieldDescriptor::CPPTYPE_ENUM) { // of which unknown numbers are kept apart
            field.form = field.repeated ? Form::numbers : Form::number;
            field.is_varint = field.wire_type == WireFormatLite::WIRETYPE_VARINT;
            field.number_bytes = is_narrow(described) ? sizeof(std::int32_t) : sizeof(std::int64_t);
        }
        type.fields[number] = field;
    }

    std::map<const Descriptor*, std::unique_ptr<MessageType>> types_;
};

/// Where a message stands, for the data that stays in the file.
enum class Place : std::uint8_t { model, graph, initializer, elsewhere };

class Walk {
public:
    Walk(google::protobuf::io::CodedInputStream& in, std::size_t least_left_out, ReadingBudget& budget)
        : in_(in), least_left_out_(least_left_out), budget_(budget) {}

    Result<void> message(const MessageType& type, Place place, int depth) {
        constexpr int deepest = 100; // the parser stops before
        if (depth > deepest) return damaged();
        while (const std::uint32_t tag = in_.ReadTag()) {
            DETECT_TRY(field(type, tag, place, depth));
            DETECT_TRY(spend());
        }
        if (!in_.ConsumedEntireMessage()) return damaged();
        return {};
    }

    [[nodiscard]] std::size_t left_out() const { return left_out_bytes_; }

    /// Tells the budget what was found since it was told last.
    Result<void> settle() {
        const std::size_t bytes = std::exchange(bytes_, 0);
        return budget_.take(bytes, "the file without its weights");
    }

private:
    Result<void> spend() {
        constexpr std::size_t at_once = std::size_t{1} << 20;
        return bytes_ < at_once ? Result<void>() : settle();
    }

    Result<void> count(const MessageType& type) {
        bytes_ += type.bytes;
        if (type.kind < 0) return {};
        const auto kind = static_cast<std::size_t>(type.kind);
        if (++found_[kind] <= kinds[kind].most) return {};
        return too_many(kinds[kind].what, kinds[kind].most);
    }

    Result<void> count_unknown(std::size_t contents) {
        bytes_ += unknown_field + contents;
        return ++unknown_ > most_unknown ? Result<void>(too_many("unknown fields", most_unknown)) : Result<void>();
    }

    static Error too_many(const char* what, std::size_t most) {
        return {ErrorCode::resource_limit, "has more than " + std::to_string(most) + " " + what +
                                               ", which no model needs; simplify it before it is exported"};
    }

    Result<void> field(const MessageType& type, std::uint32_t tag, Place place, int depth) {
        const auto number = static_cast<std::size_t>(WireFormatLite::GetTagFieldNumber(tag));
        const int wire = WireFormatLite::GetTagWireType(tag);
        const Field known = groups_ == 0 && number < type.fields.size() ? type.fields[number] : Field{};
        if (wire == WireFormatLite::WIRETYPE_LENGTH_DELIMITED) return delimited(known, number, place, depth);
        const bool fits = known.form != Form::unknown && wire == known.wire_type;
        if (!fits) DETECT_TRY(count_unknown(0));
        if (fits && known.form == Form::numbers) bytes_ += 2 * std::size_t{known.number_bytes};
        // What is in an unknown group are unknown fields.
        if (wire == WireFormatLite::WIRETYPE_START_GROUP || wire == WireFormatLite::WIRETYPE_END_GROUP)
            return group(wire);
        if (!WireFormatLite::SkipField(&in_, tag)) return damaged();
        return {};
    }

    Result<void> group(int wire) {
        groups_ += wire == WireFormatLite::WIRETYPE_START_GROUP ? 1 : -1;
        constexpr int deepest = 100;
        return groups_ < 0 || groups_ > deepest ? Result<void>(damaged()) : Result<void>();
    }

    Result<void> delimited(const Field& known, std::size_t number, Place place, int depth) {
        std::uint32_t size = 0;
        if (!in_.ReadVarint32(&size) || size > INT32_MAX) return damaged();
        if (in_.BytesUntilLimit() >= 0 && static_cast<std::int64_t>(size) > in_.BytesUntilLimit()) return damaged();
        switch (known.form) {
        case Form::message: return inside(*known.message, place_of(number, place), size, depth);
        case Form::numbers: return numbers(known, size);
        case Form::text: {
            const bool left_out = place == Place::initializer && number == onnx::TensorProto::kRawDataFieldNumber &&
                                  size >= least_left_out_;
            if (left_out) left_out_bytes_ += size;
            if (!left_out) bytes_ += size + text_bytes + (known.repeated ? list_pointer : 0);
            if (!left_out && ++texts_ > most_texts) return too_many("names and texts", most_texts);
            break;
        }
        default: DETECT_TRY(count_unknown(text_bytes + size));
        }
        return in_.Skip(static_cast<int>(size)) ? Result<void>() : Result<void>(damaged());
    }

    static Place place_of(std::size_t number, Place outer) {
        if (outer == Place::model && number == onnx::ModelProto::kGraphFieldNumber) return Place::graph;
        if (outer == Place::graph && number == onnx::GraphProto::kInitializerFieldNumber) return Place::initializer;
        return Place::elsewhere;
    }

    Result<void> inside(const MessageType& type, Place place, std::uint32_t size, int depth) {
        DETECT_TRY(count(type));
        const auto limit = in_.PushLimit(static_cast<int>(size));
        DETECT_TRY(message(type, place, depth + 1));
        if (in_.BytesUntilLimit() != 0) return damaged();
        in_.PopLimit(limit);
        return {};
    }

    /// One behind the other. Of varints one byte may be a number of eight.
    Result<void> numbers(const Field& known, std::uint32_t size) {
        bytes_ += 2 * std::size_t{size} * (known.is_varint ? known.number_bytes : 1);
        return in_.Skip(static_cast<int>(size)) ? Result<void>() : Result<void>(damaged());
    }

    google::protobuf::io::CodedInputStream& in_;
    std::size_t least_left_out_;
    ReadingBudget& budget_;
    std::size_t bytes_ = 0;
    std::size_t left_out_bytes_ = 0;
    std::size_t texts_ = 0;
    std::size_t unknown_ = 0;
    int groups_ = 0;
    std::array<std::size_t, kinds.size()> found_{};
};

} // namespace

Result<void> ReadingBudget::take(std::size_t bytes, std::string_view what) {
    const auto total = checked_add(used_, bytes);
    if (limit_ != 0 && (!total || *total > limit_)) {
        return Error{ErrorCode::resource_limit, std::string(what) + " would take at least " +
                                                    megabytes(total.value_or(SIZE_MAX)) + ", the memory limit is " +
                                                    megabytes(limit_) + ": raise it if you trust the file"};
    }
    used_ = total.value_or(SIZE_MAX);
    return {};
}

Result<void> check_serialised_model(google::protobuf::io::CodedInputStream& in, std::size_t least_left_out,
                                    ReadingBudget& budget) {
    MessageTypes types;
    Walk walk(in, least_left_out, budget);
    const int begin = in.CurrentPosition();
    DETECT_TRY(walk.message(types.of(onnx::ModelProto::descriptor()), Place::model, 0));
    DETECT_TRY(walk.settle());
    // The parser is given a copy without weights, which is put together in strings that double as they grow.
    constexpr std::size_t copies = 4;
    const std::size_t bytes = static_cast<std::size_t>(in.CurrentPosition() - begin) - walk.left_out();
    return budget.take(copies * bytes, "the file without its weights");
}

} // namespace detect
