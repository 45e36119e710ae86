// SPDX-License-Identifier: Apache-2.0
#include "checkpoint/torch_reader.h"

#include "base/byte_cursor.h"
#include "base/checked.h"
#include "base/text.h"
#include "base/try.h"
#include "checkpoint/pickle.h"
#include "checkpoint/state_dict.h"
#include "checkpoint/torch_objects.h"
#include "checkpoint/zip_archive.h"

#include <algorithm>
#include <map>
#include <string>
#include <string_view>

namespace detect {

namespace {

using Storages = std::map<std::string, std::span<const std::byte>, std::less<>>;

Error unreadable(const std::string& message) { return {ErrorCode::unreadable_input, message}; }

/// The bytes a tensor may reach: its storage, or the part of it that an old view is.
Result<std::span<const std::byte>> storage_bytes(const TorchStorage& storage, const Storages& storages) {
    const auto found = storages.find(storage.key);
    if (found == storages.end())
        return unreadable("refers to storage " + printable(storage.key) + ", which is missing");
    const auto size = static_cast<std::int64_t>(storage.type.element_size);
    const auto begin = checked_mul(storage.view_offset, size);
    const auto length = checked_mul(storage.element_count, size);
    const auto end = begin && length ? checked_add(*begin, *length) : std::nullopt;
    if (!end || static_cast<std::uint64_t>(*end) > found->second.size()) {
        return unreadable("needs " + std::to_string(storage.element_count) + " elements of storage " +
                          printable(storage.key) + ", which has " + std::to_string(found->second.size()) + " bytes");
    }
    return found->second.subspan(static_cast<std::size_t>(*begin), static_cast<std::size_t>(*length));
}

Result<TensorEntry> place_tensor(const TorchTensor& tensor, const Storages& storages) {
    if (tensor.type.type == DataType::undefined) {
        return Error{ErrorCode::unsupported,
                     "is " + tensor.type_name + "; weights are float32, float16, bfloat16 or float64"};
    }
    DETECT_TRY_ASSIGN(const std::span<const std::byte> bytes, storage_bytes(tensor.storage, storages));
    return make_tensor_entry(tensor.type.type, tensor.sizes, tensor.strides, tensor.offset, bytes);
}

Result<CheckpointContents> place_tensors(const pickle::Document& document, const Storages& storages) {
    DETECT_TRY_ASSIGN(StateDict state, find_state_dict(document));
    CheckpointContents contents;
    contents.notes = std::move(state.notes);
    for (const auto& [name, tensor] : state.tensors) {
        auto entry = place_tensor(tensor, storages);
        if (!entry) return Error{entry.error().code, "tensor " + printable(name) + " " + entry.error().message};
        contents.tensors.emplace(name, *std::move(entry));
    }
    return contents;
}

/// The folder inside the archive, "NAME/": that of data.pkl.
Result<std::string> archive_folder(const ZipEntries& entries) {
    for (const auto& [name, entry] : entries) {
        const std::size_t slash = name.find('/');
        const std::string_view inside = std::string_view(name).substr(slash == std::string::npos ? 0 : slash + 1);
        if (inside == "constants.pkl" || inside.starts_with("code/")) {
            return Error{ErrorCode::bad_model,
                         "is a TorchScript program (torch.jit.save), not a checkpoint; save model.state_dict()"};
        }
    }
    for (const auto& [name, entry] : entries) {
        if (name == "data.pkl") return std::string();
        if (name.ends_with("/data.pkl") && name.find('/') == name.size() - 9) return name.substr(0, name.size() - 8);
    }
    return unreadable("is a ZIP archive that torch.save did not write: there is no data.pkl in it");
}

/// Every storage that the pickle refers to, by key, wherever it is used: weights, optimizer, anything.
Result<std::map<std::string, TorchStorage, std::less<>>> all_storages(const pickle::Document& document) {
    std::map<std::string, TorchStorage, std::less<>> storages;
    for (std::size_t i = 0; i < document.values.size(); ++i) {
        DETECT_TRY_ASSIGN(const std::optional<TorchStorage> storage,
                          as_storage(document, static_cast<pickle::Index>(i)));
        if (storage) storages.emplace(storage->key, *storage);
    }
    return storages;
}

/// Reads pickles one after the other.
class PickleStream {
public:
    explicit PickleStream(std::span<const std::byte> bytes) : rest_(bytes) {}

