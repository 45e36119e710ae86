// SPDX-License-Identifier: Apache-2.0
#include "checkpoint/checkpoint.h"

#include "base/byte_cursor.h"
#include "base/checked.h"
#include "base/input_file.h"
#include "base/sha256.h"
#include "base/text.h"
#include "base/try.h"
#include "checkpoint/safetensors_reader.h"
#include "checkpoint/state_dict.h"
#include "checkpoint/torch_reader.h"

#include <algorithm>
#include <array>
#include <cstdint>

namespace detect {

namespace {

/// The file is held in memory while its tensors are in use. No checkpoint of such a network comes near.
constexpr std::uint64_t most_checkpoint_bytes = std::uint64_t{16} << 30U;

} // namespace

struct Checkpoint::State {
    std::filesystem::path path;
    FileBytes file;
    std::string_view format;
    CheckpointContents contents;
};

namespace {

Error unreadable(const std::string& message) { return {ErrorCode::unreadable_input, message}; }

/// Well-known files that are handed over by mistake, by how they begin.
struct Lookalike {
    std::string_view start;
    std::string_view message;
};

constexpr auto lookalikes = std::to_array<Lookalike>({
    {"\x89HDF\r\n", "is an HDF5 file (Keras), not a PyTorch checkpoint"},
    {"\x93NUMPY", "is a NumPy array, not a checkpoint"},
    {"\x1f\x8b", "is compressed with gzip; unpack it first"},
    {"version https://git-lfs", "is a Git LFS pointer, not the file itself; fetch it with `git lfs pull`"},
    {"<", "is a web page or XML, not a checkpoint; the download may have failed"},
});

Error not_a_checkpoint(std::string_view start) {
    for (const Lookalike& lookalike : lookalikes) {
        if (start.starts_with(lookalike.start)) return unreadable(std::string(lookalike.message));
    }
    // Field 1 of a ModelProto, the version of its format.
    constexpr char oldest_version = 3;
    constexpr char newest_version = 15;
    if (start.size() > 1 && start[0] == '\x08' && start[1] >= oldest_version && start[1] <= newest_version) {
        return unreadable("looks like an ONNX model, not a checkpoint");
    }
    constexpr std::size_t tar_magic = 257;
    if (start.size() > tar_magic && start.substr(tar_magic).starts_with("ustar")) {
        return unreadable(
            "is a tar archive (torch.save before version 0.2 wrote those); load it in PyTorch and save it again");
    }
    const bool is_text = std::ranges::all_of(start.substr(0, 64), [](char character) {
        return (character >= ' ' && character <= '~') || character == '\n' || character == '\r' || character == '\t';
    });
    return unreadable(is_text ? "is a text file, not a checkpoint"
                              : "is no PyTorch checkpoint and no safetensors file");
}

struct Read {
    std::string_view format;
    CheckpointContents contents;
};

Result<Read> read_by_content(std::span<const std::byte> bytes) {
    const std::string_view text = as_text(bytes);
    if (text.starts_with("PK\x03\x04") || text.starts_with("PK\x05\x06")) {
        DETECT_TRY_ASSIGN(CheckpointContents contents, read_torch_zip(bytes));
        return Read{"PyTorch ZIP", std::move(contents)};
    }
    if (text.starts_with('\x80')) {
        DETECT_TRY_ASSIGN(CheckpointContents contents, read_torch_stream(bytes));
        return Read{"PyTorch legacy pickle", std::move(contents)};
    }
    // A text file may have a brace there too, but no length of a header: eight printable bytes are far too large a
    // number.
    constexpr std::size_t header_start = 8;
    if (text.size() > header_start && text[header_start] == '{' && (text[0] < ' ' || text[7] == '\0')) {
        DETECT_TRY_ASSIGN(CheckpointContents contents, read_safetensors(bytes));
        return Read{"safetensors", std::move(contents)};
    }
    return not_a_checkpoint(text.substr(0, 512));
}

/// Strides of 0 and shared storages let a small file describe huge tensors. Real files stay near their own size.
Result<void> check_unfolded_size(const TensorEntries& tensors, std::size_t file_size) {
    const std::int64_t limit = std::max<std::int64_t>(std::int64_t{1} << 20U, 8 * static_cast<std::int64_t>(file_size));
    std::int64_t total = 0;
    for (const auto& [name, entry] : tensors) {
        const auto sum = checked_add(total, entry.element_count());
        if (!sum || *sum > limit) {
            return Error{ErrorCode::resource_limit,
                         "tensor " + printable(name) + " " + to_string(entry.dims) +
                             " unfolds to far more than the file holds (strides of 0, or storages shared too often)"};
        }
        total = *sum;
    }
    return {};
}

Error in_file(const std::filesystem::path& path, const Error& error) {
    return {error.code, printable_path(path) + ": " + error.message};
}

} // namespace

Result<Checkpoint> Checkpoint::open(const std::filesystem::path& path) {
    DETECT_TRY_ASSIGN(const InputFile input, InputFile::open(path));
    if (input.size() == 0) return in_file(path, unreadable("the file is empty"));
    DETECT_TRY_ASSIGN(FileBytes file, input.read_all(most_checkpoint_bytes));
    auto read = read_by_content(file.bytes());
    if (!read) return in_file(path, read.error());
    strip_common_prefixes(read->contents);
    if (const auto checked = check_unfolded_size(read->contents.tensors, file.bytes().size()); !checked) {
        return in_file(path, checked.error());
    }
    return Checkpoint(
        std::make_shared<const State>(State{path, std::move(file), read->format, std::move(read->contents)}));
}

const std::filesystem::path& Checkpoint::path() const { return state_->path; }
std::string_view Checkpoint::format() const { return state_->format; }
const TensorEntries& Checkpoint::tensors() const { return state_->contents.tensors; }
const std::map<std::string, std::string>& Checkpoint::metadata() const { return state_->contents.metadata; }
const std::vector<std::string>& Checkpoint::notes() const { return state_->contents.notes; }

const TensorEntry* Checkpoint::find(std::string_view name) const {
    const auto found = tensors().find(name);
    return found == tensors().end() ? nullptr : &found->second;
}

Result<Tensor> Checkpoint::load(std::string_view name) const {
    const TensorEntry* entry = find(name);
    if (entry == nullptr) {
        return Error{ErrorCode::invalid_argument, printable_path(path()) + ": there is no tensor " + printable(name)};
    }
    auto tensor = load_float32(*entry, state_);
    if (!tensor)
        return in_file(path(), {tensor.error().code, "tensor " + printable(name) + " " + tensor.error().message});
    return tensor;
}

std::string Checkpoint::sha256() const { return detect::sha256(state_->file.bytes()); }

} // namespace detect
