// SPDX-License-Identifier: Apache-2.0
// Activations of a vector, and loads and stores of a part of one.

/// c / 6 for c in [0, 6], rounded once: the product with 1/6 and a correction by its remainder (P. Markstein, 1990),
/// which is cheaper than a division but needs a fused multiply-add. The product alone errs the same way in every layer.
inline Vec sixth_of(Vec c) {
    if constexpr (!fuses) {
        return div(c, broadcast(6.F));
    } else {
        const Vec sixth = broadcast(1.F / 6.F);
        const Vec q = mul(c, sixth);
        return fma(fma(broadcast(-6.F), q, c), sixth, q);
    }
}

template <Activation A>
inline Vec activate(Vec x) {
    if constexpr (A == Activation::relu) {
        return max_or_second(zero(), x);
    } else if constexpr (A == Activation::hard_sigmoid || A == Activation::hard_swish) {
        const Vec three = broadcast(3.F);
        const Vec six = broadcast(6.F);
        const Vec gate = sixth_of(min_or_second(six, max_or_second(zero(), add(x, three))));
        return A == Activation::hard_swish ? mul(x, gate) : gate;
    } else {
        return x;
    }
}

template <class F>
inline void with_activation(Activation activation, F&& body) {
    switch (activation) {
    case Activation::none: body.template operator()<Activation::none>(); break;
    case Activation::relu: body.template operator()<Activation::relu>(); break;
    case Activation::hard_swish: body.template operator()<Activation::hard_swish>(); break;
    case Activation::hard_sigmoid: body.template operator()<Activation::hard_sigmoid>(); break;
    }
}

inline Vec load_some(const float* p, std::size_t count) { return count >= lanes ? load(p) : load_first(p, count); }
inline void store_some(float* p, Vec x, std::size_t count) {
    if (count >= lanes) {
        store(p, x);
    } else {
        store_first(p, x, count);
    }
}