    Result<pickle::Document> next(std::size_t most_values = pickle::max_values) {
        DETECT_TRY_ASSIGN(pickle::Document document, pickle::read(rest_, most_values));
        rest_ = rest_.subspan(document.byte_count);
        return document;
    }
    [[nodiscard]] std::span<const std::byte> rest() const { return rest_; }

private:
    std::span<const std::byte> rest_;
};

Result<void> check_stream_header(PickleStream& stream) {
    // 0x1950a86a20f9469cfc6c, little-endian.
    constexpr std::string_view magic = "\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19";
    constexpr std::int64_t protocol = 1001;
    constexpr std::size_t most_values = 1000; // of a number each, and a few facts of the machine
    DETECT_TRY_ASSIGN(const pickle::Document first, stream.next(most_values));
    if (first[first.root].kind != pickle::Kind::big_integer || first[first.root].text != magic) {
        return unreadable("is a pickle that torch.save did not write; save model.state_dict() with torch.save");
    }
    DETECT_TRY_ASSIGN(const pickle::Document version, stream.next(most_values));
    if (version[version.root].kind != pickle::Kind::integer || version[version.root].integer != protocol) {
        return unreadable("was written by a version of torch.save that is not known (stream protocol is not 1001)");
    }
    DETECT_TRY_ASSIGN(const pickle::Document machine, stream.next(most_values));
    const auto& facts = machine[machine.root].items;
    for (std::size_t i = 0; i + 1 < facts.size(); i += 2) {
        if (machine[facts[i]].text == "little_endian" && machine[facts[i + 1]].integer == 0) {
            return unreadable("was saved on a big-endian machine; save it again on a little-endian one");
        }
    }
    return {};
}

Result<Storages> read_stream_storages(PickleStream& stream, const pickle::Document& document) {
    DETECT_TRY_ASSIGN(const pickle::Document keys, stream.next());
    DETECT_TRY_ASSIGN(const auto described, all_storages(document));
    Storages storages;
    ByteCursor cursor(stream.rest());
    for (const pickle::Index item : keys[keys.root].items) {
        const auto& key = keys[item];
        const auto known =
            described.find(key.kind == pickle::Kind::integer ? std::to_string(key.integer) : std::string(key.text));
        if (known == described.end())
            return unreadable("lists storage " + printable(key.text) + ", which nothing refers to");
        const auto count = cursor.read<std::int64_t>();
        const auto bytes = count && *count >= 0
                               ? checked_mul(*count, static_cast<std::int64_t>(known->second.type.element_size))
                               : std::nullopt;
        const auto taken = bytes ? cursor.take(static_cast<std::uint64_t>(*bytes)) : std::nullopt;
        if (!taken) return unreadable("ends inside storage " + printable(known->first) + " (is the file cut off?)");
        storages.emplace(known->first, *taken);
    }
    return storages;
}

} // namespace

Result<CheckpointContents> read_torch_zip(std::span<const std::byte> file) {
    DETECT_TRY_ASSIGN(const ZipEntries entries, read_zip(file));
    DETECT_TRY_ASSIGN(const std::string folder, archive_folder(entries));
    for (const auto& [name, entry] : entries) {
        if (!entry.compressed) continue;
        return unreadable("entry " + printable(name) +
                          " of the ZIP archive is compressed, which torch.save never does; " +
                          "pack it again with `zip -0`");
    }
    if (const auto order = entries.find(folder + "byteorder");
        order != entries.end() && as_text(order->second.bytes) != "little") {
        return unreadable("was saved on a big-endian machine; save it again on a little-endian one");
    }
    DETECT_TRY_ASSIGN(const pickle::Document document, pickle::read(entries.find(folder + "data.pkl")->second.bytes));
    const std::string data = folder + "data/";
    Storages storages;
    for (auto entry = entries.lower_bound(data); entry != entries.end() && entry->first.starts_with(data); ++entry) {
        storages.emplace(entry->first.substr(data.size()), entry->second.bytes);
    }
    return place_tensors(document, storages);
}

Result<CheckpointContents> read_torch_stream(std::span<const std::byte> file) {
    PickleStream stream(file);
    DETECT_TRY(check_stream_header(stream));
    DETECT_TRY_ASSIGN(const pickle::Document document, stream.next());
    DETECT_TRY_ASSIGN(const Storages storages, read_stream_storages(stream, document));
    return place_tensors(document, storages);
}

} // namespace detect
