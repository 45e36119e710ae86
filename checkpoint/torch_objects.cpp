// SPDX-License-Identifier: Apache-2.0
#include "checkpoint/torch_objects.h"

#include "base/text.h"
#include "base/try.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace detect {

namespace {

using pickle::Document;
using pickle::Index;
using pickle::Kind;
using PickleValue = pickle::Value;

struct NamedType {
    std::string_view storage;
    std::string_view dtype;
    TorchType type;
};

constexpr auto torch_types = std::to_array<NamedType>({
    {"FloatStorage", "float32", {DataType::float32, 4}},
    {"DoubleStorage", "float64", {DataType::float64, 8}},
    {"HalfStorage", "float16", {DataType::float16, 2}},
    {"BFloat16Storage", "bfloat16", {DataType::bfloat16, 2}},
    {"LongStorage", "int64", {DataType::int64, 8}},
    {"IntStorage", "int32", {DataType::int32, 4}},
    {"ShortStorage", "int16", {DataType::int16, 2}},
    {"CharStorage", "int8", {DataType::int8, 1}},
    {"ByteStorage", "uint8", {DataType::uint8, 1}},
    {"BoolStorage", "bool", {DataType::boolean, 1}},
    {"UntypedStorage", "uint8", {DataType::uint8, 1}},
    {"ComplexFloatStorage", "complex64", {DataType::undefined, 8}},
    {"ComplexDoubleStorage", "complex128", {DataType::undefined, 16}},
    {"QInt8Storage", "qint8", {DataType::undefined, 1}},
    {"QUInt8Storage", "quint8", {DataType::undefined, 1}},
    {"QInt32Storage", "qint32", {DataType::undefined, 4}},
    {"QUInt4x2Storage", "quint4x2", {DataType::undefined, 1}},
    {"QUInt2x4Storage", "quint2x4", {DataType::undefined, 1}},
});

Error damaged(const std::string& cause) { return {ErrorCode::unreadable_input, cause}; }

Result<NamedType> find_type(std::string_view NamedType::*member, std::string_view name) {
    const auto* found = std::ranges::find(torch_types, name, member);
    if (found == torch_types.end())
        return Error{ErrorCode::unsupported, "has the unknown element type " + printable(name)};
    return *found;
}

bool is_torch(std::string_view module) { return module == "torch" || module.starts_with("torch."); }

Result<std::int64_t> as_integer(const Document& document, Index index) {
    if (document[index].kind != Kind::integer) return damaged("has a size, stride or offset that is no whole number");
    return document[index].integer;
}

/// Sizes and strides: a tuple, or torch.Size of one.
Result<std::vector<std::int64_t>> as_integers(const Document& document, Index index) {
    const PickleValue* value = &document[index];
    if (value->kind == Kind::object && document.name_of(index) == "torch.Size" &&
        document[value->items[1]].items.size() == 1) {
        value = &document[document[value->items[1]].items[0]];
    }
    if (value->kind != Kind::tuple && value->kind != Kind::list)
        return damaged("has sizes or strides that are no tuple");
    if (value->items.size() > Dims::max_rank) {
        return damaged("has " + std::to_string(value->items.size()) + " dimensions; at most " +
                       std::to_string(Dims::max_rank) + " are possible");
    }
    std::vector<std::int64_t> integers;
    for (const Index item : value->items) {
        DETECT_TRY_ASSIGN(const std::int64_t integer, as_integer(document, item));
        integers.push_back(integer);
    }
    return integers;
}

/// `_rebuild_tensor(storage, offset, size, stride)`; v2 adds gradients and hooks, v3 an element type in place 6.
Result<std::optional<TorchTensor>> rebuild_tensor(const Document& document, const std::vector<Index>& arguments,
                                                  bool typed) {
    if (arguments.size() < (typed ? 7U : 4U)) return damaged("is rebuilt from too few arguments");
    DETECT_TRY_ASSIGN(const std::optional<TorchStorage> storage, as_storage(document, arguments[0]));
    if (!storage) return damaged("is rebuilt from something that is no storage");
    TorchTensor tensor;
    tensor.storage = *storage;
    tensor.type = storage->type;
    tensor.type_name = storage->type_name;
    if (typed) {
        const PickleValue& dtype = document[arguments[6]];
        if (dtype.kind != Kind::global || dtype.text != "torch")
            return damaged("has an element type that is no torch.dtype");
        DETECT_TRY_ASSIGN(const NamedType named, find_type(&NamedType::dtype, dtype.name));
        tensor.type = named.type;
        tensor.type_name = named.dtype;
    }
    DETECT_TRY_ASSIGN(tensor.offset, as_integer(document, arguments[1]));
    DETECT_TRY_ASSIGN(tensor.sizes, as_integers(document, arguments[2]));
    DETECT_TRY_ASSIGN(tensor.strides, as_integers(document, arguments[3]));
    return std::optional(std::move(tensor));
}

} // namespace

