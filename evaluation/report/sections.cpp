// SPDX-License-Identifier: Apache-2.0
#include "evaluation/report/sections.h"

#include "evaluation/report/html.h"

#include <algorithm>
#include <filesystem>

namespace detect::evaluation::html {

std::string section(const std::string& heading, const std::string& introduction, const std::string& body) {
    return "<section><h2>" + heading + "</h2>" +
           (introduction.empty() ? "" : "<p class=\"intro\">" + introduction + "</p>") + body + "</section>";
}

std::string cell(const std::string& label, const std::string& value) {
    return "<td data-label=\"" + label + "\">" + value + "</td>";
}

std::string tile(const std::string& name, const std::string& value, const std::string& meaning) {
    return "<div class=\"tile\"><dt>" + name + "</dt><dd>" + value + "</dd><small>" + meaning + "</small></div>";
}

std::string key(const std::string& style, const std::string& meaning) {
    return "<span class=\"key\"><b class=\"" + style + "\"></b>" + meaning + "</span> ";
}

std::string display_name(const ModelSummary& model, const Summary& summary) {
    const auto file_name = [](const ModelSummary& one) { return std::filesystem::path(one.name).filename().string(); };
    const auto same = [&](const ModelSummary& other) { return file_name(other) == file_name(model); };
    return escape(std::ranges::count_if(summary.models, same) > 1 ? model.name : file_name(model));
}

std::size_t objects_to_find(const Evaluation& evaluation) {
    return evaluation.counts.correct + evaluation.counts.missed;
}

std::string shot_section(const std::string& heading, const std::string& nothing, const std::string& order,
                         const std::vector<Shot>& shots, std::size_t all, const ModelSummary& model,
                         const Gallery& gallery) {
    if (shots.empty()) return section(heading, nothing, "");
    const std::string which = shots.size() == all ? "All " + count(all) : count(shots.size()) + " of " + count(all);
    return section(heading, which + order + ". " + key("line truth", "is there") + key("line reported", "was reported"),
                   gallery.show(shots, model));
}

} // namespace detect::evaluation::html
