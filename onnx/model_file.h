// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "detect/error.h"
#include "onnx/reading_budget.h"

#include <cstddef>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <span>

#include <onnx/onnx_pb.h>

namespace detect {

/// A serialised ONNX model, in memory or in a file, parsed but for its weights: the raw data of large initializers
/// stays where it is until somebody asks for it. Weights are nearly all of a model; this way they are in memory once.
class OnnxFile {
public:
    /// Bytes of the file that an initializer holds as raw data.
    struct RawData {
        std::size_t offset = 0;
        std::size_t size = 0;
    };

    /// `bytes` must stay for as long as this.
    /// Errors: `unreadable_input` if it is not a model, is cut off or damaged; `resource_limit` before anything passes
    /// the budget, from which what is parsed is taken.
    static Result<OnnxFile> parse(std::span<const std::byte> bytes, ReadingBudget& budget);
    /// The same for a file of up to 2 GiB.
    static Result<OnnxFile> open(const std::filesystem::path& path, ReadingBudget& budget);

    OnnxFile(OnnxFile&&) noexcept;
    OnnxFile& operator=(OnnxFile&&) noexcept;
    ~OnnxFile();

    /// The model, its large initializers without their raw data.
    [[nodiscard]] const onnx::ModelProto& model() const { return model_; }
    /// The raw data that was left out of the model's graph's initializer number `index`; null if none was.
    [[nodiscard]] const RawData* raw_data(int index) const;
    /// Reads it; `to` has its size.
    Result<void> read(const RawData& data, std::span<std::byte> to) const;

private:
    class Descriptor;

    OnnxFile();
    Result<void> parse_stream(google::protobuf::io::ZeroCopyInputStream& stream, std::size_t size,
                              ReadingBudget budget);

    std::unique_ptr<const Descriptor> descriptor_;
    std::span<const std::byte> bytes_;
    onnx::ModelProto model_;
    std::map<int, RawData> raw_data_;
};

} // namespace detect
