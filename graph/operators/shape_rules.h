// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/try.h"
#include "graph/operators.h"

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <vector>

/// What operators' shape rules share.
namespace detect::rules {

/// In a row: `{"axis", integer, required}`.
inline constexpr bool required = true;
/// What several rows share, and what one has besides.
[[nodiscard]] std::vector<AttributeRule> with(std::vector<AttributeRule> shared,
                                              std::initializer_list<AttributeRule> more);

/// A set of element types, one bit each.
using TypeSet = std::uint32_t;

constexpr TypeSet type_set(std::initializer_list<DataType> types) {
    TypeSet set = 0;
    for (const DataType type : types) set |= TypeSet{1} << static_cast<unsigned>(type);
    return set;
}

inline constexpr TypeSet float_types = type_set({DataType::float32, DataType::float64});
inline constexpr TypeSet signed_types =
    float_types | type_set({DataType::int8, DataType::int16, DataType::int32, DataType::int64});
inline constexpr TypeSet unsigned_types =
    type_set({DataType::uint8, DataType::uint16, DataType::uint32, DataType::uint64});
inline constexpr TypeSet number_types = signed_types | unsigned_types;
inline constexpr TypeSet byte_types = type_set({DataType::uint8, DataType::int8});
inline constexpr TypeSet bool_type = type_set({DataType::boolean});
inline constexpr TypeSet index_types = type_set({DataType::int32, DataType::int64});
inline constexpr TypeSet int64_type = type_set({DataType::int64});
/// What can be moved about without looking at it.
inline constexpr TypeSet any_type = number_types | bool_type | type_set({DataType::float16, DataType::bfloat16});

/// `bad_model` if input `index` has a type outside `allowed`; `unsupported` if it is one of the types that ONNX would
/// allow, but that this library only moves and casts (float16, bfloat16). An absent optional input passes.
Result<void> require_type(const ShapeContext& context, std::size_t index, TypeSet allowed);
/// `bad_model` if two present inputs differ in type.
Result<void> require_same_type(const ShapeContext& context, std::size_t first, std::size_t second);
/// `bad_model` if input `index` has a known rank other than `rank`.
Result<void> require_rank(const ShapeContext& context, std::size_t index, std::size_t rank);
/// Error with code `unsupported` in the words of `context.error`.
[[nodiscard]] Error unsupported(const ShapeContext& context, std::string_view what);

/// An axis counted from the front, 0 ≤ result < rank; `bad_model` if it is outside [-rank, rank).
Result<std::size_t> resolve_axis(const ShapeContext& context, std::int64_t axis, std::size_t rank);
/// The same for several, which must differ from each other.
Result<std::vector<std::size_t>> resolve_axes(const ShapeContext& context, std::span<const std::int64_t> axes,
                                              std::size_t rank);

/// The elements of a constant int64 or int32 tensor; nullopt if they are not known before the run.
[[nodiscard]] std::optional<std::vector<std::int64_t>> constant_integers(const ShapeContext::Input& input);
/// The length of a vector input (a shape, a list of axes) as far as it is known; `bad_model` if it has another rank.
Result<std::optional<std::int64_t>> vector_length(const ShapeContext& context, std::size_t index);

/// Whether what is known of two sizes rules out that they are the same.
[[nodiscard]] inline bool differ(const Dim& a, const Dim& b) { return a.size && b.size && *a.size != *b.size; }
/// Two sizes that must be the same: the one of which more is known.
[[nodiscard]] inline const Dim& better_known(const Dim& a, const Dim& b) {
    return a.size || (!a.symbol.empty() && !b.size) ? a : b;
}
/// A shape of which only the rank is known.
[[nodiscard]] inline Shape unknown_shape(std::size_t rank) { return Shape(rank); }
/// The product of sizes in [first, last); not known if one is not, nullopt in `size` on overflow too.
[[nodiscard]] Dim product(const Shape& shape, std::size_t first, std::size_t last);

/// The size two axes broadcast to; nullopt if they do not.
[[nodiscard]] std::optional<Dim> broadcast(const Dim& a, const Dim& b);
/// ONNX's multidirectional (NumPy's) broadcasting of two shapes; unknown ranks give an unknown rank.
Result<std::optional<Shape>> broadcast(const ShapeContext& context, const std::optional<Shape>& a,
                                       const std::optional<Shape>& b);

/// Whether `from` can be broadcast to `to` without `to` growing, as far as is known; `bad_model` if the two do not go
/// together at all.
Result<bool> broadcasts_to(const ShapeContext& context, const Shape& from, const Shape& to);

/// A list of integers that older opsets give as an attribute and newer ones as an input.
struct IntegerList {
    /// Neither attribute nor input: the operator's default.
    bool absent = false;
    /// The values, if they are there and known before the run.
    std::optional<std::vector<std::int64_t>> values;
};
/// `bad_model` if the list stands where this opset does not look for it.
Result<IntegerList> integer_list(const ShapeContext& context, std::string_view attribute, std::size_t input_index,
                                 int input_since);

/// Output 0 is like input 0.
Result<void> same_as_input(ShapeContext& context);

/// Output 0 has input 0's type, which must be one of `allowed`, and its shape.
template <TypeSet allowed>
Result<void> unary(ShapeContext& context) {
    DETECT_TRY(require_type(context, 0, allowed));
    return same_as_input(context);
}

} // namespace detect::rules
