// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "graph/tensor.h"

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace detect {

/// Where a tensor of a checkpoint lies: element [i, j, …] is at `storage[(offset + i·strides[0] + j·strides[1] + …) ·
/// element_size]`. Made by `make_tensor_entry` only, so every element is known to be inside the storage.
struct TensorEntry {
    DataType type = DataType::undefined;
    Dims dims;
    /// In elements, one per dimension.
    Dims strides;
    /// In elements, from the start of the storage.
    std::int64_t offset = 0;
    /// Little-endian, inside what was read of the file; may be shared with other tensors.
    std::span<const std::byte> storage;

    [[nodiscard]] std::int64_t element_count() const;
    /// Row-major without gaps.
    [[nodiscard]] bool contiguous() const;
};

/// Checks sizes, strides and offset against the storage. The error (`unreadable_input`) does not name the tensor.
[[nodiscard]] Result<TensorEntry> make_tensor_entry(DataType type, std::span<const std::int64_t> sizes,
                                                    std::span<const std::int64_t> strides, std::int64_t offset,
                                                    std::span<const std::byte> storage);

/// Row-major strides of a contiguous tensor; sizes whose product fits in int64 give strides that do.
[[nodiscard]] Dims contiguous_strides(const Dims& dims);

/// The tensor as contiguous float32: a view kept alive by `owner` where the bytes already are that, else a converted
/// copy (float16, bfloat16, float64). Integers are `unsupported`.
[[nodiscard]] Result<Tensor> load_float32(const TensorEntry& entry, const std::shared_ptr<const void>& owner);

/// Most tensors of one file. A detector has a few hundred, an optimizer's state beside it three times as many.
inline constexpr std::size_t max_tensors = 65536;

using TensorEntries = std::map<std::string, TensorEntry, std::less<>>;

/// What a reader found in a checkpoint file.
struct CheckpointContents {
    TensorEntries tensors;
    std::map<std::string, std::string> metadata;
    /// Remarks for the user: which dictionary was taken, which prefix was removed.
    std::vector<std::string> notes;
};

} // namespace detect
