// SPDX-License-Identifier: Apache-2.0
#include "bench/kernels/peer.h"

#include <oneapi/dnnl/dnnl.hpp>

#include <omp.h>
#include <unordered_map>

namespace detect::bench {

struct Peer::State {
    dnnl::engine engine{dnnl::engine::kind::cpu, 0};
    dnnl::stream stream{engine};
    dnnl::primitive primitive;
    std::unordered_map<int, dnnl::memory> arguments;
};

namespace {

using dnnl::memory;

memory::dim dim(std::size_t size) { return static_cast<memory::dim>(size); }

dnnl::primitive_attr attributes(Activation activation) {
    dnnl::post_ops steps;
    if (activation == Activation::relu) steps.append_eltwise(1.F, dnnl::algorithm::eltwise_relu, 0.F, 0.F);
    if (activation == Activation::hard_swish) steps.append_eltwise(1.F, dnnl::algorithm::eltwise_hardswish, 0.F, 0.F);
    dnnl::primitive_attr attributes;
    attributes.set_post_ops(steps);
    return attributes;
}

memory filled(const memory::desc& desc, const dnnl::engine& engine) {
    memory result(desc, engine);
    auto* floats = static_cast<float*>(result.get_data_handle());
    for (std::size_t i = 0; i < desc.get_size() / sizeof(float); ++i) floats[i] = 0.01F * static_cast<float>(i % 31);
    return result;
}

} // namespace

Peer::Peer(std::unique_ptr<State> state) : state_(std::move(state)) {}
Peer::Peer(Peer&&) noexcept = default;
Peer::~Peer() = default;

Peer Peer::conv(const Conv2dParameters& p, std::size_t height, std::size_t width) {
    auto state = std::make_unique<State>();
    constexpr auto f32 = memory::data_type::f32;
    constexpr auto any = memory::format_tag::any;
    const memory::desc x({1, dim(p.input_channels), dim(height), dim(width)}, f32, any);
    const memory::dims kernel =
        p.groups > 1 ? memory::dims{dim(p.groups), dim(p.output_channels / p.groups), dim(p.input_channels / p.groups),
                                    dim(p.kernel_h), dim(p.kernel_w)}
                     : memory::dims{dim(p.output_channels), dim(p.input_channels), dim(p.kernel_h), dim(p.kernel_w)};
    const memory::desc w(kernel, f32, any);
    const memory::desc b({dim(p.output_channels)}, f32, memory::format_tag::x);
    const memory::desc y({1, dim(p.output_channels), dim(p.output_height(height)), dim(p.output_width(width))}, f32,
                         any);
    const dnnl::convolution_forward::desc description(
        dnnl::prop_kind::forward_inference, dnnl::algorithm::convolution_direct, x, w, b, y,
        {dim(p.stride_h), dim(p.stride_w)}, {dim(p.pad_top), dim(p.pad_left)}, {dim(p.pad_bottom), dim(p.pad_right)});
    const dnnl::convolution_forward::primitive_desc chosen(description, attributes(p.activation), state->engine);
    state->primitive = dnnl::convolution_forward(chosen);
    state->arguments = {{DNNL_ARG_SRC, filled(chosen.src_desc(), state->engine)},
                        {DNNL_ARG_WEIGHTS, filled(chosen.weights_desc(), state->engine)},
                        {DNNL_ARG_BIAS, filled(chosen.bias_desc(), state->engine)},
                        {DNNL_ARG_DST, filled(chosen.dst_desc(), state->engine)}};
    return Peer(std::move(state));
}

Peer Peer::product(std::size_t m, std::size_t k, std::size_t n, Activation activation) {
    auto state = std::make_unique<State>();
    constexpr auto f32 = memory::data_type::f32;
    const memory::desc a({dim(m), dim(k)}, f32, memory::format_tag::ab);
    const memory::desc w({dim(k), dim(n)}, f32, memory::format_tag::any);
    const memory::desc b({1, dim(n)}, f32, memory::format_tag::ab);
    const memory::desc c({dim(m), dim(n)}, f32, memory::format_tag::ab);
    const dnnl::matmul::primitive_desc chosen(dnnl::matmul::desc(a, w, b, c), attributes(activation), state->engine);
    state->primitive = dnnl::matmul(chosen);
    state->arguments = {{DNNL_ARG_SRC, filled(a, state->engine)},
                        {DNNL_ARG_WEIGHTS, filled(chosen.weights_desc(), state->engine)},
                        {DNNL_ARG_BIAS, filled(b, state->engine)},
                        {DNNL_ARG_DST, filled(c, state->engine)}};
    return Peer(std::move(state));
}

void Peer::run() {
    state_->primitive.execute(state_->stream, state_->arguments);
    state_->stream.wait();
}

void set_peer_threads(int threads) { omp_set_num_threads(threads); }

} // namespace detect::bench
