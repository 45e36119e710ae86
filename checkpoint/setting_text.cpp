// SPDX-License-Identifier: Apache-2.0
#include "checkpoint/setting_text.h"

#include "base/json_tree.h"
#include "base/try.h"

#include <charconv>

#include <nlohmann/json.hpp>

namespace detect {

namespace {

template <class T>
std::string written(T value) {
    char buffer[32];
    const auto end = std::to_chars(std::begin(buffer), std::end(buffer), value);
    return {buffer, end.ptr};
}

template <class T>
std::string joined(const std::vector<T>& values) {
    std::string text;
    for (const T value : values) text += (text.empty() ? "" : ",") + written(value);
    return text;
}

template <class T>
Result<void> read_list(std::string_view text, std::vector<T>& values) {
    std::vector<T> found;
    std::string_view rest = text;
    while (true) {
        const std::size_t comma = rest.find(',');
        const std::string_view item = rest.substr(0, comma);
        T value{};
        const auto [end, code] = std::from_chars(item.data(), item.data() + item.size(), value);
        if (code != std::errc{} || end != item.data() + item.size()) {
            return Error{ErrorCode::invalid_argument,
                         "'" + std::string(text) + "' is not a list of numbers separated by commas"};
        }
        found.push_back(value);
        if (comma == std::string_view::npos) break;
        rest.remove_prefix(comma + 1);
    }
    values = std::move(found);
    return {};
}

template <class T>
Result<void> read_number(std::string_view text, T& value) {
    std::vector<T> values;
    DETECT_TRY(read_list(text, values));
    if (values.size() != 1) return Error{ErrorCode::invalid_argument, "one number is expected"};
    value = values.front();
    return {};
}

} // namespace

std::string to_text(std::int64_t value) { return written(value); }
std::string to_text(float value) { return written(value); }
std::string to_text(const std::vector<std::int64_t>& values) { return joined(values); }
std::string to_text(const std::vector<float>& values) { return joined(values); }
std::string to_text(const std::vector<std::string>& names) {
    std::string text; // name by name: a list's destructor asks for memory, and ends the program where there is none
    for (const std::string& name : names) {
        text += text.empty() ? "[" : ",";
        text += nlohmann::json(name).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
    }
    return text.empty() ? "[]" : text + "]";
}

Result<void> read_text(std::string_view text, std::int64_t& value) { return read_number(text, value); }
Result<void> read_text(std::string_view text, float& value) { return read_number(text, value); }
Result<void> read_text(std::string_view text, std::vector<std::int64_t>& values) { return read_list(text, values); }
Result<void> read_text(std::string_view text, std::vector<float>& values) { return read_list(text, values); }

Result<void> read_text(std::string_view text, std::vector<std::string>& names) {
    const auto tree = parse_json_text<nlohmann::json>(text);
    const nlohmann::json& json = *tree;
    if (!json.is_array()) return Error{ErrorCode::invalid_argument, "a JSON list of names is expected"};
    std::vector<std::string> found;
    for (const auto& item : json) {
        if (!item.is_string()) return Error{ErrorCode::invalid_argument, "a JSON list of names is expected"};
        found.push_back(item.get<std::string>());
    }
    names = std::move(found);
    return {};
}

} // namespace detect
