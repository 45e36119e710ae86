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

/// Finishes vectors of columns of a row. `Plain`: neither residual nor rounding. Holds copies of everything, or the
/// compiler would have to read it again after each byte that is stored.
template <Activation A, bool Bytes, bool Plain>
class RowFinish {
public:
    explicit RowFinish(const Int8Finish& f)
        : offset_(f.offset), scale_(f.scale), bias_(f.bias), rounded_(f.rounded), byte_residual_(f.byte_residual),
          float_residual_(f.float_residual), residual_stride_(f.residual_stride), bytes_(f.bytes), floats_(f.floats),
          stride_(f.stride), output_(f.output), rounding_(f.rounding), output_zero_(broadcast_int(f.output.zero_point)),
          residual_zero_(broadcast_int(-f.residual.zero_point)), residual_scale_(broadcast(f.residual.scale)),
          rounding_scale_(broadcast(f.rounding.scale)) {}

    /// `column`: of the first lane; `count`: valid lanes, a number or a constant.
    template <class Count>
    [[gnu::always_inline]] Int operator()(Int sum, std::size_t row, std::size_t column, Count count) const {
        Vec x = to_floats(add_ints(sum, load_ints(offset_ + column)));
        x = add(mul(x, load(scale_ + column)), load(bias_ + column));
        if constexpr (!Plain) {
            if (rounded_) x = mul(to_floats(rounding_(x)), rounding_scale_);
            if (byte_residual_ != nullptr) {
                const Int bytes = load_bytes(byte_residual_ + row * residual_stride_ + column, count);
                x = add(x, mul(to_floats(add_ints(bytes, residual_zero_)), residual_scale_));
            } else if (float_residual_ != nullptr) {
                x = add(x, load_some(float_residual_ + row * residual_stride_ + column, count));
            }
        }
        x = int8_activate<A>(x);
        if constexpr (Bytes) {
            const Int bytes = add_ints(output_(x), output_zero_);
            store_bytes(bytes_ + row * stride_ + column, bytes, count);
            return bytes;
        } else {
            store_some(floats_ + row * stride_ + column, x, count);
            return zero_ints();
        }
    }

private:
    const std::int32_t* offset_;
    const float* scale_;
    const float* bias_;
    bool rounded_;
    const std::uint8_t* byte_residual_;
    const float* float_residual_;
    std::size_t residual_stride_;
    std::uint8_t* bytes_;
    float* floats_;
    std::size_t stride_;
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
        const bool plain = !finish.rounded && finish.byte_residual == nullptr && finish.float_residual == nullptr;
        if (finish.bytes != nullptr && plain) {
            body(RowFinish<A, true, true>(finish));
        } else if (finish.bytes != nullptr) {
            body(RowFinish<A, true, false>(finish));
        } else {
            body(RowFinish<A, false, false>(finish));
        }
    });
}

/// The number of lanes as a constant, so that nothing is masked.
struct WholeVector {
    constexpr operator std::size_t() const { return lanes; }
};

/// Calls `body(first, count)` for vectors of `count` (≤ lanes) elements.
template <class F>
inline void over_vectors(std::size_t count, F&& body) {
    std::size_t i = 0;
    for (; i + lanes <= count; i += lanes) body(i, WholeVector{});
    if (i < count) body(i, count - i);
}
