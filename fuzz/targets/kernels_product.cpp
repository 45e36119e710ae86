// SPDX-License-Identifier: Apache-2.0
#include "fuzz/kernel_chain.h"
#include "fuzz/targets.h"

/// Matrix products, with packed weights and of activations: rows that lie apart, any order of weights, panels one by
/// one, gates. A product is a pointwise convolution of as many pixels as it has rows.
namespace detect::fuzz {

namespace {

struct Product {
    std::size_t m = 0;
    std::size_t k = 0;
    std::size_t n = 0;
    Activation activation = Activation::none;

    [[nodiscard]] Conv2dParameters as_convolution() const {
        Conv2dParameters p;
        p.input_channels = k;
        p.output_channels = n;
        p.activation = activation;
        return p;
    }
};

/// Without what lies between its rows.
std::vector<float> dense(std::span<const float> rows, std::size_t count, std::size_t stride, std::size_t width) {
    std::vector<float> values;
    for (std::size_t r = 0; r < count; ++r) {
        const auto row = rows.subspan(r * stride, width);
        values.insert(values.end(), row.begin(), row.end());
    }
    return values;
}

/// Weights [n, k] for inputs [pixels, channels], as somebody hands them over: for [channels, pixels], in either order.
std::vector<float> handed_over(std::span<const float> weights, const Product& p, std::size_t pixels, bool by_input) {
    std::vector<float> given(weights.size());
    const std::size_t channels = p.k / pixels;
    for (std::size_t j = 0; j < p.n; ++j) {
        for (std::size_t i = 0; i < p.k; ++i) {
            const std::size_t from = i % channels * pixels + i / channels;
            given[by_input ? from * p.n + j : j * p.k + from] = weights[j * p.k + i];
        }
    }
    return given;
}

/// Rows that are `gap` floats further apart than they are wide; what lies between must stay as it was.
std::size_t floats_of(std::size_t rows, std::size_t width, std::size_t gap) {
    return rows == 0 ? 0 : (rows - 1) * (width + gap) + width;
}

void require_gaps(std::span<const float> c, std::size_t n, std::size_t stride) {
    for (std::size_t i = 0; i < c.size(); ++i) {
        require(i % stride < n || c[i] == 77.F, "nothing is written between rows");
    }
}

void packed_product(Input& input) {
    Product p{take_size(input, 0, 9, 40), take_size(input, 1, 40, 200), take_size(input, 1, 20, 70),
              take_activation(input)};
    // Several blocks of depth.
    if (input.number(0, 31) == 31) p.k += 1000;
    std::size_t pixels = input.number(1, 6);
    if (p.k % pixels != 0) pixels = 1;
    const bool by_input = input.number(0, 1) == 1;
    const bool with_gate = input.number(0, 3) == 3;
    const bool has_residual = input.number(0, 1) == 1;
    const bool by_panels = input.number(0, 1) == 1;
    ThreadPool& pool = pool_of(input.number(0, 1) == 1);
    const std::size_t gap_of_a = input.number(0, 3);
    const std::size_t gap_of_c = input.number(0, 3);
    const std::size_t gap_of_residual = input.number(0, 3);
    Numbers numbers(input);
    const Floats weights = numbers.floats(p.k * p.n);
    const Floats bias = numbers.floats(p.n);
    const Floats gate = numbers.floats(with_gate ? p.k : 0);
    const Floats a = numbers.floats(floats_of(p.m, p.k, gap_of_a));
    const Floats residual = numbers.floats(has_residual ? floats_of(p.m, p.n, gap_of_residual) : 0);
    const std::vector<float> given = handed_over(weights.span(), p, pixels, by_input);
    const std::size_t rows = p.m;
    const std::vector<float> dense_a = dense(a.span(), rows, p.k + gap_of_a, p.k);
    const std::vector<float> dense_residual =
        dense(residual.span(), has_residual ? rows : 0, p.n + gap_of_residual, p.n);
    const Conv2dParameters shape = p.as_convolution();
    const test::PlainConv plain{shape,
                                dense_a,
                                {1, 1, rows},
                                weights.span(),
                                bias.span(),
                                has_residual ? dense_residual.data() : nullptr,
                                with_gate ? gate.data() : nullptr};
    const Epilogue epilogue{p.activation, has_residual ? residual.data() : nullptr, p.n + gap_of_residual};
    Agreement agreement;
    for (const Isa isa : available_isas()) {
        const KernelTable& kernels = kernel_table(isa);
        const auto order = by_input ? WeightOrder::input_major : WeightOrder::output_major;
        const auto packed = PackedMatrix::pack(kernels, order, given, p.k, p.n, bias.span(), pixels);
        require(packed.ok(), "weights whose sizes fit are packed");
        PackedView b = packed->view();
        const Scratch scaled(b.size() * sizeof(float));
        if (with_gate) {
            scale_rows(b, gate.data(), reinterpret_cast<float*>(scaled.span().data()), pool);
            b.weights = reinterpret_cast<const float*>(scaled.span().data());
        }
        Floats c(floats_of(rows, p.n, gap_of_c), 77.F);
        if (by_panels) {
            const Scratch scratch(gemm_panels_scratch_bytes(b, rows));
            for (std::size_t i = 0; i < b.panels(); ++i) {
                const std::size_t column = b.panel(i).column;
                Epilogue of_panel = epilogue;
                if (has_residual) of_panel.residual += column;
                gemm_panels(b, i, i + 1, a.data(), p.k + gap_of_a, rows, c.data() + column, p.n + gap_of_c, of_panel,
                            scratch.span());
            }
        } else {
            const Scratch scratch(gemm_scratch_bytes(b, rows, threads_of(pool)));
            gemm(b, a.data(), p.k + gap_of_a, rows, c.data(), p.n + gap_of_c, epilogue, scratch.span(), pool);
        }
        require_gaps(c.span(), p.n, p.n + gap_of_c);
        const std::vector<float> y = dense(c.span(), rows, p.n + gap_of_c, p.n);
        agreement.see(kernels, y, "instruction sets that fuse give the same bits");
        require_chain(isa, plain, y);
    }
}

void batched_product(Input& input) {
    const std::size_t count = input.number(0, 4);
    const Product p{take_size(input, 0, 7, 24), take_size(input, 0, 30, 140), take_size(input, 0, 20, 50)};
    const bool transposed = input.number(0, 1) == 1;
    const bool shares_a = input.number(0, 1) == 1;
    ThreadPool& pool = pool_of(input.number(0, 1) == 1);
    Numbers numbers(input);
    const Floats a = numbers.floats((shares_a ? std::min<std::size_t>(count, 1) : count) * p.m * p.k);
    const Floats b = numbers.floats(count * p.k * p.n);
    std::vector<BatchedProduct::Offsets> offsets;
    for (std::size_t i = 0; i < count; ++i) {
        offsets.push_back({shares_a ? 0 : i * p.m * p.k, i * p.k * p.n, (count - 1 - i) * p.m * p.n});
    }
    const BatchedProduct product{p.m, p.k, p.n, offsets, transposed};
    const Conv2dParameters shape = p.as_convolution();
    Agreement agreement;
    for (const Isa isa : available_isas()) {
        const KernelTable& kernels = kernel_table(isa);
        Floats c(count * p.m * p.n);
        const Scratch scratch(batched_product_scratch_bytes(kernels, product, threads_of(pool)));
        multiply_batched(kernels, product, a.data(), b.data(), c.data(), scratch.span(), pool);
        agreement.see(kernels, c.span(), "instruction sets that fuse give the same bits");
        for (const BatchedProduct::Offsets& at : offsets) {
            const auto of_b = b.span().subspan(at.b, p.k * p.n);
            std::vector<float> by_output(of_b.begin(), of_b.end());
            for (std::size_t i = 0; !transposed && i < of_b.size(); ++i) by_output[i % p.n * p.k + i / p.n] = of_b[i];
            require_chain(isa, {shape, a.span().subspan(at.a, p.m * p.k), {1, 1, p.m}, by_output, {}},
                          c.span().subspan(at.c, p.m * p.n));
        }
    }
}

} // namespace

void kernels_product(Bytes bytes) {
    Input input(bytes);
    if (input.number(0, 3) == 0) {
        batched_product(input);
    } else {
        packed_product(input);
    }
}

} // namespace detect::fuzz
