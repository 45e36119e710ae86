// SPDX-License-Identifier: Apache-2.0
#pragma once

/// What the processor offers and the operating system lets this process use.
namespace detect {

#if defined(__x86_64__)
/// AVX2 and FMA.
[[nodiscard]] bool has_avx2();
/// `has_avx2`, and AVX-512 F, BW, DQ and VL.
[[nodiscard]] bool has_avx512();
/// `has_avx512`, and products of bytes.
[[nodiscard]] bool has_avx512_vnni();
/// `has_avx512`, and AMX's tiles of bfloat16.
[[nodiscard]] bool has_amx_bf16();
/// `has_avx512_vnni`, and AMX's tiles of bytes.
[[nodiscard]] bool has_amx_int8();
#endif

} // namespace detect
