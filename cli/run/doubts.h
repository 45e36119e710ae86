// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "results/picture_result.h"

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

namespace detect::cli {

/// Says why results are doubtful: of each kind the first few, and at the end how many more there were. For one thread.
class DoubtMessages {
public:
    /// The sentences to print about this picture, with `name` before each.
    [[nodiscard]] std::vector<std::string> of(const std::string& name, std::span<const Remark> warnings);
    /// The sentences to print at the end.
    [[nodiscard]] std::vector<std::string> rest() const;

private:
    /// How many there were of each kind.
    std::map<std::string, std::int64_t> counts_;
};

} // namespace detect::cli
