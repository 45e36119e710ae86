// SPDX-License-Identifier: Apache-2.0
#include "base/file_names.h"

#include "base/text.h"

#include <array>
#include <cstdint>
#include <cstdio>

namespace detect {

std::string short_file_name(std::string_view name) {
    if (name.size() <= longest_file_name) return std::string(name);
    std::uint64_t hash = 0xCBF29CE484222325U;
    for (const char letter : name) hash = (hash ^ static_cast<unsigned char>(letter)) * 0x100000001B3U;
    std::array<char, 20> number{};
    std::snprintf(number.data(), number.size(), "-%016llx", static_cast<unsigned long long>(hash));
    return std::string(first_bytes(name, longest_file_name - 17)) + number.data();
}

} // namespace detect
