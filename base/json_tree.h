// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/json_text.h"

#include <optional>
#include <string_view>
#include <utility>

#include <nlohmann/json.hpp>

/// The one place where JSON from outside becomes values.
namespace detect {

/// Takes lists and objects apart from the inside. Their destructor asks for memory, and where there is none it ends the
/// program; empty ones need none. The depth is limited, so this may recurse.
template <class Json>
void dismantle(Json& value) {
    if (!value.is_structured()) return;
    for (auto& child : value) dismantle(child);
    value.clear();
}

/// A value that goes without asking for memory; a kind of nlohmann::basic_json.
template <class Json>
class JsonTree {
public:
    explicit JsonTree(Json value = Json(Json::value_t::discarded)) : value_(std::move(value)) {}
    JsonTree(JsonTree&& other) noexcept : value_(std::move(other.value_)) {}
    JsonTree& operator=(JsonTree&& other) noexcept {
        std::swap(value_, other.value_);
        return *this;
    }
    JsonTree(const JsonTree&) = delete;
    JsonTree& operator=(const JsonTree&) = delete;
    ~JsonTree() { dismantle(value_); }

    [[nodiscard]] const Json& operator*() const { return value_; }
    [[nodiscard]] const Json* operator->() const { return &value_; }
    [[nodiscard]] Json& value() { return value_; }

private:
    Json value_;
};

/// Takes a kind of nlohmann::basic_json; a discarded value if the text has a flaw, which is told.
template <class Json>
[[nodiscard]] JsonTree<Json> parse_json_text(std::string_view text, std::optional<JsonFlaw>& flaw,
                                             const JsonLimits& limits = {}) {
    flaw = beyond_limits(text, limits);
    if (flaw) return JsonTree<Json>();
    try {
        // As Json::parse does it, but what is there when memory ends is in a tree that can go.
        JsonTree<Json> tree;
        nlohmann::detail::json_sax_dom_parser<Json> values(tree.value());
        Json::sax_parse(text, &values);
        return tree;
    } catch (const typename Json::parse_error& error) {
        flaw = JsonFlaw{JsonFlaw::Kind::syntax, error.byte == 0 ? 0 : error.byte - 1};
    } catch (const typename Json::exception&) { // a number beyond the range of the type
        flaw = JsonFlaw{JsonFlaw::Kind::number, 0};
    }
    return JsonTree<Json>();
}

/// The same of a text within another file, such as class names, without the cause.
template <class Json>
[[nodiscard]] JsonTree<Json> parse_json_text(std::string_view text) {
    std::optional<JsonFlaw> flaw;
    return parse_json_text<Json>(text, flaw, {.memory = 256'000'000});
}

} // namespace detect
