// SPDX-License-Identifier: Apache-2.0
#include "base/json_text.h"

#include <algorithm>

namespace detect {

namespace {

/// What nlohmann's values take on the heap, each with what malloc adds: a list or object, a member (a tree's node with
/// its key), an element (its list may have room for as many again).
constexpr std::uint64_t container_bytes = 64;
constexpr std::uint64_t member_bytes = 112;
constexpr std::uint64_t element_bytes = 32;
/// A text that is too long to lie within its value.
constexpr std::uint64_t text_bytes = 48;

/// The end of the text that begins behind a quote at `begin`: behind its closing quote, or where all ends.
std::size_t end_of_text(std::string_view text, std::size_t begin) {
    std::size_t at = begin;
    while (at < text.size() && text[at] != '"') at += text[at] == '\\' ? 2 : 1;
    return std::min(at + 1, text.size());
}

} // namespace

std::optional<JsonFlaw> beyond_limits(std::string_view text, const JsonLimits& limits) {
    std::size_t depth = 0;
    std::uint64_t memory = 0;
    for (std::size_t at = 0; at < text.size(); ++at) {
        switch (text[at]) {
        case '[':
        case '{':
            if (++depth > limits.depth) return JsonFlaw{JsonFlaw::Kind::depth, at};
            memory += container_bytes + element_bytes;
            break;
        case ']':
        case '}': depth -= depth > 0 ? 1 : 0; break;
        case ',': memory += element_bytes; break;
        case ':': memory += member_bytes; break;
        case '"': {
            const std::size_t end = end_of_text(text, at + 1);
            memory += text_bytes + (end - at);
            at = end - 1;
            break;
        }
        default: break;
        }
        if (memory > limits.memory) return JsonFlaw{JsonFlaw::Kind::memory, at};
    }
    return std::nullopt;
}

std::string line_and_column(std::string_view text, std::size_t offset) {
    const std::string_view before = text.substr(0, std::min(offset, text.size()));
    const auto lines = std::ranges::count(before, '\n');
    const std::size_t start = before.rfind('\n');
    const std::size_t column = start == std::string_view::npos ? before.size() + 1 : before.size() - start;
    return "line " + std::to_string(lines + 1) + ", column " + std::to_string(column);
}

std::string describe(const JsonFlaw& flaw, std::string_view text, const JsonLimits& limits) {
    const std::string place = line_and_column(text, flaw.offset) + ": ";
    switch (flaw.kind) {
    case JsonFlaw::Kind::depth:
        return place + "lists or objects lie within each other more than " + std::to_string(limits.depth) + " deep";
    case JsonFlaw::Kind::memory:
        return place + "up to here its values take " + std::to_string(limits.memory / 1'000'000) +
               " MB of memory, the limit for JSON; split the file, or raise the limit";
    case JsonFlaw::Kind::number: return "holds a number that is too large";
    case JsonFlaw::Kind::syntax: break;
    }
    return place + "is not JSON from here on";
}

} // namespace detect
