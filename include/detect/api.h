// SPDX-License-Identifier: Apache-2.0
#pragma once

/// What the shared libraries show; everything else in them is hidden.
#if defined(__GNUC__)
#define DETECT_API __attribute__((visibility("default")))
#else
#define DETECT_API
#endif
