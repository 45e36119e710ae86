// SPDX-License-Identifier: Apache-2.0
#include "cli/region_option.h"

#include "base/try.h"

#include <array>
#include <charconv>

namespace detect::cli {

namespace {

Result<PixelRect> parse_region(const std::string& text) {
    std::array<int, 4> values{};
    const char* at = text.data();
    const char* const end = at + text.size();
    bool sound = true;
    for (std::size_t i = 0; i < values.size() && sound; ++i) {
        const auto [next, code] = std::from_chars(at, end, values[i]);
        const bool last = i + 1 == values.size();
        sound = code == std::errc() && (last ? next == end : next != end && *next == ',');
        at = last || !sound ? next : next + 1;
    }
    if (sound && values[0] >= 0 && values[1] >= 0 && values[2] > 0 && values[3] > 0)
        return PixelRect{values[0], values[1], values[2], values[3]};
    return Error{ErrorCode::invalid_argument,
                 "--roi " + text + ": must be X,Y,WIDTH,HEIGHT in whole pixels, such as 100,50,400,300"};
}

} // namespace

void add_region_option(CLI::App& command, std::vector<std::string>& regions, const std::string& what,
                       const std::string& group) {
    command
        .add_option("--roi", regions,
                    "Only " + what +
                        " with their centre in this rectangle, in pixels from the upper left corner (repeatable)")
        ->type_name("X,Y,W,H")
        ->allow_extra_args(false)
        ->group(group);
}

Result<std::vector<PixelRect>> read_regions(std::span<const std::string> texts) {
    std::vector<PixelRect> regions;
    for (const std::string& text : texts) {
        DETECT_TRY_ASSIGN(const PixelRect region, parse_region(text));
        regions.push_back(region);
    }
    return regions;
}

} // namespace detect::cli
