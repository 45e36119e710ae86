// SPDX-License-Identifier: Apache-2.0
#include "checkpoint/safetensors_writer.h"

#include "base/atomic_file.h"
#include "base/half.h"
#include "base/text.h"
#include "base/try.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

namespace detect {

namespace {

using nlohmann::json;

Result<void> check_tensor(const std::string& name, const Tensor& tensor, StoredPrecision precision) {
    if (name == "__metadata__") return Error{ErrorCode::invalid_argument, "a tensor cannot be called __metadata__"};
    if (tensor.type() != DataType::float32) {
        return Error{ErrorCode::invalid_argument, "tensor " + printable(name) + " is " +
                                                      std::string(to_string(tensor.type())) +
                                                      "; only float32 can be written"};
    }
    if (precision == StoredPrecision::float32) return {};
    for (const float value : tensor.data<float>()) {
        if (std::isfinite(value) && std::isinf(half_to_float(float_to_half(value)))) {
            return Error{ErrorCode::invalid_argument, "tensor " + printable(name) + " has the value " +
                                                          std::to_string(value) +
                                                          ", which float16 cannot hold; write float32"};
        }
    }
    return {};
}

/// The header, padded with spaces so that the data begins at a multiple of 64 bytes and can be used where it is read.
std::string make_header(const std::map<std::string, Tensor, std::less<>>& tensors,
                        const std::map<std::string, std::string>& metadata, StoredPrecision precision) {
    constexpr std::size_t alignment = 64;
    const std::size_t element = precision == StoredPrecision::float32 ? sizeof(float) : sizeof(std::uint16_t);
    json header = json::object();
    if (!metadata.empty()) header["__metadata__"] = metadata;
    std::size_t offset = 0;
    for (const auto& [name, tensor] : tensors) {
        const std::size_t end = offset + static_cast<std::size_t>(tensor.element_count()) * element;
        header[name] = {{"dtype", precision == StoredPrecision::float32 ? "F32" : "F16"},
                        {"shape", std::vector<std::int64_t>(tensor.dims().begin(), tensor.dims().end())},
                        {"data_offsets", {offset, end}}};
        offset = end;
    }
    // Text that is not UTF-8 is replaced where JSON cannot hold it; names from a pickle are any bytes.
    std::string text = header.dump(-1, ' ', false, json::error_handler_t::replace);
    while ((sizeof(std::uint64_t) + text.size()) % alignment != 0) text += ' ';
    return text;
}

std::vector<std::uint16_t> to_halves(std::span<const float> values) {
    std::vector<std::uint16_t> halves(values.size());
    std::ranges::transform(values, halves.begin(), float_to_half);
    return halves;
}

} // namespace

Result<void> write_safetensors(const std::filesystem::path& path,
                               const std::map<std::string, Tensor, std::less<>>& tensors,
                               const std::map<std::string, std::string>& metadata, StoredPrecision precision) {
    for (const auto& [name, tensor] : tensors) {
        if (auto checked = check_tensor(name, tensor, precision); !checked) {
            return Error{checked.error().code, printable_path(path) + ": " + checked.error().message};
        }
    }
    const std::string header = make_header(tensors, metadata, precision);
    DETECT_TRY_ASSIGN(AtomicFile file, AtomicFile::create(path));
    const std::uint64_t length = header.size();
    DETECT_TRY(file.write(std::as_bytes(std::span(&length, 1))));
    DETECT_TRY(file.write(std::as_bytes(std::span(header))));
    for (const auto& [name, tensor] : tensors) {
        if (precision == StoredPrecision::float32) {
            DETECT_TRY(file.write(tensor.bytes()));
        } else {
            const std::vector<std::uint16_t> halves = to_halves(tensor.data<float>());
            DETECT_TRY(file.write(std::as_bytes(std::span(halves))));
        }
    }
    return file.commit();
}

} // namespace detect
