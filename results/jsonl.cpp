// SPDX-License-Identifier: Apache-2.0
#include "results/jsonl.h"

#include "results/lines_writer.h"
#include "results/record_json.h"

namespace detect {

namespace {

Result<std::unique_ptr<CollectedWriter>> open(CollectedTarget target) {
    return LinesWriter::open({.write = to_json_line, .parse = parse_json_lines}, std::move(target));
}

} // namespace

constinit const CollectedFormat jsonl_format{
    .option = {.flag = "--jsonl",
               .value = "FILE",
               .help = "Write a JSON object on a line for each picture, as soon as it is done"},
    .streams = true,
    .holds_errors = true,
    .open = open,
};

std::string to_json_line(const PictureResult& result, std::span<const std::string> names) {
    return as_line(to_record(result, names));
}

Result<std::vector<PictureResult>> parse_json_lines(std::string_view text) {
    std::vector<PictureResult> results;
    for (std::size_t end = text.find('\n'); end != std::string_view::npos; end = text.find('\n')) {
        try {
            results.push_back(from_record(ResultJson::parse(text.substr(0, end))));
        } catch (const ResultJson::exception&) {
            return Error{ErrorCode::unreadable_input, "is not JSON lines as 'detect run' writes them"};
        }
        text.remove_prefix(end + 1);
    }
    return results;
}

} // namespace detect
