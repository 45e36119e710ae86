// SPDX-License-Identifier: Apache-2.0
// What is done to single bytes outside products.

void quantise_bytes(const float* x, std::size_t count, const Quantisation& q, std::uint8_t* y) {
    const ByteRange range(q.zero_point);
    const Int zero_point = broadcast_int(q.zero_point);
    const Vec factor = broadcast(1.F / q.scale);
    over_vectors(count, [&](std::size_t i, auto some) {
        store_bytes(y + i, add_ints(to_ints(range.cut(mul(load_some(x + i, some), factor))), zero_point), some);
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
    const ByteRange range(y_zero);
    const Int from_zero = broadcast_int(-x_zero);
    const Int to_zero = broadcast_int(y_zero);
    for (std::size_t p = 0; p < pixels; ++p, x += channels, y += channels) {
        over_vectors(channels, [&](std::size_t c, auto some) {
            const Vec scaled =
                mul(to_floats(add_ints(load_bytes(x + c, some), from_zero)), load_some(factor + c, some));
            store_bytes(y + c, add_ints(to_ints(range.cut(scaled)), to_zero), some);
        });
    }
}
