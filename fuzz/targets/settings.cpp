// SPDX-License-Identifier: Apache-2.0
#include "checkpoint/settings.h"

#include "base/class_scores.h"
#include "fuzz/targets.h"

/// Metadata: a line is a key and, behind "=", its value. And scores as the command line has them.
void detect::fuzz::settings(Bytes input) {
    std::string_view text = as_text(input);
    const auto scores = parse_class_scores(text);
    if (value_of(scores) != nullptr) {
        const auto again = parse_class_scores(to_text(*scores));
        require(again.ok() && *again == *scores, "scores are read back to the same");
    }
    std::map<std::string, std::string> metadata;
    while (!text.empty()) {
        const std::string_view line = text.substr(0, text.find('\n'));
        text.remove_prefix(std::min(text.size(), line.size() + 1));
        const std::size_t equals = std::min(line.find('='), line.size());
        metadata.emplace(line.substr(0, equals), line.substr(std::min(equals + 1, line.size())));
    }
    NetworkSettings read;
    const auto applied = apply_metadata(read, metadata);
    if (!applied.ok()) return require_sound(applied.error());
    if (const auto sound = check(read); !sound.ok()) return require_sound(sound.error());
    NetworkSettings again;
    require(apply_metadata(again, to_metadata(read)).ok(), "settings that were read can be written and read");
    require(to_metadata(again) == to_metadata(read), "they are the same");
}
