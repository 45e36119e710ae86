// SPDX-License-Identifier: Apache-2.0
#include "evaluation/report/html.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>

namespace detect::evaluation::html {

namespace {

constexpr std::string_view narrow_space = "\u202F";
constexpr std::string_view none = "\u2013";

} // namespace

std::string base64(std::span<const std::byte> bytes) {
    constexpr std::string_view digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string text;
    text.reserve((bytes.size() + 2) / 3 * 4);
    for (std::size_t i = 0; i < bytes.size(); i += 3) {
        const std::size_t present = std::min<std::size_t>(3, bytes.size() - i);
        unsigned group = 0;
        for (std::size_t j = 0; j < 3; ++j)
            group = group << 8U | (j < present ? std::to_integer<unsigned>(bytes[i + j]) : 0U);
        for (std::size_t j = 0; j < 4; ++j)
            text += j <= present ? digits[group >> (6U * (3U - static_cast<unsigned>(j))) & 63U] : '=';
    }
    return text;
}

std::string decimal(double value, int digits) {
    std::array<char, 64> text{};
    std::snprintf(text.data(), text.size(), "%.*f", digits, value);
    return text.data();
}

std::string figure(const std::optional<double>& value) { return value ? decimal(*value, 3) : std::string(none); }

std::string percent(const std::optional<double>& share) {
    if (!share) return std::string(none);
    double rounded = std::round(*share * 100.0);
    if (*share < 1.0) rounded = std::min(rounded, 99.0);
    if (*share > 0.0) rounded = std::max(rounded, 1.0);
    return decimal(rounded, 0) + std::string(narrow_space) + "%";
}

std::string count(std::size_t value) {
    std::string text = std::to_string(value);
    for (std::size_t end = text.size(); end > 3 && text.size() > 4; end -= 3) text.insert(end - 3, narrow_space);
    return text.starts_with(narrow_space) ? text.substr(narrow_space.size()) : text;
}

std::string counted(std::size_t value, std::string_view one, std::string_view several) {
    return count(value) + " " + std::string(value == 1 ? one : several);
}

} // namespace detect::evaluation::html
