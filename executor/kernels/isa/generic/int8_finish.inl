// SPDX-License-Identifier: Apache-2.0
// What becomes of a sum. No fused multiply-adds, or instruction sets would differ.

/// Hard-swish and hard-sigmoid come out six times as large, which what follows makes up for.
template <Activation A>
constexpr bool is_sixfold = A == Activation::hard_sigmoid || A == Activation::hard_swish;

template <Activation A>
inline Vec int8_activate(Vec x) {
    if constexpr (A == Activation::relu) {
        return max_or_second(zero(), x);
    } else if constexpr (is_sixfold<A>) {
        const Vec gate = min_or_second(broadcast(6.F), max_or_second(zero(), add(x, broadcast(3.F))));
        return A == Activation::hard_swish ? mul(x, gate) : gate;
    } else {
        return x;
    }
}

/// The range of a byte, counted from its zero point. NaN is cut to its lower end.
struct ByteRange {
    Vec low;
    Vec high;

    explicit ByteRange(std::int32_t zero_point)
        : low(broadcast(static_cast<float>(-zero_point))), high(broadcast(static_cast<float>(255 - zero_point))) {}
    [[nodiscard]] Vec cut(Vec x) const { return min_or_second(high, max_or_second(x, low)); }
};

/// Finishes vectors of columns of a row. `Plain`: neither residual nor rounding. Holds copies of everything, or the
/// compiler would have to read it again after each byte that is stored.
template <Activation A, bool Bytes, bool Plain>
class RowFinish {
public:
    explicit RowFinish(const Int8Finish& f)
        : offset_(f.offset), scale_(f.scale), rounded_(f.rounded), byte_residual_(f.byte_residual),
          float_residual_(f.float_residual), residual_stride_(f.residual_stride), bytes_(f.bytes), floats_(f.floats),
          stride_(f.stride), output_(f.output.zero_point), rounding_(f.rounding.zero_point),
          output_zero_(broadcast_int(f.output.zero_point)), residual_zero_(broadcast_int(-f.residual.zero_point)),
          output_factor_(broadcast(1.F / (is_sixfold<A> ? 6.F * f.output.scale : 1.F))),
          rounding_factor_(broadcast(f.rounding.scale / f.unit)),
          byte_residual_factor_(broadcast(f.residual.scale / f.unit)), float_residual_factor_(broadcast(1.F / f.unit)) {
    }

    /// `column`: of the first lane; `count`: valid lanes, a number or a constant.
    template <class Count>
    [[gnu::always_inline]] Int operator()(Int sum, std::size_t row, std::size_t column, Count count) const {
        Vec x = mul(to_floats(add_ints(sum, load_ints(offset_ + column))), load(scale_ + column));
        if constexpr (!Plain) x = with_residual(x, row, column, count);
        x = int8_activate<A>(x);
        if constexpr (Bytes) {
            if constexpr (is_sixfold<A>) x = mul(x, output_factor_);
            const Int bytes = add_ints(to_ints(output_.cut(x)), output_zero_);
            store_bytes(bytes_ + row * stride_ + column, bytes, count);
            return bytes;
        } else {
            if constexpr (is_sixfold<A>) x = mul(x, broadcast(1.F / 6.F));
            store_some(floats_ + row * stride_ + column, x, count);
            return zero_ints();
        }
    }

private:
    template <class Count>
    [[gnu::always_inline]] Vec with_residual(Vec x, std::size_t row, std::size_t column, Count count) const {
        if (rounded_) x = mul(to_floats(to_ints(rounding_.cut(x))), rounding_factor_);
        if (byte_residual_ != nullptr) {
            const Int bytes = load_bytes(byte_residual_ + row * residual_stride_ + column, count);
            return add(x, mul(to_floats(add_ints(bytes, residual_zero_)), byte_residual_factor_));
        }
        if (float_residual_ == nullptr) return x;
        return add(x, mul(load_some(float_residual_ + row * residual_stride_ + column, count), float_residual_factor_));
    }

    const std::int32_t* offset_;
    const float* scale_;
    bool rounded_;
    const std::uint8_t* byte_residual_;
    const float* float_residual_;
    std::size_t residual_stride_;
    std::uint8_t* bytes_;
    float* floats_;
    std::size_t stride_;
    ByteRange output_;
    ByteRange rounding_;
    Int output_zero_;
    Int residual_zero_;
    Vec output_factor_;
    Vec rounding_factor_;
    Vec byte_residual_factor_;
    Vec float_residual_factor_;
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

/// How far loops over finished vectors are unrolled.
constexpr int int8_finish_unroll = int8_sums_apart ? 1 : 8;

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
