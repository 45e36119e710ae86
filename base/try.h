// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "detect/error.h"

/// Hands an error on to the caller: `DETECT_TRY(write(file));`
#define DETECT_TRY(expression)                                                                                         \
    do {                                                                                                               \
        if (auto detect_try_result = (expression); !detect_try_result.ok()) {                                          \
            return std::move(detect_try_result).error();                                                               \
        }                                                                                                              \
    } while (false)

// A declaration cannot stand in parentheses: NOLINTBEGIN(bugprone-macro-parentheses)
#define DETECT_TRY_CONCAT_(a, b) a##b
#define DETECT_TRY_CONCAT(a, b) DETECT_TRY_CONCAT_(a, b)
#define DETECT_TRY_ASSIGN_(temporary, declaration, expression)                                                         \
    auto temporary = (expression);                                                                                     \
    if (!temporary.ok()) {                                                                                             \
        return std::move(temporary).error();                                                                           \
    }                                                                                                                  \
    declaration = *std::move(temporary)
// NOLINTEND(bugprone-macro-parentheses)

/// Unwraps a value or hands the error on: `DETECT_TRY_ASSIGN(const Graph graph, read_onnx(path));`
#define DETECT_TRY_ASSIGN(declaration, ...)                                                                            \
    DETECT_TRY_ASSIGN_(DETECT_TRY_CONCAT(detect_try_, __LINE__), declaration, (__VA_ARGS__))
