// SPDX-License-Identifier: Apache-2.0
#include "fuzz/targets.h"
#include "results/csv.h"
#include "results/json.h"
#include "results/jsonl.h"

namespace {

using namespace detect;

/// Names of the labels as far as they are known: those that the results have.
std::vector<std::string> label_names(const std::vector<PictureResult>&) { return {"short", "open"}; }

template <class Parse, class Write>
void require_round_trip(Parse parse, Write write, std::string_view text) {
    const auto results = parse(text);
    if (fuzz::value_of(results) == nullptr) return;
    const std::vector<std::string> names = label_names(*results);
    const auto again = parse(write(*results, names));
    fuzz::require(again.ok(), "results that were read can be written and read");
    fuzz::require(write(*again, names) == write(*results, names), "they are the same");
}

} // namespace

/// What --resume reads: CSV, JSON lines or JSON, as the first byte says.
void detect::fuzz::results(Bytes input) {
    Input front(input);
    const auto format = front.number(0, 2);
    const std::string_view text = as_text(front.rest());
    if (format == 0) {
        require_round_trip(
            parse_csv,
            [](const auto& results, const auto& names) {
                std::string rows(csv_header);
                for (const auto& result : results) rows += to_csv_rows(result, names);
                return rows;
            },
            text);
    } else if (format == 1) {
        require_round_trip(
            parse_json_lines,
            [](const auto& results, const auto& names) {
                std::string lines;
                for (const auto& result : results) lines += to_json_line(result, names);
                return lines;
            },
            text);
    } else {
        require_round_trip(
            parse_json, [](const auto& results, const auto& names) { return to_json(results, names); }, text);
    }
}
