// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "evaluation/picture_outcomes.h"

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

/// How far figures depend on which pictures happened to be looked at: the bootstrap over pictures (Efron and
/// Tibshirani, "An Introduction to the Bootstrap", 1993, chapter 13: percentile intervals). Pictures are drawn, not
/// boxes: the boxes of a picture stand or fall together.
namespace detect::evaluation {

inline constexpr std::size_t usual_resamples = 1000;
inline constexpr std::uint64_t bootstrap_seed = 1;
/// Of all intervals.
inline constexpr double interval_confidence = 0.95;
/// With fewer pictures, an interval is rough (and mostly too narrow), and no difference counts as beyond chance.
inline constexpr std::size_t few_pictures = 10;
/// What a bootstrap may take: some tens of seconds.
inline constexpr std::uint64_t most_bootstrap_steps = std::uint64_t{1} << 35U;

/// The figures that have intervals: COCO's AP and AP50, and F1 at the chosen score and IoU.
enum Headline : std::size_t { headline_ap, headline_ap50, headline_f1, headline_count };
inline constexpr std::array<std::string_view, headline_count> headline_names{"AP", "AP50", "F1"};
using HeadlineFigures = std::array<std::optional<double>, headline_count>;

/// A model's detections, matched and sorted once, so that the figures of any selection of pictures are one walk over
/// them. Needs nothing of what it was made of.
class ResampledFigures {
public:
    /// `pictures`: the outcomes at the score and the IoU of F1.
    ResampledFigures(const Findings& findings, std::span<const PictureOutcome> pictures);

    /// As if image i of the dataset were there weights[i] times, its copies next to each other: to the bit what
    /// `coco_metrics` and `Counts` make of such a dataset. (Of detections of one category in one image that have the
    /// same score, which has no order to rely on, the copies of each come together here.)
    [[nodiscard]] HeadlineFigures at(std::span<const std::uint32_t> weights) const;

    /// How much one call of `at` does, in looks at a detection.
    [[nodiscard]] std::uint64_t steps() const;

private:
    /// Bit t is about the t-th of COCO's ten IoU.
    struct Detection {
        std::uint32_t image = 0;
        std::uint16_t correct = 0;
        /// Neither right nor wrong.
        std::uint16_t ignored = 0;
    };
    struct ObjectsOfImage {
        std::size_t image = 0;
        std::size_t count = 0;
    };
    struct Category {
        /// The best score first.
        std::vector<Detection> detections;
        std::vector<ObjectsOfImage> objects;
    };
    struct OfPicture {
        std::uint64_t found = 0;
        std::uint64_t wrong = 0; // missed objects and false alarms
    };
    struct Found;
    struct Means;

    static double average_precision(std::span<const Found> points, double objects, std::vector<double>& precision);
    static void add_category(const Category& category, std::span<const std::uint32_t> weights, Means& means);

    std::vector<Category> categories_;
    /// By image.
    std::vector<OfPicture> pictures_;
};

struct Interval {
    double low = 0.0;
    double high = 0.0;
    /// From how many resamples it is: those in which there is such a figure.
    std::size_t resamples = 0;
};

/// A figure of one model less that of another, on the same pictures.
struct Difference {
    double value = 0.0;
    Interval interval;
    /// The interval excludes 0, and there are enough pictures to believe it.
    bool beyond_chance = false;
};

/// Two models, by their positions; differences are those of `model` less those of `other`.
struct ModelDifference {
    std::size_t model = 0;
    std::size_t other = 0;
    std::array<std::optional<Difference>, headline_count> figures = {};
};

struct Bootstrap {
    std::size_t resamples = 0;
    std::size_t pictures = 0;
    /// Why there are no intervals, a sentence; empty: there are.
    std::string left_out = {};
    /// By model.
    std::vector<std::array<std::optional<Interval>, headline_count>> intervals = {};
    /// Every pair, the later model less the earlier one.
    std::vector<ModelDifference> differences = {};

    [[nodiscard]] bool is_rough() const { return left_out.empty() && pictures < few_pictures; }
    /// The model whose figure is above every other's beyond chance; nothing if there is no such model.
    [[nodiscard]] std::optional<std::size_t> winner(Headline figure) const;
};

/// Draws as many pictures as there are, again and again, the same ones for all models. `figures`: those of all
/// pictures, by model. The same input gives the same bits anywhere.
[[nodiscard]] Bootstrap bootstrap(std::span<const ResampledFigures> models, std::span<const HeadlineFigures> figures,
                                  std::size_t pictures, std::size_t resamples);

} // namespace detect::evaluation
