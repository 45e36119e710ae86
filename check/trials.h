// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "detect/detection.h"
#include "executor/model.h"
#include "graph/graph.h"

#include <functional>
#include <memory>
#include <optional>
#include <vector>

namespace detect::checking {

/// Why a trial run did not come to its end.
struct TrialFailure {
    /// Position in graph.nodes; the node before which everything went well.
    std::size_t node = 0;
    std::string message;
    /// Whether it read a tensor without elements: no proposals, no detections.
    bool reads_nothing = false;
};

/// One run of the model.
struct TrialRun {
    std::optional<TrialFailure> failure;
    std::vector<Tensor> outputs;
    /// By picture of the batch; empty if the outputs are not those of a detector.
    std::vector<std::vector<Detection>> detections;
    /// How far it came, in nodes of the graph.
    std::size_t progress = 0;
};

/// How the model takes pictures: float32 [3, height, width], or with a batch axis before that.
struct PictureInput {
    bool has_batch = false;
    /// Declared sizes; absent: any.
    std::optional<std::int64_t> batch;
    std::optional<std::int64_t> height;
    std::optional<std::int64_t> width;
};

/// Null if the model does not take one picture, or one batch of them.
[[nodiscard]] std::optional<PictureInput> picture_input(const Graph& graph);

/// Runs a model on pictures to see what happens. Runs take the optimised executor; the node of a failure is found with
/// the reference interpreter. The graph must outlive it.
class Trials {
public:
    /// `image`: float32 [3, height, width], RGB, 0–1; without one, runs see a drawn picture in which there is nothing
    /// to find.
    static Result<Trials> create(const Graph& graph, const std::optional<Tensor>& image);

    /// False: runs are out of the question, and none of what follows may be called.
    [[nodiscard]] bool possible() const { return model_ != nullptr; }
    /// Why not.
    [[nodiscard]] const std::string& obstacle() const { return obstacle_; }
    [[nodiscard]] const PictureInput& input() const { return *input_; }
    /// A real picture was given.
    [[nodiscard]] bool has_image() const { return has_image_; }
    /// The picture, of a size that the model says it takes.
    [[nodiscard]] const Tensor& image() const { return image_; }

    /// The run on the picture itself.
    [[nodiscard]] const TrialRun& image_run() const;
    /// A run on other pictures of one size: as a batch if there are several.
    [[nodiscard]] Result<TrialRun> run(const std::vector<Tensor>& pictures) const;
    /// A run of a changed copy of the graph on the picture.
    [[nodiscard]] Result<TrialRun> run_changed(const Graph& changed) const;
    /// Every step of one run on the picture, and how long it took: the faster of a few runs.
    [[nodiscard]] Result<std::vector<StepTime>> profile() const;
    /// Hears of every node on the way of these pictures through the reference interpreter.
    Result<void> observe(const std::vector<Tensor>& pictures,
                         const std::function<void(const Node&, std::span<const Tensor>)>& observer) const;

private:
    explicit Trials(const Graph& graph) : graph_(graph) {}
    [[nodiscard]] Result<Tensor> as_input(const std::vector<Tensor>& pictures) const;

    const Graph& graph_;
    std::shared_ptr<const Model> model_;
    std::string obstacle_;
    std::optional<PictureInput> input_;
    bool has_image_ = false;
    Tensor image_;
    TrialRun image_run_;
};

/// Detections by picture, from outputs as torchvision's export has them (boxes [n, 4], labels [n], scores [n], once for
/// each picture of the batch) or batched (boxes [batch, n, 4] …, with or without counts). Empty if they are neither.
[[nodiscard]] std::vector<std::vector<Detection>> read_detections(const std::vector<Tensor>& outputs);

/// Of one detection result: how many are surer than 0.5, and by how much together. What a right input has more of than
/// a wrong one.
struct Confidence {
    std::size_t sure = 0;
    double sum = 0.0;
};
[[nodiscard]] Confidence confidence(const TrialRun& run);

} // namespace detect::checking
