// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "graph/tensor.h"
#include "onnx/model_file.h"

#include <filesystem>

#include <onnx/onnx_pb.h>

namespace detect {

/// Raw data of a tensor that was left in its file; `data` null: none was.
struct RawDataInFile {
    const OnnxFile* file = nullptr;
    const OnnxFile::RawData* data = nullptr;
};

/// An ONNX tensor as one of ours: raw bytes, typed fields or external data (only from `external_data_folder` and
/// below). The amount of data is checked before anything is allocated.
[[nodiscard]] Result<Tensor> read_onnx_tensor(const onnx::TensorProto& proto,
                                              const std::filesystem::path& external_data_folder,
                                              const RawDataInFile& raw = {});

/// The element type of that number; `unsupported` if tensors here cannot hold it.
[[nodiscard]] Result<DataType> read_onnx_type(std::int64_t number);

} // namespace detect
