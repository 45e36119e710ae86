// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "graph/tensor.h"

#include <cstdint>
#include <filesystem>
#include <string>

namespace detect::cli {

/// Reads an array as numpy.save wrote it (format versions 1 to 3): booleans, integers of 8 to 64 bits, float16, float32
/// and float64, little-endian, in C or Fortran order, of up to eight dimensions.
/// `resource_limit` if its elements take more memory than `most_bytes` while they are read;
/// `unreadable_input`, naming the file, if it is missing, cut off, not what its header says, or something else that
/// NumPy can store.
[[nodiscard]] Result<Tensor> read_npy(const std::filesystem::path& path, std::uint64_t most_bytes = UINT64_MAX);

/// What stands before the elements of such an array in a file of version 1; they follow in C order.
/// `unsupported` for bfloat16, which NumPy does not have.
[[nodiscard]] Result<std::string> npy_header(DataType type, const Dims& dims);

/// Writes an array that numpy.load reads. The file appears whole or not at all. Errors as `npy_header`, or
/// `unwritable_output`.
[[nodiscard]] Result<void> write_npy(const std::filesystem::path& path, const Tensor& tensor);

} // namespace detect::cli
