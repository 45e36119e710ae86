// What becomes of a sum. No fused multiply-adds, or instruction sets would
// differ.

template <Activation A>
inline Vec int8_activate(Vec x) {
    if constexpr (A == Activation::relu) {
        return max_or_second(zero(), x);
    } else if constexpr (A == Activation::hard_sigmoid || A == Activation::hard_swish) {
        const Vec gate = min_or_second(broadcast(6.F), max_or_second(zero(), add(x, broadcast(3.F))));
        const Vec sixth = mul(gate, broadcast(1.F / 6.F));
        return A == Activation::hard_swish ? mul(x, sixth) : sixth;
    } else {
        return x;
    }
}

/// round(x / scale), saturated to [low, high].
struct Rounding {
    Vec factor;
    Vec low;
    Vec high;

    explicit Rounding(const Quantisation& q)
        : factor(broadcast(1.F / q.scale)), low(broadcast(static_cast<float>(-q.zero_point))),
          high(broadcast(static_cast<float>(255 - q.zero_point))) {}
    [[nodiscard]] Int operator()(Vec x) const {
        return to_ints(min_or_second(high, max_or_second(low, mul(x, factor))));
    }
};

/// Finishes vectors of columns of a row.
template <Activation A, bool Bytes>
class RowFinish {
public:
    explicit RowFinish(const Int8Finish& f)
        : f_(f), output_(f.output), rounding_(f.rounding), output_zero_(broadcast_int(f.output.zero_point)),
          residual_zero_(broadcast_int(-f.residual.zero_point)), residual_scale_(broadcast(f.residual.scale)),
          rounding_scale_(broadcast(f.rounding.scale)) {}

    /// `column`: of the first lane; `count`: valid lanes.
    Int operator()(Int sum, std::size_t row, std::size_t column, std::size_t count) const {
        Vec x = to_floats(add_ints(sum, load_ints(f_.offset + column)));
        x = add(mul(x, load(f_.scale + column)), load(f_.bias + column));
        if (f_.rounded) x = mul(to_floats(rounding_(x)), rounding_scale_);
        if (f_.byte_residual != nullptr) {
            const Int bytes = load_bytes(f_.byte_residual + row * f_.residual_stride + column, count);
            x = add(x, mul(to_floats(add_ints(bytes, residual_zero_)), residual_scale_));
        } else if (f_.float_residual != nullptr) {
            x = add(x, load_some(f_.float_residual + row * f_.residual_stride + column, count));
        }
        x = int8_activate<A>(x);
        if constexpr (Bytes) {
            const Int bytes = add_ints(output_(x), output_zero_);
            store_bytes(f_.bytes + row * f_.stride + column, bytes, count);
            return bytes;
        } else {
            store_some(f_.floats + row * f_.stride + column, x, count);
            return zero_ints();
        }
    }

private:
    const Int8Finish& f_;
    Rounding output_;
    Rounding rounding_;
    Int output_zero_;
    Int residual_zero_;
    Vec residual_scale_;
    Vec rounding_scale_;
};

template <class F>
inline void with_finish(const Int8Finish& finish, F&& body) {
    with_activation(finish.activation, [&]<Activation A>() {
        if (finish.bytes != nullptr) {
            body(RowFinish<A, true>(finish));
        } else {
            body(RowFinish<A, false>(finish));
        }
    });
}

/// Calls `body(first, count)` for vectors of `count` (≤ lanes) elements.
template <class F>
inline void over_vectors(std::size_t count, F&& body) {
    std::size_t i = 0;
    for (; i + lanes <= count; i += lanes) body(i, lanes);
    if (i < count) body(i, count - i);
}
