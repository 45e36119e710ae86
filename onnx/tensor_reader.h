// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "graph/tensor.h"
#include "onnx/model_file.h"

#include <filesystem>

#include <onnx/onnx_pb.h>

namespace detect {

/// Where a tensor's numbers may come from, besides the message itself.
struct TensorSource {
    /// External data may lie here and below; empty: nowhere.
    std::filesystem::path external_data_folder = {};
    /// Null: no limit.
    ReadingBudget* budget = nullptr;
};

/// Raw data of a tensor that was left in its file; `data` null: none was.
struct RawDataInFile {
    const OnnxFile* file = nullptr;
    const OnnxFile::RawData* data = nullptr;
};

/// An ONNX tensor as one of ours: raw bytes, typed fields or external data. The amount of data is checked, and taken
/// from the budget, before anything is allocated.
[[nodiscard]] Result<Tensor> read_onnx_tensor(const onnx::TensorProto& proto, const TensorSource& source,
                                              const RawDataInFile& raw = {});

/// The element type of that number; `unsupported` if tensors here cannot hold it.
[[nodiscard]] Result<DataType> read_onnx_type(std::int64_t number);

} // namespace detect
