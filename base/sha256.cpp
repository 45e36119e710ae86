// SPDX-License-Identifier: Apache-2.0
#include "base/sha256.h"

#include "base/mapped_file.h"
#include "base/try.h"

#include <array>
#include <cstdint>
#include <sys/types.h> // which sha2.h needs and does not include

#include <sha2.h>

namespace detect {

std::string sha256(std::span<const std::byte> bytes) {
    SHA2_CTX context;
    SHA256Init(&context);
    SHA256Update(&context, reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
    std::array<char, SHA256_DIGEST_STRING_LENGTH> hexadecimal{};
    SHA256End(&context, hexadecimal.data());
    return {hexadecimal.data()};
}

Result<std::string> sha256_of_file(const std::filesystem::path& file) {
    DETECT_TRY_ASSIGN(const MappedFile mapped, MappedFile::open(file));
    return sha256(mapped.bytes());
}

} // namespace detect
