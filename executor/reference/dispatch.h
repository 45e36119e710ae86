// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "executor/reference/kernel.h"

#include <cstdint>

namespace detect::reference {

template <class... Types>
struct TypeList {};

using FloatTypes = TypeList<float, double>;
using SignedTypes = TypeList<float, double, std::int8_t, std::int16_t, std::int32_t, std::int64_t>;
using UnsignedTypes = TypeList<std::uint8_t, std::uint16_t, std::uint32_t, std::uint64_t>;
using NumberTypes = TypeList<float, double, std::int8_t, std::int16_t, std::int32_t, std::int64_t, std::uint8_t,
                             std::uint16_t, std::uint32_t, std::uint64_t>;
using NumberAndBoolTypes = TypeList<float, double, std::int8_t, std::int16_t, std::int32_t, std::int64_t, std::uint8_t,
                                    std::uint16_t, std::uint32_t, std::uint64_t, bool>;
using TypesWithoutSign = TypeList<float, double, std::uint8_t, std::uint16_t, std::uint32_t, std::uint64_t>;
using IndexTypes = TypeList<std::int32_t, std::int64_t>;

/// The unsigned type as wide as a signed integer, any other as it is: for what gives both the same bits, as sums do.
[[nodiscard]] DataType without_sign(DataType type);

/// A tensor's bytes as elements of a type of the same size.
template <class T>
[[nodiscard]] const T* elements(const Tensor& tensor) {
    return reinterpret_cast<const T*>(tensor.bytes().data());
}

/// `internal`: rules let only types through that kernels list.
[[nodiscard]] Error no_kernel_for(const KernelContext& context, DataType type);

/// Calls `body.operator()<T>()` for the C++ type of `type`. Rules let only listed types through; another one is a
/// defect and says so.
template <class... Types, class Body>
Result<void> dispatch(const KernelContext& context, DataType type, TypeList<Types...>, Body&& body) {
    Result<void> result;
    const bool found =
        ((type == DataTypeOf<Types>::value && (result = body.template operator()<Types>(), true)) || ...);
    if (!found) return no_kernel_for(context, type);
    return result;
}

/// Calls `body.operator()<bytes>()` for the element size of a type: for what moves elements without looking at them.
template <class Body>
void dispatch_size(DataType type, Body&& body) {
    switch (element_size(type)) {
    case 1: body.template operator()<1>(); break;
    case 2: body.template operator()<2>(); break;
    case 4: body.template operator()<4>(); break;
    default: body.template operator()<8>(); break;
    }
}

} // namespace detect::reference
