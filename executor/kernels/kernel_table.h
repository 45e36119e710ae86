// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/feature_map.h"
#include "executor/kernels/activation.h"
#include "executor/kernels/isa.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

/// What the sources compiled for one instruction set offer to the rest: plain functions over pointers that allocate
/// nothing, start no thread and check nothing. Everything that callers use is built on top, compiled once for all.
namespace detect {

/// C[rows, columns] = activation(bias + A·B + residual), for one register tile. Each output is a chain of
/// multiply-adds in the order of k, the same whatever the tile's size and place; or the sum, in order, of several such
/// chains that start at zero, which keeps the error of thousands of terms near that of a few hundred.
struct GemmTile {
    /// A's rows in `segments` pieces of `segment_length` floats, k running through them in order. For strided kernels
    /// one pointer a segment (row r is at a[s] + r·lda), for indirect ones a pointer a row: a[s·rows + r].
    const float* const* a = nullptr;
    std::size_t lda = 0;
    std::size_t segments = 1;
    std::size_t segment_length = 0;
    /// Terms that the one segment is cut into, each block a chain of its own; 0: all segments are one chain.
    std::size_t block_length = 0;
    /// The panel of packed B from this k on; and its bias (padded to whole vectors), added when the chain is done so
    /// that it does not swamp small terms, or null.
    const float* b = nullptr;
    const float* bias = nullptr;
    float* c = nullptr;
    std::size_t ldc = 0;
    /// Valid columns: more than the panel's vectors less one hold, at most what they hold.
    std::size_t columns = 0;
    /// C holds what was summed for smaller k: a block is added to it, a chain goes on from there.
    bool adds = false;
    /// Null, or added before the activation.
    const float* residual = nullptr;
    std::size_t residual_stride = 0;
    Activation activation = Activation::none;
};

inline constexpr std::size_t max_panel_vectors = 3;
inline constexpr std::size_t max_tile_rows = 14;

using GemmTileKernel = void (*)(const GemmTile&);
/// By number of rows, from 1; null past the largest tile.
using GemmTileKernels = std::array<GemmTileKernel, max_tile_rows + 1>;

/// Outputs [begin, end) of one row of a depthwise convolution, channels last:
/// y[column, c] = activation(bias[c] + Σ x[kh, column·stride - pad_left + kw·dilation, c] · w[kh, kw, c]), one chain of
/// multiply-adds over the taps that lie inside the picture, kh before kw.
struct DepthwiseRow {
    /// The start of each of the kernel_h input rows; null for rows in the padding.
    const float* const* rows = nullptr;
    std::size_t x_columns = 0;
    /// Floats from pixel to pixel.
    std::size_t x_stride = 0;
    std::size_t channels = 0;
    /// [kernel_h, kernel_w, weight_stride], and bias; both padded to whole vectors of channels.
    const float* weights = nullptr;
    std::size_t weight_stride = 0;
    const float* bias = nullptr;
    std::size_t kernel_h = 0;
    std::size_t kernel_w = 0;
    std::size_t stride = 1;
    std::size_t dilation = 1;
    std::size_t pad_left = 0;
    /// The start of the output row.
    float* y = nullptr;
    std::size_t y_stride = 0;
    std::size_t begin = 0;
    std::size_t end = 0;
    Activation activation = Activation::none;
    /// Null, or [channels]: the outputs are added to it column by column.
    float* sums = nullptr;
};

/// A row of a picture resized along its width: for three planes p,
/// y[3i + p] = planes[p · width + first[i]] · first_weight[i] + planes[p · width + second[i]] · second_weight[i].
struct PixelBlend {
    /// Floats behind the last plane that may be read.
    static constexpr std::size_t overreach = 32;

