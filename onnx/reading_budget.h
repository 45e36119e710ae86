// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "detect/error.h"

#include <cstddef>
#include <string_view>

namespace google::protobuf::io {
class CodedInputStream;
}

namespace detect {

/// What reading one model may hold at once: the parsed file, what is made of it, and all weights.
class ReadingBudget {
public:
    /// `limit` in bytes; 0: none.
    explicit ReadingBudget(std::size_t limit = 0) : limit_(limit) {}

    /// Counts what is about to be asked for. `resource_limit` if it would pass the limit; `what` begins the sentence.
    Result<void> take(std::size_t bytes, std::string_view what);
    [[nodiscard]] std::size_t used() const { return used_; }

private:
    std::size_t limit_;
    std::size_t used_ = 0;
};

/// Walks through a serialised model without parsing it: two bytes of a file can become hundreds in memory. Nothing is
/// allocated for what it finds, and it goes no deeper than the parser would.
/// Raw data of the graph's initializers that has at least `least_left_out` bytes stays in the file and is not counted.
///
/// `resource_limit` if the budget does not allow what the parsed model takes, or there is more of something than any
/// model needs (250000 nodes, as many tensors, …): the sentence names it. `unreadable_input` if it is damaged.
[[nodiscard]] Result<void> check_serialised_model(google::protobuf::io::CodedInputStream& in,
                                                  std::size_t least_left_out, ReadingBudget& budget);

} // namespace detect
