// SPDX-License-Identifier: Apache-2.0
#include "base/sha256.h"

#include "base/input_file.h"
#include "base/text.h"
#include "base/try.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <sys/types.h> // which sha2.h needs and does not include
#include <vector>

#include <sha2.h>

namespace detect {

namespace {

/// Takes bytes piece by piece.
class Digest {
public:
    Digest() { SHA256Init(&context_); }
    void add(std::span<const std::byte> bytes) {
        SHA256Update(&context_, reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
    }
    std::string finish() {
        std::array<char, SHA256_DIGEST_STRING_LENGTH> hexadecimal{};
        SHA256End(&context_, hexadecimal.data());
        return {hexadecimal.data()};
    }

private:
    SHA2_CTX context_{};
};

} // namespace

std::string sha256(std::span<const std::byte> bytes) {
    Digest digest;
    digest.add(bytes);
    return digest.finish();
}

Result<std::string> sha256_of_file(const std::filesystem::path& file) {
    DETECT_TRY_ASSIGN(const InputFile input, InputFile::open(file));
    if (input.size() == 0) return Error{ErrorCode::unreadable_input, printable_path(file) + ": the file is empty"};
    Digest digest;
    std::vector<std::byte> buffer(static_cast<std::size_t>(std::min<std::uint64_t>(input.size(), 1U << 20U)));
    for (std::uint64_t offset = 0; offset < input.size();) {
        const auto part = std::span(buffer).first(
            static_cast<std::size_t>(std::min<std::uint64_t>(buffer.size(), input.size() - offset)));
        DETECT_TRY(input.read(offset, part));
        digest.add(part);
        offset += part.size();
    }
    return digest.finish();
}

} // namespace detect