Result<std::optional<TorchStorage>> as_storage(const Document& document, Index index) {
    if (document[index].kind != Kind::persistent) return std::optional<TorchStorage>{};
    const PickleValue& id = document[document[index].items[0]];
    if (id.kind != Kind::tuple || id.items.size() < 5 || document[id.items[0]].text != "storage") {
        return std::optional<TorchStorage>{};
    }
    const PickleValue& type = document[id.items[1]];
    if (type.kind != Kind::global || !is_torch(type.text)) return damaged("refers to a storage without type");
    DETECT_TRY_ASSIGN(const NamedType named, find_type(&NamedType::storage, type.name));
    const PickleValue& key = document[id.items[2]];
    constexpr std::size_t longest_key = 256;
    if ((key.kind != Kind::text && key.kind != Kind::integer) || key.text.size() > longest_key) {
        return damaged("refers to a storage without key");
    }
    TorchStorage storage;
    storage.key = key.kind == Kind::text ? std::string(key.text) : std::to_string(key.integer);
    storage.type_name = named.dtype;
    storage.type = named.type;
    DETECT_TRY_ASSIGN(storage.element_count, as_integer(document, id.items[4]));
    if (id.items.size() > 5 && document[id.items[5]].kind == Kind::tuple) {
        const auto& view = document[id.items[5]].items;
        if (view.size() != 3) return damaged("refers to a view of a storage that makes no sense");
        DETECT_TRY_ASSIGN(storage.view_offset, as_integer(document, view[1]));
        DETECT_TRY_ASSIGN(storage.element_count, as_integer(document, view[2]));
    }
    if (storage.element_count < 0 || storage.view_offset < 0) return damaged("refers to a storage of negative size");
    return std::optional(std::move(storage));
}

Result<std::optional<TorchTensor>> as_tensor(const Document& document, Index index) {
    // A parameter around a typed tensor around a plain one is the deepest that torch nests.
    constexpr int deepest = 4;
    std::string function;
    const std::vector<Index>* arguments = nullptr;
    const auto open = [&](Index object) {
        function = document.name_of(object);
        arguments = &document[document[object].items[1]].items;
    };
    if (document[index].kind != Kind::object) return std::optional<TorchTensor>{};
    open(index);
    for (int depth = 0; depth < deepest; ++depth) {
        if (function == "torch._utils._rebuild_tensor" || function == "torch._utils._rebuild_tensor_v2") {
            return rebuild_tensor(document, *arguments, false);
        }
        if (function == "torch._utils._rebuild_tensor_v3") return rebuild_tensor(document, *arguments, true);
        if (function == "torch._utils._rebuild_parameter" || function == "torch._utils._rebuild_parameter_with_state") {
            if (arguments->empty() || document[arguments->front()].kind != Kind::object)
                return damaged("is a parameter without data");
            open(arguments->front());
            continue;
        }
        if (function == "torch._tensor._rebuild_from_type" || function == "torch._tensor._rebuild_from_type_v2") {
            // (function, class, arguments, attributes): a tensor with attributes or of a derived class.
            if (arguments->size() < 3 || document[(*arguments)[0]].kind != Kind::global)
                return damaged("is rebuilt from nothing");
            function = document.name_of((*arguments)[0]);
            arguments = &document[(*arguments)[2]].items;
            continue;
        }
        break;
    }
    if (function.starts_with("torch._utils._rebuild") || function.starts_with("torch._tensor._rebuild")) {
        return Error{ErrorCode::unsupported, "is made by " + printable(function) +
                                                 " (quantised, sparse or nested); save it as a plain dense tensor"};
    }
    return std::optional<TorchTensor>{};
}

} // namespace detect
