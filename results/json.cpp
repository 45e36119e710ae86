// SPDX-License-Identifier: Apache-2.0
#include "results/json.h"

#include "base/try.h"
#include "results/earlier_results.h"
#include "results/record_json.h"

namespace detect {

namespace {

class JsonWriter final : public CollectedWriter {
public:
    JsonWriter(CollectedTarget target, ResultSink sink)
        : CollectedWriter(std::move(sink)), target_(std::move(target)) {}

    Result<void> resume() override;
    [[nodiscard]] bool has(const PictureId& picture, bool /*nothing_found*/) const override {
        return earlier_.has(picture);
    }
    [[nodiscard]] bool says_nothing_was_found(const PictureId& picture) const override {
        return earlier_.says_nothing_was_found(picture);
    }
    Result<void> add(const PictureResult& result) override {
        results_.push_back(result);
        return {};
    }
    Result<void> close() override;

private:
    CollectedTarget target_;
    EarlierResults earlier_;
    /// There is something under the temporary name that they are to replace.
    bool earlier_left_ = false;
    std::vector<PictureResult> results_;
};

Result<void> JsonWriter::resume() {
    DETECT_TRY(earlier_.read(target_.file, parse_json));
    if (!file()->has_left()) return {};
    // Killed after it was written and before it got its name. If that cannot be read, what it held is done again.
    DETECT_TRY_ASSIGN(const WrittenText left, file()->read());
    earlier_left_ = earlier_.add(left, parse_json, target_.file).ok() || earlier_.any();
    return {};
}

/// Those that were there come first, unless they were done again.
Result<void> JsonWriter::close() {
    if (results_.empty() && !earlier_left_) return sink_.commit();
    std::vector<PictureResult> all = earlier_.take();
    merge(all, std::move(results_));
    DETECT_TRY(sink_.begin(to_json(all, target_.labels)));
    return sink_.commit();
}

Result<std::unique_ptr<CollectedWriter>> open(CollectedTarget target) {
    DETECT_TRY_ASSIGN(ResultSink sink, ResultSink::open(target));
    return {std::make_unique<JsonWriter>(std::move(target), std::move(sink))};
}

} // namespace

constinit const CollectedFormat json_format{
    .option = {.flag = "--json", .value = "FILE", .help = "Write one JSON object; box: x1,y1,x2,y2 in pixels"},
    .holds_errors = true,
    .open = open,
};

std::string to_json(std::span<const PictureResult> results, std::span<const std::string> names) {
    ResultJson images = ResultJson::array();
    for (const PictureResult& result : results) images.push_back(to_record(result, names));
    const ResultJson document{{"schema_version", record_schema_version}, {"images", std::move(images)}};
    return as_line(document);
}

Result<std::vector<PictureResult>> parse_json(std::string_view text) {
    std::optional<JsonFlaw> flaw;
    const auto document = parse_json_text<ResultJson>(text, flaw);
    std::vector<PictureResult> results;
    try {
        for (const ResultJson& image : document->at("images")) results.push_back(from_record(image));
    } catch (const ResultJson::exception&) {
        return not_as_written("the JSON that 'detect run' writes", text, flaw);
    }
    return results;
}

} // namespace detect
