// Steps that treat every element, or every channel of a pixel, alike.

template <class F>
inline void over_elements(std::size_t count, F&& body) {
    std::size_t i = 0;
    for (; i + lanes <= count; i += lanes) body(i, AllLanes{});
    if (i < count) body(i, FirstLanes{count - i});
}

void activate_elements(const float* x, float* y, std::size_t count, Activation activation) {
    with_activation(activation, [&]<Activation A>() {
        over_elements(count, [&](std::size_t i, auto some) { some.write(y + i, activate<A>(some.read(x + i))); });
    });
}

void add_elements(const float* a, const float* b, float* y, std::size_t count, Activation activation) {
    with_activation(activation, [&]<Activation A>() {
        over_elements(count, [&](std::size_t i, auto some) {
            some.write(y + i, activate<A>(add(some.read(a + i), some.read(b + i))));
        });
    });
}

void scale_channels(const float* x, const float* gate, float* y, std::size_t pixels, std::size_t channels) {
    for (std::size_t p = 0; p < pixels; ++p, x += channels, y += channels) {
        over_elements(channels,
                      [&](std::size_t c, auto some) { some.write(y + c, mul(some.read(x + c), some.read(gate + c))); });
    }
}

void sum_pixels(const float* x, std::size_t stride, std::size_t pixels, std::size_t channels, float* sums) {
    over_elements(channels, [&](std::size_t c, auto some) {
        Vec sum = some.read(sums + c);
        for (std::size_t p = 0; p < pixels; ++p) sum = add(sum, some.read(x + p * stride + c));
        some.write(sums + c, sum);
    });
}

void max_pixels(const float* const* pixels, std::size_t count, std::size_t channels, float* y) {
    over_elements(channels, [&](std::size_t c, auto some) {
        Vec most = some.read(pixels[0] + c);
        for (std::size_t p = 1; p < count; ++p) most = max_or_nan(most, some.read(pixels[p] + c));
        some.write(y + c, most);
    });
}

void scale_rows(const float* weights, const float* gate, std::size_t rows, std::size_t width, float* scaled) {
    for (std::size_t k = 0; k < rows; ++k, weights += width, scaled += width) {
        const Vec factor = broadcast(gate[k]);
        for (std::size_t i = 0; i < width; i += lanes) store(scaled + i, mul(load(weights + i), factor));
    }
}

void normalise(const float* x, float mean, float deviation, std::size_t count, float* y) {
    over_elements(count, [&](std::size_t i, auto some) {
        some.write(y + i, div(sub(some.read(x + i), broadcast(mean)), broadcast(deviation)));
    });
}

void blend_rows(const float* a, float weight_a, const float* b, float weight_b, std::size_t count, float* y) {
    over_elements(count, [&](std::size_t i, auto some) {
        const Vec of_a = mul(some.read(a + i), broadcast(weight_a));
        some.write(y + i, fma(some.read(b + i), broadcast(weight_b), of_a));
    });
}

void blend_gathered(const float* x, const GatheredBlend& blend, std::size_t count, float* y) {
    std::size_t i = 0;
    for (; i + lanes <= count; i += lanes) {
        const Vec of_first = mul(gather(x, blend.first + i), load(blend.first_weight + i));
        store(y + i, fma(gather(x, blend.second + i), load(blend.second_weight + i), of_first));
    }
    for (; i < count; ++i) {
        const Vec of_first = mul(broadcast(x[blend.first[i]]), broadcast(blend.first_weight[i]));
        store_first(y + i, fma(broadcast(x[blend.second[i]]), broadcast(blend.second_weight[i]), of_first), 1);
    }
}
