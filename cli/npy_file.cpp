// SPDX-License-Identifier: Apache-2.0
#include "cli/npy_file.h"

#include "base/atomic_file.h"
#include "base/checked.h"
#include "base/input_file.h"
#include "base/text.h"
#include "base/try.h"
#include "executor/reference/strided_copy.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <string_view>
#include <vector>

namespace detect::cli {

namespace {

namespace fs = std::filesystem;

constexpr std::string_view magic = "\x93NUMPY";
/// NumPy's own are below 200 bytes; structured types, which are not read, can make them long.
constexpr std::size_t longest_header = 65536;

struct NamedType {
    std::string_view descr;
    DataType type;
};

constexpr std::array<NamedType, 12> types{{{"<f4", DataType::float32},
                                           {"<f8", DataType::float64},
                                           {"<f2", DataType::float16},
                                           {"|i1", DataType::int8},
                                           {"<i2", DataType::int16},
                                           {"<i4", DataType::int32},
                                           {"<i8", DataType::int64},
                                           {"|u1", DataType::uint8},
                                           {"<u2", DataType::uint16},
                                           {"<u4", DataType::uint32},
                                           {"<u8", DataType::uint64},
                                           {"|b1", DataType::boolean}}};

Error unreadable(std::string message) { return {ErrorCode::unreadable_input, std::move(message)}; }
Error damaged_header() { return unreadable("its header is damaged: not an array that numpy.save wrote"); }

Result<DataType> type_of(std::string_view descr) {
    const auto found = std::ranges::find(types, descr, &NamedType::descr);
    if (found != types.end()) return found->type;
    std::string message = "holds elements of type '" + printable(descr) + "'";
    message += descr.starts_with('>') ? ", which are big-endian; save it as x.astype(x.dtype.newbyteorder('<'))"
                                      : "; booleans, integers and floats of 16, 32 and 64 bits can be read";
    return unreadable(std::move(message));
}

struct Header {
    DataType type = DataType::undefined;
    bool column_major = false;
    Dims dims;
};

/// Reads the dictionary that describes an array: "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }".
class HeaderParser {
public:
    explicit HeaderParser(std::string_view text) : rest_(text) {}

    Result<Header> parse() {
        if (!skip('{')) return damaged_header();
        while (!skip('}')) {
            DETECT_TRY_ASSIGN(const std::string_view key, text());
            if (!skip(':')) return damaged_header();
            DETECT_TRY(parse_entry(key));
            if (!skip(',') && !next_is('}')) return damaged_header();
        }
        skip_space();
        if (!rest_.empty() || !has_type_ || !has_order_ || !has_shape_) return damaged_header();
        return header_;
    }

private:
    Result<void> parse_entry(std::string_view key) {
        if (key == "descr" && !has_type_) {
            if (next_is('[') || next_is('(')) {
                return unreadable("holds records of several fields; save one field of it");
            }
            DETECT_TRY_ASSIGN(const std::string_view descr, text());
            DETECT_TRY_ASSIGN(header_.type, type_of(descr));
            has_type_ = true;
        } else if (key == "fortran_order" && !has_order_) {
            header_.column_major = skip_word("True");
            if (!header_.column_major && !skip_word("False")) return damaged_header();
            has_order_ = true;
        } else if (key == "shape" && !has_shape_) {
            DETECT_TRY(parse_shape());
            has_shape_ = true;
        } else {
            return damaged_header();
        }
        return {};
    }

    Result<void> parse_shape() {
        if (!skip('(')) return damaged_header();
        while (!skip(')')) {
            std::int64_t size = 0;
            skip_space();
            const auto [end, error] = std::from_chars(rest_.data(), rest_.data() + rest_.size(), size);
            if (error != std::errc{} || size < 0) return damaged_header();
            rest_.remove_prefix(static_cast<std::size_t>(end - rest_.data()));
            if (header_.dims.rank() == Dims::max_rank) {
                return unreadable("has more than " + std::to_string(Dims::max_rank) + " dimensions");
            }
            header_.dims.push_back(size);
            if (!skip(',') && !next_is(')')) return damaged_header();
        }
        return {};
    }

    Result<std::string_view> text() {
        const char quote = next_is('"') ? '"' : '\'';
        if (!skip(quote)) return damaged_header();
        const std::size_t end = rest_.find(quote);
        if (end == std::string_view::npos) return damaged_header();
        const std::string_view found = rest_.substr(0, end);
        rest_.remove_prefix(end + 1);
        return found;
    }

    void skip_space() { rest_.remove_prefix(std::min(rest_.find_first_not_of(" \t\n"), rest_.size())); }
    bool next_is(char wanted) {
        skip_space();
        return rest_.starts_with(wanted);
    }
    bool skip(char wanted) {
        if (!next_is(wanted)) return false;
        rest_.remove_prefix(1);
        return true;
    }
    bool skip_word(std::string_view wanted) {
        skip_space();
        if (!rest_.starts_with(wanted)) return false;
        rest_.remove_prefix(wanted.size());
        return true;
    }

    std::string_view rest_;
    Header header_;
    bool has_type_ = false;
    bool has_order_ = false;
    bool has_shape_ = false;
};

/// Reads a file from its start on.
class Front {
public:
    explicit Front(const InputFile& file) : file_(&file) {}

