// SPDX-License-Identifier: Apache-2.0
#include "tests/parity/references.h"

#include "tests/support/isa_under_test.h"
#include "tests/support/npy.h"
#include "tests/support/require.h"
#include "tests/support/shared_data.h"

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <stdexcept>

namespace detect::test {
namespace {

std::string joined(const nlohmann::json& numbers) {
    std::string text;
    for (const auto& number : numbers) text += (text.empty() ? "" : ",") + number.dump();
    return text;
}

template <class T>
void take(const nlohmann::json& settings, const char* name, std::optional<T>& target) {
    if (settings.contains(name)) target = settings.at(name).get<T>();
}

std::span<const float> rows_of(const Tensor& image, std::int64_t channel, std::int64_t row) {
    const Dims& dims = image.dims();
    return image.data<float>().subspan(static_cast<std::size_t>((channel * dims[2] + row) * dims[3]),
                                       static_cast<std::size_t>(dims[3]));
}

Tensor new_image(const Dims& dims) { return require(Tensor::create(DataType::float32, dims)); }

} // namespace

Tensor Picture::input() const {
    const Tensor pixels = value("picture");
    Tensor image = new_image({1, 3, height, width});
    std::ranges::transform(pixels.data<std::uint8_t>(), image.mutable_data<float>().begin(),
                           [](std::uint8_t value) { return static_cast<float>(value) / 255.0F; });
    return image;
}

std::vector<Found> Picture::detections() const { return to_found(value("boxes"), value("labels"), value("scores")); }

Tensor Picture::value(std::string_view value_name) const {
    return require(read_npy(folder / (std::string(value_name) + ".npy")));
}

SettingsOverrides Case::overrides() const {
    SettingsOverrides result;
    take(settings, "preset", result.preset);
    take(settings, "min_size", result.min_size);
    take(settings, "max_size", result.max_size);
    take(settings, "anchor_sizes", result.anchor_sizes);
    take(settings, "image_mean", result.image_mean);
    take(settings, "image_std", result.image_std);
    take(settings, "aspect_ratios", result.aspect_ratios);
    take(settings, "rpn_top_n", result.rpn_top_n);
    take(settings, "rpn_pre_nms_top_n", result.rpn_pre_nms_top_n);
    take(settings, "rpn_post_nms_top_n", result.rpn_post_nms_top_n);
    take(settings, "rpn_nms_threshold", result.rpn_nms_threshold);
    take(settings, "box_weights", result.box_weights);
    take(settings, "score_threshold", result.score_threshold);
    take(settings, "nms_threshold", result.nms_threshold);
    take(settings, "max_detections", result.max_detections);
    return result;
}

std::vector<std::string> Case::arguments() const {
    std::vector<std::string> result;
    for (const auto& [setting, value] : settings.items()) {
        std::string option = setting;
        std::ranges::replace(option, '_', '-');
        result.push_back("--" + option);
        result.push_back(value.is_array()    ? joined(value)
                         : value.is_string() ? value.get<std::string>()
                                             : value.dump());
    }
    return result;
}

std::filesystem::path parity_folder() {
    const char* const named = std::getenv("DETECT_PARITY_DIR");
    return named != nullptr ? named : DETECT_PARITY_DIR;
}

std::optional<std::string> references_missing() {
    if (!shared_folder()) return "the trained checkpoint and its pictures are not here (DETECT_SHARED_DIR)";
    if (!std::filesystem::exists(parity_folder() / "cases.json")) {
        return "no torchvision results: the test parity_references makes them";
    }
    return std::nullopt;
}

std::vector<Case> load_cases() {
    std::ifstream file(parity_folder() / "cases.json");
    std::vector<Case> cases;
    for (const auto& listed : nlohmann::json::parse(file)) {
        Case one{.name = listed.at("name"),
                 .checkpoint = listed.at("checkpoint").get<std::string>(),
                 .settings = listed.at("settings"),
                 .pictures = {}};
        const std::filesystem::path folder = listed.at("folder").get<std::string>();
        for (const auto& picture : listed.at("pictures")) {
            const std::string name = picture.at("name");
            one.pictures.push_back({name, folder / name, picture.at("height"), picture.at("width")});
        }
        cases.push_back(std::move(one));
    }
    return cases;
}

Case load_case(std::string_view name) {
    for (Case& one : load_cases()) {
        if (one.name == name) return std::move(one);
    }
    throw std::runtime_error("prepare.py makes no case " + std::string(name));
}

std::shared_ptr<const Model> compile(Graph graph, int threads, std::optional<Isa> isa) {
    ModelOptions options;
    options.threads = threads;
    options.isa = isa.value_or(isa_under_test());
    return require(Model::compile(std::move(graph), options));
}

Tensor stack(const std::vector<Tensor>& images) {
    const Dims& dims = images.front().dims();
    Tensor batch = new_image({static_cast<std::int64_t>(images.size()), dims[1], dims[2], dims[3]});
    auto target = batch.mutable_data<float>().begin();
    for (const Tensor& image : images) {
        if (image.dims() != dims) throw std::logic_error("a batch needs images of one size");
        target = std::ranges::copy(image.data<float>(), target).out;
    }
    return batch;
}

Tensor crop(const Tensor& image, std::int64_t top, std::int64_t left, std::int64_t height, std::int64_t width) {
    Tensor part = new_image({1, 3, height, width});
    auto target = part.mutable_data<float>().begin();
    for (std::int64_t channel = 0; channel < 3; ++channel) {
        for (std::int64_t row = top; row < top + height; ++row) {
            const auto pixels = rows_of(image, channel, row);
            target = std::ranges::copy(pixels.subspan(static_cast<std::size_t>(left), static_cast<std::size_t>(width)),
                                       target)
                         .out;
        }
    }
    return part;
}

Tensor flat_image(std::int64_t height, std::int64_t width, float grey) {
    Tensor image = new_image({1, 3, height, width});
    std::ranges::fill(image.mutable_data<float>(), grey);
    return image;
}

} // namespace detect::test
