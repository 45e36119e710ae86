// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

/// Text for a terminal that is no wider than it.
namespace detect {

/// At most so many columns: of longer text the start, or the end where that is what tells names apart, and "…".
enum class Keep { start, end };
[[nodiscard]] std::string cut_to(std::string_view text, std::size_t columns, Keep keep = Keep::start);

/// A sentence as lines of at most so many columns, each ended. Words that are longer are cut.
[[nodiscard]] std::string wrapped(std::string_view text, std::size_t columns);

/// Rows of cells; the first column is aligned left, the others right. All rows have as many cells as the first one.
class TextTable {
public:
    explicit TextTable(Keep keep = Keep::start) : keep_(keep) {}
    void add(std::vector<std::string> row) { rows_.push_back(std::move(row)); }

    /// Columns for which there is no room go below the others, behind the first column once more. `keep` says what
    /// stays of a first column that is too long; of other cells it is the start.
    [[nodiscard]] std::string text(std::size_t columns) const;

private:
    Keep keep_;
    std::vector<std::vector<std::string>> rows_;
};

} // namespace detect