    const float* planes = nullptr;
    std::size_t width = 0;
    /// Source pixels, in ascending order, and `second` at most one ahead of `first`.
    const std::int32_t* first = nullptr;
    const std::int32_t* second = nullptr;
    const float* first_weight = nullptr;
    const float* second_weight = nullptr;
    std::size_t count = 0;
    float* y = nullptr;
};

/// Four outputs of a 3×3 convolution from their 16 products.
struct WinogradOutput {
    /// Product i is at m + i · m_stride.
    const float* m = nullptr;
    std::size_t m_stride = 0;
    const float* bias = nullptr;
    std::size_t channels = 0;
    Activation activation = Activation::none;
    /// Left to right, top to bottom; null outside the output. Residuals may be null anyway.
    std::array<float*, 4> y{};
    std::array<const float*, 4> residual{};
};

/// A block of C = activation(A·B + bias + residual) on tiles of bfloat16. Each float is the exact sum of three bfloat16
/// numbers; of the nine products of such parts the six largest are kept, which leaves an error of some 2^-24 of each
/// term. Or two parts are kept of each float and the three largest products of these, with errors of either sign and
/// some 2^-18 of a term: in a sum of ten thousand terms about what adding them up in single precision costs. Products
/// are summed as the processor does it (Intel's TDPBF16PS: in single precision, the even and the odd terms of 32 in
/// chains of their own), so an output depends on its own row of A and column of B alone. Denormal numbers count as
/// zeros. An output that is not finite is computed again without tiles.
struct SplitProduct {
    /// Rows of A, each split by `split_row`, 32 numbers from row to row; and vectors of columns of B as `split_panel`
    /// leaves them, for the same steps, in as many parts.
    const std::uint16_t* split_a = nullptr;
    const std::uint16_t* split_b = nullptr;
    std::size_t steps = 0;
    /// Numbers from a part of A to the next, from a step to the next, and from 16 rows to the next. What lies behind
    /// the last row, up to a multiple of 16, is read but not used.
    std::size_t part_stride = 0;
    std::size_t step_stride = 0;
    std::size_t tile_stride = 0;
    std::size_t rows = 0;
    /// Vectors in the panel, and its valid columns.
    std::size_t vectors = 0;
    std::size_t columns = 0;
    float* c = nullptr;
    std::size_t ldc = 0;
    /// Null, or for each row where it goes in C and what residual it gets; -1: nowhere.
    const std::int32_t* rows_of_c = nullptr;
    /// [rows, vectors · 16]: what was summed for smaller k, if `adds`; and where sums go that are not whole yet. Rows
    /// of C may lie a page apart; these lie close.
    float* partial = nullptr;
    bool adds = false;
    /// The sum is whole: bias (padded to whole vectors), residual and activation follow, and it goes to C.
    bool ends = false;
    const float* bias = nullptr;
    const float* residual = nullptr;
    std::size_t residual_stride = 0;
    Activation activation = Activation::none;
    /// A and the panel, from the first k on, for outputs that are not finite; or null: those are NaN. A panel that is
    /// kept in two parts is one of these.
    const float* a = nullptr;
    std::size_t lda = 0;
    const float* b = nullptr;
    std::size_t k = 0;
    /// What is worth fetching into a second-level cache meanwhile.
    const float* next = nullptr;
    std::size_t next_floats = 0;
};

/// How to multiply by tiles of bfloat16. A step is `depth` terms of a sum.
struct SplitKernels {
    static constexpr std::size_t depth = 32;
    /// Rows of a tile.
    static constexpr std::size_t rows = 16;
    static constexpr std::size_t most_parts = 3;

    /// Of a float: 2 or 3.
    std::size_t parts = most_parts;
    /// Numbers in the tiles of a step.
    [[nodiscard]] constexpr std::size_t step_size() const { return parts * rows * depth; }

