// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "executor/reference/kernel.h"

#include <cstdint>
#include <string>

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
using IndexTypes = TypeList<std::int32_t, std::int64_t>;

/// Calls `body.operator()<T>()` for the C++ type of `type`. Rules let only listed types through; another one is a
/// defect and says so.
template <class... Types, class Body>
Result<void> dispatch(const KernelContext& context, DataType type, TypeList<Types...>, Body&& body) {
    Error missing = context.error("has no kernel for type " + std::string(to_string(type)));
    missing.code = ErrorCode::internal;
    Result<void> result = std::move(missing);
    static_cast<void>(
        ((type == DataTypeOf<Types>::value && (result = body.template operator()<Types>(), true)) || ...));
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
