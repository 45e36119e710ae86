// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

/// Which picture an annotation file means by a name that was written on another machine.
namespace detect {

/// Letters that are composed, such as é, as the letter and its marks: what macOS stores and what others write become
/// the same (Unicode's form NFD for all that results/composed_letters.cpp has, and Hangul; marks keep their order).
/// Bytes that are not UTF-8 stay.
[[nodiscard]] std::string decomposed(std::string_view text);

/// The parts of a path, the last one first, decomposed: "./a\\b//c.png" is c.png, b, a. Backslashes separate, too;
/// ".." takes away the part before it, where there is one.
[[nodiscard]] std::vector<std::string> parts_from_the_end(std::string_view path);

/// Names to choose from, by their parts from the last one on.
class PictureNames {
public:
    explicit PictureNames(std::span<const std::string> names);

    struct Match {
        /// How many share most parts with the name that is looked for: none, one, or it is ambiguous.
        std::size_t count = 0;
        /// Their positions in the list of names: of the shortest, and of another one if there are several.
        std::size_t first = 0;
        std::size_t second = 0;
        /// Parts that are shared, the file's own name counted.
        std::size_t shared = 0;
        /// All parts of `first`, and of it alone, are the end of the name that is looked for: folder/a.png is
        /// a.png in that folder, even if there is an other/a.png.
        bool whole = false;

        /// `first` is meant: nothing else can be, or it is the whole end.
        [[nodiscard]] bool unambiguous() const { return count == 1 || whole; }
    };
    /// Those that share the most parts with `name`, the file's own name at least.
    [[nodiscard]] Match find(std::string_view name) const;

private:
    struct Entry {
        std::vector<std::string> parts;
        std::size_t index = 0;
    };
    /// By their parts, so that those that share the most are neighbours.
    std::vector<Entry> entries_;
};

} // namespace detect