    /// The next `size` bytes; nothing if there are fewer.
    std::optional<std::string> take(std::size_t size) {
        if (size > file_->size() - position_) return std::nullopt;
        std::string text(size, '\0');
        if (!file_->read(position_, std::as_writable_bytes(std::span(text)))) return std::nullopt;
        position_ += size;
        return text;
    }
    [[nodiscard]] std::uint64_t position() const { return position_; }

private:
    const InputFile* file_;
    std::uint64_t position_ = 0;
};

/// Reads up to the first element.
Result<Header> read_header(Front& file) {
    const auto front = file.take(magic.size() + 2);
    if (!front || !front->starts_with(magic)) return unreadable("is not a .npy file, as numpy.save writes them");
    const char version = (*front)[magic.size()];
    if (version < 1 || version > 3) {
        return unreadable("is of version " + std::to_string(version) + " of the format, 1 to 3 can be read");
    }
    const auto length = file.take(version == 1 ? 2 : 4);
    if (!length) return damaged_header();
    std::size_t size = 0;
    for (std::size_t i = length->size(); i-- > 0;) size = size << 8U | static_cast<unsigned char>((*length)[i]);
    if (size > longest_header) return damaged_header();
    const auto text = file.take(size);
    if (!text) return damaged_header();
    return HeaderParser(*text).parse();
}

/// The elements in C order.
Result<Tensor> to_row_major(const Tensor& column_major) {
    const Dims& dims = column_major.dims();
    // Without elements there is nothing to move, and the other sizes may multiply to anything.
    if (column_major.element_count() == 0) return column_major;
    DETECT_TRY_ASSIGN(Tensor result, Tensor::create_uninitialised(column_major.type(), dims));
    std::vector<reference::StridedAxis> axes;
    std::int64_t stride = 1;
    for (const std::int64_t size : dims) {
        axes.push_back({size, stride});
        stride *= std::max<std::int64_t>(size, 1);
    }
    reference::copy_strided(result.mutable_bytes().data(), column_major.bytes().data(), axes,
                            element_size(column_major.type()));
    return result;
}

/// Elements and, while they are put in order, a copy of them.
Result<void> check_memory(const Header& header, std::int64_t bytes, std::uint64_t most_bytes) {
    const auto needed = static_cast<std::uint64_t>(bytes) * (header.column_major && header.dims.rank() > 1 ? 2 : 1);
    if (needed <= most_bytes) return {};
    return Error{ErrorCode::resource_limit, "takes " + std::to_string(needed) + " bytes of memory, and " +
                                                std::to_string(most_bytes) +
                                                " are left of the limit; raise it with --memory-limit"};
}

Result<Tensor> read_array(const InputFile& file, std::uint64_t most_bytes) {
    Front front(file);
    DETECT_TRY_ASSIGN(const Header header, read_header(front));

    const auto bytes = checked_byte_count(header.dims.sizes(), element_size(header.type));
    const std::uint64_t present = file.size() - front.position();
    if (!bytes || static_cast<std::uint64_t>(*bytes) != present) {
        return unreadable("holds " + std::to_string(present) + " bytes of elements, " + to_string(header.dims) +
                          " of " + std::string(to_string(header.type)) + " ask for " +
                          (bytes ? std::to_string(*bytes) : "more than can be addressed"));
    }
    DETECT_TRY(check_memory(header, *bytes, most_bytes));
    DETECT_TRY_ASSIGN(Tensor tensor, Tensor::create_uninitialised(header.type, header.dims));
    DETECT_TRY(file.read(front.position(), tensor.mutable_bytes().first(static_cast<std::size_t>(*bytes))));
    if (header.type == DataType::boolean) {
        // A bool must be 0 or 1 in memory; files may say anything.
        for (std::byte& value : tensor.mutable_bytes()) value = value == std::byte{0} ? std::byte{0} : std::byte{1};
    }
    if (header.column_major && header.dims.rank() > 1) return to_row_major(tensor);
    return tensor;
}

} // namespace

Result<Tensor> read_npy(const fs::path& path, std::uint64_t most_bytes) {
    if (!fs::exists(path)) return unreadable(path.string() + ": does not exist");
    DETECT_TRY_ASSIGN(const InputFile file, InputFile::open(path));
    auto tensor = read_array(file, most_bytes);
    const std::string name = path.string() + ": ";
    if (!tensor && tensor.error().message.starts_with(name)) return tensor;
    if (!tensor) return Error{tensor.error().code, name + tensor.error().message};
    return tensor;
}

Result<std::string> npy_header(DataType type, const Dims& dims) {
    const auto found = std::ranges::find(types, type, &NamedType::type);
    if (found == types.end()) {
        return Error{ErrorCode::unsupported, "NumPy has no type for " + std::string(to_string(type))};
    }
    std::string text = "{'descr': '" + std::string(found->descr) + "', 'fortran_order': False, 'shape': (";
    for (const std::int64_t size : dims) text += std::to_string(size) + (dims.rank() == 1 ? "," : ", ");
    if (dims.rank() > 1) text.resize(text.size() - 2);
    text += "), }";
    // The elements begin on a boundary of 64 bytes, after a line break.
    constexpr std::size_t boundary = 64;
    const std::size_t before = magic.size() + 4;
    text.append((boundary - (before + text.size() + 1) % boundary) % boundary, ' ');
    text += '\n';
    std::string header(magic);
    header += {'\x01', '\x00', static_cast<char>(text.size() & 0xFFU), static_cast<char>(text.size() >> 8U)};
    return header + text;
}

Result<void> write_npy(const fs::path& path, const Tensor& tensor) {
    auto header = npy_header(tensor.type(), tensor.dims());
    if (!header) return Error{header.error().code, path.string() + ": " + header.error().message};
    DETECT_TRY_ASSIGN(AtomicFile file, AtomicFile::create(path));
    DETECT_TRY(file.write(std::as_bytes(std::span(*header))));
    DETECT_TRY(file.write(tensor.bytes()));
    return file.commit();
}

} // namespace detect::cli
