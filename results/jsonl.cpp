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
    std::size_t begin = 0;
    for (std::size_t end = text.find('\n'); end != std::string_view::npos; end = text.find('\n', begin)) {
        std::optional<JsonFlaw> flaw;
        const auto record = parse_json_text<ResultJson>(text.substr(begin, end - begin), flaw);
        try {
            results.push_back(from_record(*record));
        } catch (const ResultJson::exception&) {
            if (flaw) flaw->offset += begin;
            return not_as_written("JSON lines as 'detect run' writes them", text, flaw);
        }
        begin = end + 1;
    }
    return results;
}

} // namespace detect
