// What is done to single bytes outside products.

void quantise_bytes(const float* x, std::size_t count, const Quantisation& q, std::uint8_t* y) {
    const Rounding rounded(q);
    const Int zero_point = broadcast_int(q.zero_point);
    over_vectors(count, [&](std::size_t i, auto some) {
        store_bytes(y + i, add_ints(rounded(load_some(x + i, some)), zero_point), some);
    });
}

void dequantise_bytes(const std::uint8_t* x, std::size_t count, const Quantisation& q, float* y) {
    const Int zero_point = broadcast_int(-q.zero_point);
    const Vec scale = broadcast(q.scale);
    over_vectors(count, [&](std::size_t i, auto some) {
        store_some(y + i, mul(to_floats(add_ints(load_bytes(x + i, some), zero_point)), scale), some);
    });
}

void rescale_bytes(const std::uint8_t* x, std::size_t pixels, std::size_t channels, std::int32_t x_zero,
                   const float* factor, std::int32_t y_zero, std::uint8_t* y) {
    const Rounding rounded(Quantisation{1.F, y_zero});
    const Int from_zero = broadcast_int(-x_zero);
    const Int to_zero = broadcast_int(y_zero);
    for (std::size_t p = 0; p < pixels; ++p, x += channels, y += channels) {
        over_vectors(channels, [&](std::size_t c, auto some) {
            const Vec scaled =
                mul(to_floats(add_ints(load_bytes(x + c, some), from_zero)), load_some(factor + c, some));
            store_bytes(y + c, add_ints(rounded(scaled), to_zero), some);
        });
    }
}

void sum_bytes(const std::uint8_t* x, std::size_t pixels, std::size_t channels, std::int32_t* sums) {
    const auto sum = [&](std::size_t c, Int total, auto some) {
        for (std::size_t p = 0; p < pixels; ++p) total = add_ints(total, load_bytes(x + p * channels + c, some));
        return total;
    };
    std::size_t c = 0;
    for (; c + lanes <= channels; c += lanes) store_ints(sums + c, sum(c, load_ints(sums + c), WholeVector{}));
    if (c == channels) return;
    std::int32_t last[lanes];
    store_ints(last, sum(c, zero_ints(), channels - c));
    for (std::size_t i = 0; c + i < channels; ++i) sums[c + i] += last[i];
}
