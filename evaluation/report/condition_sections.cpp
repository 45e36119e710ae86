// SPDX-License-Identifier: Apache-2.0
#include "base/text.h"
#include "evaluation/report/html.h"
#include "evaluation/report/sections.h"

namespace detect::evaluation::html {

namespace {

class Facts {
public:
    /// `value` is HTML.
    void add(const std::string& name, const std::string& value) {
        if (!value.empty()) rows_ += "<div><dt>" + name + "</dt><dd>" + value + "</dd></div>";
    }
    [[nodiscard]] std::string text() const { return "<dl class=\"facts\">" + rows_ + "</dl>"; }

private:
    std::string rows_;
};

std::string tiling(const TilingOptions& tiling) {
    return std::to_string(tiling.tile) + " pixels, overlap " + decimal(tiling.overlap, 2) + ", joined by " +
           std::string(merge_name(tiling.merge));
}

std::string regions(const Summary& summary) {
    std::vector<std::string> rects;
    for (const PixelRect& region : summary.conditions.regions) rects.push_back(to_text(region));
    if (rects.empty()) return {};
    const RegionCut& cut = summary.region_cut;
    return listed(rects, {.separator = "; "}) + ": " + counted(cut.objects_outside, "object", "objects") +
           " with the centre outside left out; " + count(cut.objects_across) +
           " across the border judged by the centre";
}

std::string intervals(const Bootstrap& bootstrap) {
    if (!bootstrap.left_out.empty()) return "none: " + bootstrap.left_out;
    return "95 %, from " + count(bootstrap.resamples) + " resamples of " +
           counted(bootstrap.pictures, "picture", "pictures") + ", seed " + std::to_string(bootstrap_seed) +
           (bootstrap.is_rough() ? "; with so few pictures they are rough, and too narrow" : "");
}

std::string settings(const ModelSummary& model, bool assumed) {
    std::vector<std::string> texts;
    for (const ModelSetting& setting : model.settings) {
        if (setting.assumed == assumed) texts.push_back(escape(setting.key + " " + setting.value));
    }
    return listed(texts, {.separator = ", "});
}

} // namespace

std::string condition_section(const Summary& summary) {
    const Conditions& conditions = summary.conditions;
    const Options& options = summary.models.front().evaluation.options;
    Facts facts;
    facts.add("date", escape(conditions.date));
    facts.add("version", conditions.version.empty() ? "" : "detect " + escape(conditions.version));
    facts.add("score, IoU", decimal(options.score, 2) + ", " + decimal(options.iou, 2));
    facts.add("intervals", intervals(summary.bootstrap));
    if (const auto& run = conditions.run) {
        facts.add("instruction set", escape(run->instruction_set));
        facts.add("threads", std::to_string(run->threads));
        facts.add("bits of samples", run->bits == 0 ? "" : std::to_string(run->bits));
        facts.add("tiles", run->tiling ? tiling(*run->tiling) : "");
    }
    facts.add("regions", regions(summary));
    facts.add("annotations",
              escape(summary.annotations) + (conditions.annotations_sha256.empty()
                                                 ? ""
                                                 : " <code>" + escape(conditions.annotations_sha256) + "</code>"));
    for (const ModelSummary& model : summary.models) {
        facts.add(conditions.run ? "model" : "results",
                  escape(model.name) + (model.sha256.empty() ? "" : " <code>" + escape(model.sha256) + "</code>"));
        facts.add("its settings", settings(model, false));
        facts.add("assumed", settings(model, true));
    }
    return section("Conditions", "What the figures were measured under; files with their SHA-256.", facts.text());
}

} // namespace detect::evaluation::html
