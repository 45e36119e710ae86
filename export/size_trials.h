// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "export/checkpoint_graph.h"

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace detect {

/// What a network finds on the example picture and on its mirror image, scaled to one size.
struct SizeTrial {
    std::int64_t min_size = 0;
    std::int64_t max_size = 0;
    /// Whether it is the size that the network has.
    bool is_own = false;
    /// Of score 0.5 and more, on both pictures together.
    std::size_t detections = 0;
    double sum_of_scores = 0.0;
};

struct SizeTrials {
    /// In the order of sizes; the network's own among them. Empty if there was no reason to try.
    std::vector<SizeTrial> trials;
    /// The size that scores much better than the network's own, if one does: the one closest to it of those that come
    /// near the best. The more a picture is enlarged, the more is found up to a point, long before it was trained so.
    std::optional<SizeTrial> better;

    /// One sentence with numbers; empty unless a size is better.
    [[nodiscard]] std::string warning() const;
};

/// If nobody said what size the network was trained at, other usual ones are tried with the optimised executor: a
/// network that is fed pictures of the wrong size finds less, and nothing else shows it. Sizes that would enlarge the
/// picture beyond reason are left out. `network`: in float32. `image`: float32 [3, height, width], RGB, 0–1.
[[nodiscard]] Result<SizeTrials> try_sizes(const CheckpointGraph& network, const Tensor& image,
                                           const std::function<void(const std::string&)>& progress);

/// The sizes to try, without the network's own: (min_size, max_size), rising. Those that scale a picture of `height` by
/// `width` pixels as another one does are left out.
[[nodiscard]] std::vector<ImageTransformSettings> sizes_to_try(const NetworkSettings& settings, bool max_size_is_given,
                                                               std::int64_t height, std::int64_t width);

/// Of the trials, the one that `SizeTrials::better` means.
[[nodiscard]] std::optional<SizeTrial> much_better(const std::vector<SizeTrial>& trials);

} // namespace detect
