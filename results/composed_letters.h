// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace detect {

/// What a letter is composed of, in Unicode's canonical decomposition.
struct ComposedLetter {
    /// 0: it is not composed.
    char32_t first = 0;
    /// 0: there is only `first`.
    char32_t second = 0;
};

/// One step: `first` may be composed, too. Hangul, which is computed, is not in this table.
[[nodiscard]] ComposedLetter parts_of_letter(char32_t letter);

} // namespace detect
