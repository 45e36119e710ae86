// SPDX-License-Identifier: Apache-2.0
#include "checkpoint/network_recognition.h"

#include "base/text.h"

#include <algorithm>
#include <array>
#include <set>
#include <string_view>

namespace detect {

namespace {

/// Answers questions about the names of a state dict.
class Names {
public:
    explicit Names(const TensorEntries& tensors) : tensors_(tensors) {}

    [[nodiscard]] bool has(std::string_view name) const { return tensors_.contains(name); }
    [[nodiscard]] bool begin_with(std::string_view prefix) const {
        const auto first = tensors_.lower_bound(prefix);
        return first != tensors_.end() && first->first.starts_with(prefix);
    }
    [[nodiscard]] bool contain(std::string_view part) const {
        return std::ranges::any_of(tensors_,
                                   [part](const auto& item) { return item.first.find(part) != std::string::npos; });
    }
    /// How many of PREFIX0, PREFIX1, … there are without a gap.
    [[nodiscard]] int count(const std::string& prefix) const {
        int number = 0;
        while (begin_with(prefix + std::to_string(number) + ".")) ++number;
        return number;
    }
    /// The first parts of the names, at most five: "backbone, head".
    [[nodiscard]] std::string first_parts() const {
        std::set<std::string> parts;
        for (const auto& [name, entry] : tensors_) {
            parts.insert(printable(name.substr(0, name.find('.'))));
            if (parts.size() == 5) break;
        }
        return listed(parts);
    }

private:
    const TensorEntries& tensors_;
};

/// ResNet's depth by the blocks of its stages (He et al. 2016, table 1), under the given prefix; empty if it is none.
std::string resnet(const Names& names, const std::string& prefix) {
    if (!names.begin_with(prefix + "layer1.0.")) return {};
    const bool bottleneck = names.begin_with(prefix + "layer1.0.conv3.");
    switch (names.count(prefix + "layer3.")) {
    case 2: return "ResNet-18";
    case 6: return bottleneck ? "ResNet-50" : "ResNet-34";
    case 23: return "ResNet-101";
    case 36: return "ResNet-152";
    default: return "ResNet";
    }
}

/// The backbone of a torchvision detector, as "with a … backbone".
std::string with_backbone(const Names& names) {
    const std::string depth = resnet(names, "backbone.body.");
    if (!depth.empty()) return " with a " + depth + " FPN backbone";
    if (names.begin_with("backbone.body.0.")) return " with a MobileNetV3 FPN backbone";
    if (names.begin_with("backbone.features.")) return " with a backbone without FPN";
    return "";
}

std::optional<std::string> recognise_detector(const Names& names) {
    if (names.begin_with("roi_heads.mask_")) return "Mask R-CNN" + with_backbone(names);
    if (names.begin_with("roi_heads.keypoint_")) return "Keypoint R-CNN" + with_backbone(names);
    if (names.begin_with("head.regression_head.bbox_ctrness.")) return "FCOS" + with_backbone(names);
    if (names.begin_with("head.classification_head.cls_logits.")) return "RetinaNet" + with_backbone(names);
    if (names.begin_with("head.classification_head.module_list.0.0.")) return "SSDlite";
    if (names.begin_with("head.classification_head.module_list.")) return "SSD";
    const bool faster_rcnn = names.begin_with("roi_heads.") || names.begin_with("rpn.");
    const bool mobilenet_fpn = names.begin_with("backbone.body.0.0.") || names.begin_with("backbone.body.1.block.");
    if (faster_rcnn && !mobilenet_fpn && names.begin_with("backbone.")) return "Faster R-CNN" + with_backbone(names);
    if (names.begin_with("proposal_generator.") || names.begin_with("roi_heads.box_head.fc1."))
        return "a detectron2 model";
    if (names.begin_with("bbox_head.") || names.begin_with("roi_head.")) return "an MMDetection model";
    if (names.begin_with("class_embed.") && names.begin_with("transformer.")) return "DETR";
    return std::nullopt;
}

std::optional<std::string> recognise_other(const Names& names) {
    if (names.begin_with("0.conv.") || names.begin_with("model.0.conv.")) return "a YOLO model";
    if (names.begin_with("module_list.0.") || names.begin_with("backbone.dark2.")) return "a YOLO model";
    if (const std::string depth = resnet(names, ""); !depth.empty()) return "the image classifier " + depth;
    if (names.begin_with("features.") && names.begin_with("classifier.")) {
        return names.begin_with("features.1.block.") ? "an image classifier such as MobileNetV3 or EfficientNet"
                                                     : "an image classifier such as MobileNetV2, VGG or AlexNet";
    }
    if (names.contain("attn.") || names.contain("attention.") || names.contain("encoder.layer")) return "a transformer";
    if (names.begin_with("fc.") || names.begin_with("classifier.") || names.begin_with("head.")) return "a classifier";
    return std::nullopt;
}

} // namespace

std::optional<std::string> find_computed_weights(const TensorEntries& tensors) {
    /// The tensors that torch puts in a weight's place, and what takes them away.
    struct Form {
        std::string_view ending;
        std::string_view companion;
        std::string_view what;
        std::string_view remedy;
    };
    constexpr std::array forms{
        Form{"_orig", "_mask", "is pruned", "torch.nn.utils.prune.remove(module, name)"},
        Form{"_orig", "_u", "is under spectral norm", "torch.nn.utils.remove_spectral_norm(module)"},
        Form{"_v", "_g", "is under weight norm", "torch.nn.utils.remove_weight_norm(module)"},
    };
    const auto advice = [](const std::string& weight, std::string_view what, std::string_view remedy) {
        return "tensor " + printable(weight) + " " + std::string(what) +
               ": torch computes it from others; make it plain with " + std::string(remedy) + " and save again";
    };
    for (const auto& [name, entry] : tensors) {
        for (const Form& form : forms) {
            if (!name.ends_with(form.ending)) continue;
            const std::string weight = name.substr(0, name.size() - form.ending.size());
            if (tensors.contains(weight + std::string(form.companion))) return advice(weight, form.what, form.remedy);
        }
        constexpr std::string_view parametrised = ".parametrizations.";
        if (const std::size_t at = name.find(parametrised); at != std::string::npos) {
            const std::string_view behind = std::string_view(name).substr(at + parametrised.size());
            return advice(name.substr(0, at + 1) + std::string(behind.substr(0, behind.find('.'))), "is parametrised",
                          "torch.nn.utils.parametrize.remove_parametrizations(module, name)");
        }
    }
    return std::nullopt;
}

std::optional<std::string> recognise_other_network(const TensorEntries& tensors) {
    const Names names(tensors);
    if (auto detector = recognise_detector(names)) return detector;
    if (names.begin_with("backbone.") && (names.begin_with("rpn.") || names.begin_with("roi_heads.")))
        return std::nullopt;
    if (auto other = recognise_other(names)) return other;
    if (names.begin_with("backbone.")) return "only a backbone, or another network";
    if (names.contain("exp_avg") || names.contain("momentum_buffer")) return "the state of an optimizer";
    return "a network that is not known here (its keys begin with " + names.first_parts() + ")";
}

} // namespace detect
