// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "checkpoint/tensor_entry.h"
#include "detect/error.h"

#include <cstddef>
#include <span>

namespace detect {

/// A ZIP archive as torch.save writes it since version 1.6: `NAME/data.pkl`, and each storage in `NAME/data/KEY`.
[[nodiscard]] Result<CheckpointContents> read_torch_zip(std::span<const std::byte> file);

/// The stream torch.save wrote before that, and still writes with `_use_new_zipfile_serialization=False`: pickles of a
/// magic number, a version, facts about the machine, the object, and the storages' keys; then the storages, each an
/// int64 count of elements and that many little-endian elements.
[[nodiscard]] Result<CheckpointContents> read_torch_stream(std::span<const std::byte> file);

} // namespace detect
