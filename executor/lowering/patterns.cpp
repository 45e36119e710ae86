// SPDX-License-Identifier: Apache-2.0
#include "executor/lowering/patterns.h"

#include <array>

namespace detect {

// By file.
Matcher match_channels_last_transpose, match_channels_last_elementwise;
Matcher match_convolution;
Matcher match_elementwise;
Matcher match_fully_connected;
Matcher match_image_transform;
Matcher match_int8_convolution;
Matcher match_int8_fully_connected;
Fusion fuse_inverted_residuals, fuse_int8_inverted_residuals;
Matcher match_layer_norm, match_layer_norm_operator;
Matcher match_matrix_product;
Matcher match_pooling;
Matcher match_quantise, match_dequantise, match_unpack_weights; // quantisers.cpp
Matcher match_reference;
Matcher match_roi_align;
Matcher match_softmax;
Matcher match_transpose;

std::span<const Pattern> patterns() {
    static constexpr std::array list{
        // Layers of bytes take the floats between them, so nothing else may have those.
        Pattern{Sweep::byte_layers, match_int8_convolution},
        // It takes the RoIAlign in front of it, but no node that a convolution would.
        Pattern{Sweep::byte_layers, match_int8_fully_connected},

        // Once the layers of bytes are known: most values between them are wanted by nobody as floats.
        Pattern{Sweep::byte_values, match_dequantise},
        // Before the layers of floats: these want weights that are constants.
        Pattern{Sweep::byte_values, match_unpack_weights},

        // The layers of floats begin with different operators, but for these two pairs.
        Pattern{Sweep::float_layers, match_convolution},
        // Sub: this one has constants, which the mean below is not.
        Pattern{Sweep::float_layers, match_image_transform},
        Pattern{Sweep::float_layers, match_layer_norm},
        // MatMul: constant weights can be packed; any others are left for the product below.
        Pattern{Sweep::float_layers, match_fully_connected},
        Pattern{Sweep::float_layers, match_matrix_product},

        // It would take every Add, Mul and Relu: layers have theirs by now.
        Pattern{Sweep::element_chains, match_elementwise},

        // What no other pattern wants as a part: these begin with different operators …
        Pattern{Sweep::single_nodes, match_quantise},
        Pattern{Sweep::single_nodes, match_roi_align},
        Pattern{Sweep::single_nodes, match_pooling},
        Pattern{Sweep::single_nodes, match_softmax},
        Pattern{Sweep::single_nodes, match_layer_norm_operator},
        // … but for Transpose: one that moves nothing comes before one that does.
        Pattern{Sweep::single_nodes, match_channels_last_transpose},
        Pattern{Sweep::single_nodes, match_transpose},
        // The two of plain kernels are last: this one spares a conversion …
        Pattern{Sweep::single_nodes, match_channels_last_elementwise},
        // … and this one fits every node. It fails if there is no kernel.
        Pattern{Sweep::single_nodes, match_reference},
    };
    return list;
}

std::span<Fusion* const> fusions() {
    // Neither takes the other's steps.
    static constexpr std::array<Fusion*, 2> list{fuse_int8_inverted_residuals, fuse_inverted_residuals};
    return list;
}

} // namespace detect