    /// Splits a row of k floats, padded with zeros to whole steps, into [k / 32, parts, 32], with the strides of
    /// SplitProduct.
    void (*split_row)(const float* row, std::size_t k, std::size_t part_stride, std::size_t step_stride,
                      std::uint16_t* split) = nullptr;
    /// Splits a packed panel [k, vectors · 16] into [k / 32, vectors, parts, 16, 16, 2], padded with zeros in k.
    void (*split_panel)(const float* b, std::size_t k, std::size_t vectors, std::uint16_t* split) = nullptr;
    void (*multiply)(const SplitProduct& product) = nullptr;
};

/// Functions of one element; `alpha` and `beta` where they have parameters.
enum class ElementFunction : std::uint8_t {
    absolute,
    negative,
    reciprocal,
    square,
    cube,
    square_root,
    exponential,
    error_function,
    hyperbolic_tangent,
    sigmoid,
    /// max(x, 0); NaN stays NaN.
    relu,
    /// x < 0 ? alpha · x : x
    leaky_relu,
    /// min(max(x, alpha), beta); NaN stays NaN.
    clip,
    /// max(0, min(1, alpha · x + beta))
    hard_sigmoid,
    /// x · hard_sigmoid(x)
    hard_swish,
};

enum class ElementOperation : std::uint8_t { add, subtract, multiply, divide };

/// y[i] = a[i] and b[i], combined; an operand that repeats is one element. Not both do. y may be a or b.
struct ElementPair {
    const float* a = nullptr;
    const float* b = nullptr;
    float* y = nullptr;
    std::size_t count = 0;
    bool repeats_a = false;
    bool repeats_b = false;
};

/// y = (x - mean) / √(variance + epsilon) · scale + bias over `count` (≥ 1) elements. Sums are those of sixteen partial
/// sums of every sixteenth element. y may be x.
struct LayerNormRow {
    const float* x = nullptr;
    /// [count], or null: 1 and 0.
    const float* scale = nullptr;
    const float* bias = nullptr;
    float epsilon = 0.F;
    std::size_t count = 0;
    float* y = nullptr;
};

/// No member has a default: a table that lacks one does not compile.
struct KernelTable {
    /// The folder that it comes from.
    std::string_view name;
    /// Floats in a vector.
    std::size_t lanes;
    /// Multiply-adds round once. All that do, and split nothing, give the same bits.
    bool fuses;
    /// By vectors in a panel (1 to 3): the rows of the largest tile, and the tiles.
    std::array<std::size_t, max_panel_vectors + 1> tile_rows;
    std::array<GemmTileKernels, max_panel_vectors + 1> gemm_tiles;

    /// Into three parts, and into two. Null where the processor has no tiles.
    const SplitKernels* split;
    const SplitKernels* split_in_two;
    void (*depthwise_row)(const DepthwiseRow& row);
    /// v + i · v_stride, for i from 0 to 15: the transform of 4 × 4 pixels, row by row; null pixels are zeros.
    void (*winograd_input)(const float* const* pixels, std::size_t channels, float* v, std::size_t v_stride);
    void (*winograd_output)(const WinogradOutput& output);
    /// scaled[k, width] = weights[k, width] · gate[k]; width is a multiple of `lanes`.
    void (*scale_rows)(const float* weights, const float* gate, std::size_t rows, std::size_t width, float* scaled);
    /// y = activation(x); y may be x.
    void (*activate)(const float* x, float* y, std::size_t count, Activation activation);
    /// y = activation(a + b); y may be a or b.
    void (*add)(const float* a, const float* b, float* y, std::size_t count, Activation activation);
    /// y[pixels, channels] = x · gate[channels]; y may be x.
    void (*scale_channels)(const float* x, const float* gate, float* y, std::size_t pixels, std::size_t channels);
    /// sums[channels] += x[p, channels] for p in order, `stride` floats from pixel to pixel.
    void (*sum_pixels)(const float* x, std::size_t stride, std::size_t pixels, std::size_t channels, float* sums);
    /// y[channels] = the largest of `count` (≥ 1) pixels; NaN if one is NaN.
    void (*max_pixels)(const float* const* pixels, std::size_t count, std::size_t channels, float* y);
    WeightedSum weighted_sum;
    /// y = softmax of `count` (≥ 1) values; y may be x.
    void (*softmax_row)(const float* x, std::size_t count, float* y);
    /// The same for rows of hundreds: the exponentials are added up in sixteen partial sums.
    void (*long_softmax_row)(const float* x, std::size_t count, float* y);
    void (*layer_norm_row)(const LayerNormRow& row);
    /// y = function(x); y may be x.
    void (*map_elements)(ElementFunction function, float alpha, float beta, const float* x, float* y,
                         std::size_t count);
    void (*combine_elements)(ElementOperation operation, const ElementPair& pair);
    /// y = (x - mean) / deviation; y may be x.
    void (*normalise)(const float* x, float mean, float deviation, std::size_t count, float* y);
    /// y = a · weight_a + b · weight_b; y may be a or b.
    void (*blend_rows)(const float* a, float weight_a, const float* b, float weight_b, std::size_t count, float* y);
    void (*blend_pixels)(const PixelBlend& blend);
};

/// The kernels of an instruction set: its own, or borrowed. The caller has made sure that the machine has it
/// (`available_isas`).
[[nodiscard]] const KernelTable& kernel_table(Isa isa);

} // namespace detect
