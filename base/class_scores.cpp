// SPDX-License-Identifier: Apache-2.0
#include "base/class_scores.h"

#include "base/text.h"
#include "base/try.h"

#include <charconv>
#include <vector>

namespace detect {

namespace {

/// At commas without a backslash before them; backslashes stay.
std::vector<std::string_view> split_items(std::string_view text) {
    std::vector<std::string_view> items;
    std::size_t begin = 0;
    for (std::size_t at = 0; at < text.size(); ++at) {
        if (text[at] == '\\') {
            ++at;
        } else if (text[at] == ',') {
            items.push_back(text.substr(begin, at - begin));
            begin = at + 1;
        }
    }
    items.push_back(text.substr(begin));
    return items;
}

std::string without_backslashes(std::string_view text) {
    std::string name;
    for (std::size_t at = 0; at < text.size(); ++at) {
        if (text[at] == '\\' && at + 1 < text.size()) ++at;
        name += text[at];
    }
    return name;
}

std::string with_backslashes(std::string_view name) {
    std::string text;
    for (const char letter : name) {
        if (letter == ',' || letter == '\\') text += '\\';
        text += letter;
    }
    return text;
}

Error wrong_item(std::string_view item, const std::string& what) {
    return {ErrorCode::invalid_argument, "'" + without_controls(item, '?') + "': " + what};
}

Result<float> parse_score(std::string_view item, std::string_view text) {
    float score = 0.0F;
    const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), score);
    const bool sound = code == std::errc() && end == text.data() + text.size() && score >= 0.0F && score <= 1.0F;
    if (sound) return score;
    return wrong_item(item, "a score is a number from 0 to 1; write 0.5 for all classes, or NAME=0.5 for one");
}

} // namespace

Result<ClassScores> parse_class_scores(std::string_view text) {
    ClassScores scores;
    for (const std::string_view item : split_items(text)) {
        const std::size_t equals = item.rfind('=');
        if (equals == std::string_view::npos) {
            DETECT_TRY_ASSIGN(const float score, parse_score(item, item));
            if (scores.others) return wrong_item(item, "there is a score for all other classes already; give one");
            scores.others = score;
            continue;
        }
        DETECT_TRY_ASSIGN(const float score, parse_score(item, item.substr(equals + 1)));
        const std::string name = without_backslashes(item.substr(0, equals));
        if (name.empty()) return wrong_item(item, "there is no name before the =");
        if (!scores.by_name.emplace(name, score).second)
            return wrong_item(item, "this class has a score already; give one");
    }
    return scores;
}

std::string to_text(const ClassScores& scores) {
    std::vector<std::string> items;
    if (scores.others) items.push_back(shortest_text(*scores.others));
    for (const auto& [name, score] : scores.by_name)
        items.push_back(with_backslashes(name) + "=" + shortest_text(score));
    return listed(items, {.separator = ","});
}

} // namespace detect
