// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "checkpoint/pickle.h"
#include "graph/tensor.h"

#include <optional>
#include <string>
#include <vector>

/// What torch's objects look like in a pickle (torch/_utils.py, torch/serialization.py, torch/_tensor.py).
namespace detect {

/// An element type as torch's storages name it. `type` is `undefined` for those that tensors here cannot hold.
struct TorchType {
    DataType type = DataType::undefined;
    std::size_t element_size = 1;
};

/// Bytes kept beside the pickle: `("storage", torch.FloatStorage, key, location, element count[, view])`.
struct TorchStorage {
    std::string key;
    std::string type_name;
    TorchType type;
    std::int64_t element_count = 0;
    /// Where a view of another storage starts, in elements; torch 0.x only.
    std::int64_t view_offset = 0;
};

/// Arguments of `torch._utils._rebuild_tensor_v2` and its kin. Nothing is checked against the storage yet.
struct TorchTensor {
    TorchStorage storage;
    /// The storage's element type, unless `_rebuild_tensor_v3` says otherwise.
    std::string type_name;
    TorchType type;
    std::int64_t offset = 0;
    std::vector<std::int64_t> sizes;
    std::vector<std::int64_t> strides;
};

/// nullopt if the value is no storage; an error if it looks like one and makes no sense.
[[nodiscard]] Result<std::optional<TorchStorage>> as_storage(const pickle::Document& document, pickle::Index index);
/// nullopt if the value is no tensor (a number, a string, an unknown object); an error if it is a damaged one, or of a
/// kind that is not plain memory (quantised, sparse). Parameters count as the tensors they hold.
[[nodiscard]] Result<std::optional<TorchTensor>> as_tensor(const pickle::Document& document, pickle::Index index);

} // namespace detect
