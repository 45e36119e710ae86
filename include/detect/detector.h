// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "detect/api.h"
#include "detect/detection.h"
#include "detect/error.h"
#include "detect/image.h"
#include "detect/tiling.h"

#include <cstddef>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace detect {

/// What becomes of the scores per class that a model carries (`detect export --class-scores`).
enum class ModelScores {
    /// A detection must reach its class's score as well as `min_score`.
    lower_bounds,
    /// They stand in place of `min_score`.
    in_place_of_min_score,
    ignored,
};

struct DetectorOptions {
    /// Threads that work on one call, the calling one included; 0: all cores. Results do not depend on it.
    int threads = 0;
    /// Detections below this score are left out. The model has a threshold of its own, usually 0.05, below which there
    /// is nothing to find.
    float min_score = 0.0F;
    /// Pictures of one size that share a run; 0: as many as it takes to keep all threads busy, which on a few cores is
    /// one, and up to eight that are small once they are scaled. Results do not depend on it.
    int pictures_per_run = 0;
    /// Bytes that the detector may hold at once: weights, plans, and the pictures that are being run with all that is
    /// computed from them. A picture that would pass it is refused with `resource_limit` before anything passes it, or
    /// looked at in tiles if `tiling` is on; a batch is run in parts; calls that are too much at once wait for each
    /// other. 0, or more than that: as much as the machine has. While a model is loaded, its largest weights are there
    /// twice for a moment.
    std::size_t memory_limit = 0;
    /// Only these classes are reported, by the names that `label_name` gives. Empty: all.
    std::vector<std::string> classes = {};
    /// Look at large pictures in tiles. None: every picture as a whole.
    std::optional<TilingOptions> tiling = {};
    /// Of these classes, by the names that `label_name` gives, detections below this score are left out. It stands in
    /// place of `min_score` and of the model's own score for the class.
    std::map<std::string, float> class_scores = {};
    /// For the classes that are not in `class_scores`.
    ModelScores model_scores = ModelScores::lower_bounds;
};

/// Bytes that a detector holds, counted as `DetectorOptions::memory_limit` counts them.
struct MemoryUse {
    std::size_t now = 0;
    /// The most that it ever held.
    std::size_t peak = 0;
};

/// A loaded model that finds objects in pictures. Cheap to copy (copies share the model), immutable, and safe to call
/// from many threads at once: the same picture gives the same bits, alone or in company, at any number of threads.
/// It never prints, never exits and never throws for what a caller can get wrong.
class DETECT_API Detector {
public:
    /// Loads an ONNX file written by `detect export`.
    /// `unreadable_input` if there is no such file or it is cut off, `bad_model` or `unsupported` if it is no detector
    /// that this library can run. The sentence names the file.
    static Result<Detector> load(const std::filesystem::path& onnx_file, const DetectorOptions& options = {});
    /// The same from the bytes of such a file.
    static Result<Detector> load(std::span<const std::byte> onnx_bytes, const DetectorOptions& options = {});

    /// Finds objects in one picture. Boxes are in the picture's own pixels, best score first.
    /// `invalid_argument` if the view makes no sense, float pixels are outside [0, 1] or 16-bit ones seem to have fewer
    /// bits (see ImageView::bits), `resource_limit` if the picture does not fit into the memory limit.
    [[nodiscard]] Result<ImageResult> run(const ImageView& image) const;
    /// The same for several pictures of any sizes: those of equal size that are not tiled share a batch. Results in the
    /// order of `images`.
    [[nodiscard]] Result<std::vector<ImageResult>> run(std::span<const ImageView> images) const;
    /// The same for a ready batch, float32 [batch, 3, height, width], RGB, 0–1, which is never tiled. Values outside
    /// [0, 1] (beyond rounding) are an `invalid_argument` that says what range was found and how to mend it.
    [[nodiscard]] Result<std::vector<ImageResult>> run(const TensorView& batch) const;

    /// Compares a picture with what the model is for: the one that its export was verified on, where the model says
    /// what that was like. None if there is nothing to say. `run` does not do this: it reads every pixel once more.
    /// - "flat", "dark", "bright": there is little in it to see, or much less than in that one;
    /// - "scale": objects appear less than half, or more than four times, as large to the network.
    /// `invalid_argument` if the view makes no sense.
    [[nodiscard]] Result<std::vector<Doubt>> examine(const ImageView& image) const;

    /// Runs a blank batch of this size, so that the first real one finds its plan made and its memory there. Each size
    /// of pictures has a plan of its own; the last 16 are kept.
    [[nodiscard]] Result<void> warm_up(int width, int height, int batch = 1) const;

    [[nodiscard]] MemoryUse memory_use() const;

    /// Names of the classes 1, 2, …; empty if the model does not say.
    [[nodiscard]] const std::vector<std::string>& labels() const;
    /// The name of a class as `Detection::label` numbers it; "class 7" if the model does not say.
    [[nodiscard]] std::string label_name(int label) const;
    /// The score from which on detections of this class are reported, by all that the options and the model say; of 0,
    /// that of classes without a score of their own.
    [[nodiscard]] float min_score(int label) const;
    /// Everything the model says of itself: sizes, thresholds, anchors, checkpoint's SHA-256 …
    [[nodiscard]] const std::map<std::string, std::string>& metadata() const;

    /// Not part of the API: how the exporter's library hands over a graph made from a checkpoint.
    struct Implementation;
    explicit Detector(std::shared_ptr<const Implementation> implementation);

private:
    std::shared_ptr<const Implementation> implementation_;
};

} // namespace detect
