// SPDX-License-Identifier: Apache-2.0
#include "base/text_table.h"

#include "base/text.h"

#include <algorithm>

namespace detect {

namespace {

/// Of a table's width, for names.
constexpr std::size_t widest_first_column = 30;
constexpr std::size_t widest_column = 24;
constexpr std::string_view gap = "  ";

std::string_view first_letter(std::string_view text) { return text.substr(0, first_letter_length(text)); }

std::string_view first_columns(std::string_view text, std::size_t most) {
    std::size_t end = 0;
    for (std::size_t taken = 0; end < text.size();) {
        const std::string_view letter = first_letter(text.substr(end));
        taken += columns(letter);
        if (taken > most) break;
        end += letter.size();
    }
    return text.substr(0, end);
}

std::string_view last_columns(std::string_view text, std::size_t most) {
    for (std::size_t left = columns(text); left > most;) {
        const std::string_view letter = first_letter(text);
        left -= columns(letter);
        text.remove_prefix(letter.size());
    }
    return text;
}

std::string padding(std::string_view cell, std::size_t width) { return std::string(width - columns(cell), ' '); }

} // namespace

std::string cut_to(std::string_view text, std::size_t most, Keep keep) {
    if (columns(text) <= most) return std::string(text);
    if (keep == Keep::start) return std::string(first_columns(text, most - 1)) + "…";
    return "…" + std::string(last_columns(text, most - 1));
}

std::string wrapped(std::string_view text, std::size_t most) {
    std::string lines;
    std::size_t used = 0;
    while (!text.empty()) {
        const std::string_view rest = text.substr(0, text.find(' '));
        text.remove_prefix(std::min(text.size(), rest.size() + 1));
        const std::string word = cut_to(rest, most, Keep::end);
        const bool fits = used > 0 && used + 1 + columns(word) <= most;
        if (used > 0) lines += fits ? " " : "\n";
        used = (fits ? used + 1 : 0) + columns(word);
        lines += word;
    }
    return lines + "\n";
}

std::string TextTable::text(std::size_t most) const {
    std::vector<std::vector<std::string>> rows = rows_;
    std::vector<std::size_t> widths;
    for (auto& row : rows) {
        widths.resize(std::max(widths.size(), row.size()));
        for (std::size_t i = 0; i < row.size(); ++i) {
            row[i] = i == 0 ? cut_to(row[i], widest_first_column, keep_) : cut_to(row[i], widest_column);
            widths[i] = std::max(widths[i], columns(row[i]));
        }
    }
    std::string text;
    for (std::size_t begin = 1; begin < std::max<std::size_t>(widths.size(), 2);) {
        std::size_t end = begin;
        std::size_t width = widths.empty() ? 0 : widths[0];
        while (end < widths.size() && (end == begin || width + gap.size() + widths[end] <= most))
            width += gap.size() + widths[end++];
        if (begin > 1) text += "\n";
        for (const auto& row : rows) {
            std::string line = row[0] + padding(row[0], widths[0]);
            for (std::size_t i = begin; i < std::min(end, row.size()); ++i)
                line.append(gap).append(padding(row[i], widths[i])).append(row[i]);
            text += line.substr(0, line.find_last_not_of(' ') + 1) + "\n";
        }
        begin = std::max(end, begin + 1);
    }
    return text;
}

} // namespace detect
