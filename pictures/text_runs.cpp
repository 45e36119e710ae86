// SPDX-License-Identifier: Apache-2.0
#include "pictures/text_runs.h"

#include "base/letter_width.h"
#include "base/text.h"

#include <algorithm>

namespace detect {

namespace {

/// A letter and what combines with it.
struct Cluster {
    TextRun run;
    /// Of a script of its own, or a number: not a blank, a mark or a sign that takes what is around it.
    bool is_strong = false;
};

bool has_direction(hb_script_t script) {
    return script != HB_SCRIPT_COMMON && script != HB_SCRIPT_INHERITED && script != HB_SCRIPT_UNKNOWN;
}

Cluster cluster_of(char32_t letter) {
    auto* const unicode = hb_unicode_funcs_get_default();
    const hb_script_t script = hb_unicode_script(unicode, letter);
    const bool is_digit = hb_unicode_general_category(unicode, letter) == HB_UNICODE_GENERAL_CATEGORY_DECIMAL_NUMBER;
    Cluster cluster;
    cluster.is_strong = has_direction(script) || is_digit;
    cluster.run.script = is_digit ? HB_SCRIPT_COMMON : script;
    // Numbers run from the left in all scripts that are in use.
    cluster.run.from_the_right =
        has_direction(script) && !is_digit && hb_script_get_horizontal_direction(script) == HB_DIRECTION_RTL;
    return cluster;
}

std::vector<Cluster> clusters_of(std::string_view text, InstalledFonts& fonts) {
    std::vector<Cluster> clusters;
    std::vector<char32_t> letters;
    const auto close = [&] {
        if (!letters.empty()) clusters.back().run.font = fonts.font_for(letters);
        letters.clear();
    };
    for (std::size_t at = 0; at < text.size();) {
        const auto point = first_code_point(text.substr(at));
        const char32_t letter = point ? point->value : U'\uFFFD';
        const std::size_t length = point ? point->length : first_letter_length(text.substr(at));
        if (clusters.empty() || letter_width(letter) != 0) {
            close();
            clusters.push_back(cluster_of(letter));
            clusters.back().run.offset = at;
        }
        letters.push_back(letter);
        clusters.back().run.length += length;
        at += length;
    }
    close();
    return clusters;
}

/// Gives what has no script that of its left neighbour, and a direction: from the right if both neighbours run so.
void resolve(std::vector<Cluster>& clusters) {
    for (std::size_t i = 0; i < clusters.size(); ++i) {
        if (clusters[i].is_strong) continue;
        const auto rest = std::span(clusters).subspan(i);
        const auto next = std::ranges::find_if(rest, &Cluster::is_strong);
        const bool before = i > 0 && clusters[i - 1].run.from_the_right;
        const bool after = next != rest.end() && next->run.from_the_right;
        clusters[i].run.from_the_right = before && after;
        const bool has_neighbour = i > 0 && clusters[i - 1].run.from_the_right == clusters[i].run.from_the_right;
        clusters[i].run.script = has_neighbour ? clusters[i - 1].run.script : HB_SCRIPT_COMMON;
    }
}

} // namespace

std::vector<TextRun> text_runs(std::string_view text, InstalledFonts& fonts) {
    std::vector<Cluster> clusters = clusters_of(text, fonts);
    resolve(clusters);
    std::vector<TextRun> runs;
    for (const auto& [run, strong] : clusters) {
        const bool joins = !runs.empty() && runs.back().font == run.font && runs.back().script == run.script &&
                           runs.back().from_the_right == run.from_the_right;
        if (joins) {
            runs.back().length += run.length;
        } else {
            runs.push_back(run);
        }
    }
    return runs;
}

} // namespace detect
