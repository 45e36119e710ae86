// SPDX-License-Identifier: Apache-2.0
#include "tests/support/npy.h"

#include "base/checked.h"
#include "base/try.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <fstream>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>

namespace detect::test {
namespace {

constexpr std::string_view magic = "\x93NUMPY";

constexpr std::array<std::pair<std::string_view, DataType>, 6> types = {{
    {"<f4", DataType::float32},
    {"<f8", DataType::float64},
    {"|u1", DataType::uint8},
    {"<i4", DataType::int32},
    {"<i8", DataType::int64},
    {"|b1", DataType::boolean},
}};

Error unreadable(const std::filesystem::path& path, std::string_view what) {
    return Error{ErrorCode::unreadable_input, path.string() + ": " + std::string(what)};
}

/// The text between `open` and `close` after `'key':` in the header's Python dictionary.
std::optional<std::string_view> field(std::string_view header, std::string_view key, char open, char close) {
    const auto at = header.find(key);
    if (at == std::string_view::npos) return std::nullopt;
    const auto colon = header.find(':', at);
    if (colon == std::string_view::npos) return std::nullopt;
    const auto first = header.find(open, colon);
    if (first == std::string_view::npos) return std::nullopt;
    const auto last = header.find(close, first + 1);
    if (last == std::string_view::npos) return std::nullopt;
    return header.substr(first + 1, last - first - 1);
}

std::optional<Dims> parse_shape(std::string_view text) {
    Dims dims;
    const char* const end = text.data() + text.size();
    for (const char* at = text.data(); at != end;) {
        if (*at == ' ' || *at == ',') {
            ++at;
            continue;
        }
        std::int64_t size = 0;
        const auto [next, error] = std::from_chars(at, end, size);
        if (error != std::errc() || size < 0 || dims.rank() == Dims::max_rank) return std::nullopt;
        dims.push_back(size);
        at = next;
    }
    return dims;
}

} // namespace

Result<Tensor> read_npy(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    if (!file) return unreadable(path, "cannot be opened");
    std::array<char, 8> start{};
    file.read(start.data(), start.size());
    if (!file || std::string_view(start.data(), magic.size()) != magic) return unreadable(path, "not a .npy file");
    // The header's length is two bytes in version 1 and four bytes after that.
    std::array<unsigned char, 4> length_bytes{};
    file.read(reinterpret_cast<char*>(length_bytes.data()), start[6] == 1 ? 2 : 4);
    const std::size_t length = length_bytes[0] | static_cast<std::size_t>(length_bytes[1]) << 8U |
                               static_cast<std::size_t>(length_bytes[2]) << 16U;
    std::string header(length, '\0');
    file.read(header.data(), static_cast<std::streamsize>(length));
    if (!file) return unreadable(path, "the header is cut off");

    const auto type_name = field(header, "descr", '\'', '\'');
    const auto shape_text = field(header, "shape", '(', ')');
    const auto dims = shape_text ? parse_shape(*shape_text) : std::nullopt;
    if (!type_name || !dims || header.find("'fortran_order': False") == std::string::npos) {
        return unreadable(path, "the header is not that of a row-major array: " + header);
    }
    const auto* const type = std::ranges::find(types, *type_name, &decltype(types)::value_type::first);
    if (type == types.end()) return unreadable(path, "element type " + std::string(*type_name) + " is not read");

    DETECT_TRY_ASSIGN(Tensor tensor, Tensor::create(type->second, *dims));
    const auto bytes = tensor.mutable_bytes();
    file.read(reinterpret_cast<char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
    if (static_cast<std::size_t>(file.gcount()) != bytes.size()) return unreadable(path, "the data is cut off");
    return tensor;
}

Result<void> write_npy(const std::filesystem::path& path, const Tensor& tensor) {
    const auto* const type = std::ranges::find(types, tensor.type(), &decltype(types)::value_type::second);
    if (type == types.end()) {
        return Error{ErrorCode::unsupported, path.string() + ": cannot write " + std::string(to_string(tensor.type()))};
    }
    std::ostringstream text;
    text << "{'descr': '" << type->first << "', 'fortran_order': False, 'shape': (";
    for (const std::int64_t size : tensor.dims()) text << size << ",";
    text << "), }";
    std::string header = text.str();
    // Magic, version, length, header and a line break together fill a multiple of 64 bytes.
    header.append(63 - (10 + header.size()) % 64, ' ');
    header += '\n';

    std::ofstream file(path, std::ios::binary);
    file << magic << '\x01' << '\0' << static_cast<char>(header.size() & 0xffU)
         << static_cast<char>(header.size() >> 8U) << header;
    const auto bytes = tensor.bytes();
    file.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
    file.close();
    if (!file) return Error{ErrorCode::unreadable_input, path.string() + ": cannot be written"};
    return {};
}

} // namespace detect::test
