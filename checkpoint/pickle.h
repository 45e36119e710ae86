// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "detect/error.h"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

/// Reads Python's pickle format as data (protocols 1 to 5). A pickle is a program for a stack machine that may name any
/// function of Python and call it; this reader has no functions. A name is kept as text, and a "call" becomes a value
/// that holds the name and the arguments. What such a value means is decided by those who know the names:
///   - `collections.OrderedDict` and `defaultdict` become dictionaries (here), tensors are recognised in
///   torch_objects.h;
///   - names that run code or reach the system (pickle_policy.h), and calls of anything but a plain name, make the
///     file an attack on whoever opens it in Python: it is refused whole;
///   - any other name (argparse.Namespace, pathlib.PosixPath, a class of the user's) is an object about which nothing
///   is
///     known, and which does no harm beside the weights.
/// Nothing recurses. Memory and time are bounded: every opcode adds at most one value, and there are limits of values,
/// of items in lists and of items that are looked at.
namespace detect::pickle {

/// Which value of a document.
using Index = std::uint32_t;

enum class Kind : std::uint8_t {
    none,
    boolean,
    integer,
    /// An integer beyond int64; `text` holds its little-endian bytes.
    big_integer,
    real,
    text,
    bytes,
    /// Sets count as lists, frozen sets as tuples.
    list,
    tuple,
    /// `items` alternates keys and values; a later key replaces an earlier one.
    dictionary,
    /// A name: `text` is the module, `name` the attribute.
    global,
    /// A call of the global `items[0]` with the arguments `items[1]` (mostly a tuple).
    object,
    /// A reference to something stored outside the pickle; `items[0]` is its id.
    persistent,
};

struct Value {
    Kind kind = Kind::none;
    std::int64_t integer = 0; ///< also 0 or 1 for boolean
    double real = 0;
    /// Both point into the pickle's bytes.
    std::string_view text = {};
    std::string_view name = {};
    std::vector<Index> items = {};
};

/// The values of one pickle, and which is the outermost. Values may refer to each other in circles.
struct Document {
    std::vector<Value> values;
    Index root = 0;
    /// Length of the pickle, its STOP included.
    std::size_t byte_count = 0;

    [[nodiscard]] const Value& operator[](Index index) const { return values[index]; }
    /// "module.name" of a global, or of what an object was made by; empty for other values.
    [[nodiscard]] std::string name_of(Index index) const;
};

inline constexpr std::size_t max_values = std::size_t{1} << 21U;

/// Reads the pickle at the start of `bytes`, which must outlive the document. `unreadable_input` if it is damaged,
/// `bad_model` if it wants to run code, `resource_limit` beyond `most_values`.
[[nodiscard]] Result<Document> read(std::span<const std::byte> bytes, std::size_t most_values = max_values);

} // namespace detect::pickle
