// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "tests/cli/command.h"
#include "tests/cli/files.h"

#include <filesystem>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace detect::test {

using nlohmann::json;

/// Pictures on which the tiny model finds (1, 2, 3, 4) as "first" with 0.9 and (0, 0, 8, 8) as "second" with 0.6.
class Eval : public testing::Test {
protected:
    Eval() {
        std::filesystem::create_directory(folder_ / "pictures");
        for (const char* name : {"a.png", "b.png"}) write_flat_picture(picture(name), 20, 20, {90, 120, 30});
        write_tiny_model(folder_ / "tiny.onnx");
        write_truth();
    }

    [[nodiscard]] std::filesystem::path picture(const std::string& name) const { return folder_ / "pictures/" / name; }
    void write_truth() { write_text(folder_ / "gt.json", truth_.dump()); }
    [[nodiscard]] ProcessResult eval(std::vector<std::string> arguments) const {
        arguments.insert(arguments.begin(), {"eval", "--annotations", "gt.json"});
        return run_detect(arguments, folder_.path());
    }
    [[nodiscard]] ProcessResult eval_tiny(std::vector<std::string> more) const {
        more.insert(more.begin(), {"--images", "pictures", "--model", "tiny.onnx"});
        return eval(std::move(more));
    }

    TempDir folder_;
    /// Both are right in a.png; in b.png only the second is. Ids are not those of the labels.
    json truth_ = json::parse(R"({
        "images": [{"id": 1, "file_name": "a.png"}, {"id": 2, "file_name": "b.png"}],
        "categories": [{"id": 20, "name": "first"}, {"id": 10, "name": "second"}],
        "annotations": [
            {"id": 1, "image_id": 1, "category_id": 20, "bbox": [1, 2, 2, 2]},
            {"id": 2, "image_id": 1, "category_id": 10, "bbox": [0, 0, 8, 8]},
            {"id": 3, "image_id": 2, "category_id": 10, "bbox": [0, 0, 8, 8]}]})");
};

} // namespace detect::test
