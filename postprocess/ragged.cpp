// SPDX-License-Identifier: Apache-2.0
#include "postprocess/ragged.h"

namespace detect {

ValueId add_gather_rows(GraphBuilder& b, ValueId table, ValueId indices, std::int64_t width) {
    const ValueId columns = b.vector({std::int64_t{1}, std::int64_t{1}, width});
    return b.node("GatherElements", {table, b.node("Expand", {b.unsqueeze(indices, {2}), columns})},
                  {{"axis", std::int64_t{1}}});
}

BestPerImage add_best_per_image(GraphBuilder& b, ValueId scores, ValueId survivors, ValueId count) {
    const auto scope = b.scope("best");
    const ValueId nothing =
        b.node("ConstantOfShape", {b.shape_of(scores)}, {{"value", Tensor::of<float>({1}, {0.0F})}});
    const ValueId kept = b.node("ScatterND", {nothing, survivors, b.node("GatherND", {scores, survivors})});
    const ValueId flat = b.node("Flatten", {kept}, {{"axis", std::int64_t{1}}});
    const auto best = b.nodes("TopK", {flat, b.min(count, b.size_of(flat, 1))}, {{"axis", std::int64_t{1}}}, 2);
    const ValueId taken = b.node("Greater", {best[0], b.scalar(0.0F)});
    const ValueId counts = b.node("ReduceSum", {b.cast(taken, DataType::int64), b.vector({std::int64_t{1}})},
                                  {{"keepdims", std::int64_t{0}}});
    return {.scores = best[0], .positions = best[1], .taken = taken, .counts = counts};
}

} // namespace detect
