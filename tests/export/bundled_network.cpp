// SPDX-License-Identifier: Apache-2.0
#include "tests/export/bundled_network.h"

#include "checkpoint/checkpoint.h"
#include "tests/support/require.h"

#include <algorithm>

namespace detect::test {

std::filesystem::path bundled_checkpoint() { return DETECT_SAMPLE_MODEL; }

const Tensors& bundled_tensors() {
    static const Tensors tensors = [] {
        const Checkpoint checkpoint = require(Checkpoint::open(bundled_checkpoint()));
        Tensors result;
        for (const auto& [name, entry] : checkpoint.tensors()) {
            if (!name.ends_with("num_batches_tracked")) result.emplace(name, require(checkpoint.load(name)));
        }
        return result;
    }();
    return tensors;
}

Tensors with_classes(std::int64_t classes) {
    Tensors tensors = bundled_tensors();
    for (const auto& [layer, rows_per_class] :
         {std::pair{"cls_score", std::int64_t{1}}, std::pair{"bbox_pred", std::int64_t{4}}}) {
        for (const char* part : {".weight", ".bias"}) {
            Tensor& tensor = tensors.find("roi_heads.box_predictor." + std::string(layer) + part)->second;
            Dims dims = tensor.dims();
            const std::size_t old_classes = static_cast<std::size_t>(dims[0] / rows_per_class);
            const std::size_t per_class = tensor.data<float>().size() / old_classes;
            dims[0] = classes * rows_per_class;
            Tensor resampled = require(Tensor::create(DataType::float32, dims));
            for (std::size_t c = 0; c < static_cast<std::size_t>(classes); ++c) {
                const std::size_t source = c == 0 ? 0 : 1 + (c - 1) % (old_classes - 1);
                std::ranges::copy(tensor.data<float>().subspan(source * per_class, per_class),
                                  resampled.mutable_data<float>().subspan(c * per_class).begin());
            }
            tensor = resampled;
        }
    }
    return tensors;
}

Tensor drawn_image(std::int64_t height, std::int64_t width) {
    Tensor image = require(Tensor::create(DataType::float32, {3, height, width}));
    const auto pixels = image.mutable_data<float>();
    for (std::int64_t i = 0; i < image.element_count(); ++i) {
        const std::int64_t y = i / width % height;
        const std::int64_t x = i % width;
        const bool line = y % 40 < 12 || (x % 56 < 10 && y % 120 > 40);
        const bool dot = (x % 90 - 45) * (x % 90 - 45) + (y % 70 - 35) * (y % 70 - 35) < 100;
        pixels[static_cast<std::size_t>(i)] = line != dot ? 1.0F : 0.05F;
    }
    return image;
}

Tensor as_batch(const Tensor& image) { return image.reshaped({1, image.dims()[0], image.dims()[1], image.dims()[2]}); }

} // namespace detect::test
