// SPDX-License-Identifier: Apache-2.0
#include "cli/run/collected_results.h"

#include "base/label_name.h"
#include "base/try.h"
#include "cli/exit_code.h"

#include <algorithm>
#include <iostream>

namespace detect::cli {

namespace fs = std::filesystem;

Result<CollectedResults> CollectedResults::open(const ResultsPlan& plan, std::span<const std::string> labels,
                                                const InputFiles& inputs) {
    CollectedResults collected;
    auto& outputs = collected.outputs_;
    for (const CollectedDestination& each : plan.collected) {
        if (!each.file.empty()) DETECT_TRY(inputs.check_destination(each.file));
    }
    for (const CollectedDestination& each : plan.collected) {
        CollectedTarget target{.file = each.file, .stream = &std::cout, .labels = labels, .companion = each.companion};
        DETECT_TRY_ASSIGN(auto writer, each.format->open(std::move(target)));
        const ClaimedFile* const file = writer->file();
        if (file != nullptr && file->is_there() && !plan.resume && !plan.overwrite) {
            const bool left = file->has_left();
            return Error{ErrorCode::invalid_argument,
                         (left ? file->part() : file->path()).string() +
                             (left ? ": is left from a run that was killed" : ": is there already") +
                             "; add to it with --resume, replace it with --overwrite, or give another file"};
        }
        outputs.push_back({.format = each.format, .is_file = !each.file.empty(), .writer = std::move(writer)});
    }
    // What grows with each picture comes first.
    std::stable_partition(outputs.begin(), outputs.end(), [](const Output& output) { return output.format->streams; });
    for (const Output& output : outputs) {
        if (!plan.resume || !output.is_file) continue;
        if (auto read = output.writer->resume(); !read)
            return Error{read.error().code, read.error().message + "; --resume cannot add to this file: give another"};
    }
    return collected;
}

bool CollectedResults::have(const PictureId& picture) const {
    if (std::error_code code; !fs::exists(picture.path, code)) return false;
    const bool nothing_found = know_nothing_was_found(picture);
    return std::ranges::all_of(
        outputs_, [&](const Output& output) { return !output.is_file || output.writer->has(picture, nothing_found); });
}

bool CollectedResults::know_nothing_was_found(const PictureId& picture) const {
    return std::ranges::any_of(outputs_,
                               [&](const Output& output) { return output.writer->says_nothing_was_found(picture); });
}

Result<void> CollectedResults::add(const PictureResult& result) {
    for (const Output& output : outputs_) {
        if (!result.error || output.format->holds_errors) DETECT_TRY(output.writer->add(result));
    }
    return {};
}

Result<void> CollectedResults::close() {
    for (const Output& output : outputs_) DETECT_TRY(output.writer->close());
    for (const Output& output : outputs_) {
        if (output.writer->remark().empty()) continue;
        const std::string remark = std::string(output.format->option.flag) + " " + output.writer->remark();
        if (output.writer->left_out() == 0) {
            warn(remark);
        } else {
            report({ErrorCode::unwritable_output, remark}, some_inputs_failed);
        }
    }
    return {};
}

std::int64_t CollectedResults::left_out() const {
    std::int64_t count = 0;
    for (const Output& output : outputs_) count += output.writer->left_out();
    return count;
}

} // namespace detect::cli
