// SPDX-License-Identifier: Apache-2.0
/// detect_pack_weights: turns a checkpoint into half-precision safetensors that carry their settings.

#include "base/input_file.h"
#include "base/json_tree.h"
#include "base/try.h"
#include "checkpoint/checkpoint.h"
#include "checkpoint/safetensors_writer.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <filesystem>
#include <iostream>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace {

using detect::Error;
using detect::ErrorCode;
using detect::Result;
using nlohmann::json;
using Metadata = std::map<std::string, std::string>;

constexpr std::string_view usage =
    "usage: detect_pack_weights CHECKPOINT [SETTINGS.json | KEY=VALUE]... -o OUT.safetensors\n"
    "Writes the checkpoint's tensors rounded to float16, with the settings in the file's own metadata.\n"
    "In SETTINGS.json, one object: texts and numbers are kept as they are, lists of numbers become \"32,64\",\n"
    "lists of texts stay JSON.\n";

struct Arguments {
    std::filesystem::path checkpoint;
    std::filesystem::path output;
    std::vector<std::string> settings;
};

std::optional<Arguments> parse(std::span<char*> words) {
    Arguments arguments;
    for (std::size_t i = 1; i < words.size(); ++i) {
        const std::string_view word = words[i];
        if (word == "-o" && i + 1 < words.size()) {
            arguments.output = words[++i];
        } else if (word.starts_with('-')) {
            return std::nullopt;
        } else if (arguments.checkpoint.empty()) {
            arguments.checkpoint = word;
        } else {
            arguments.settings.emplace_back(word);
        }
    }
    if (arguments.checkpoint.empty() || arguments.output.empty()) return std::nullopt;
    return arguments;
}

/// Metadata values are texts: "1024", "32,64,128", "[\"open\",\"short\"]".
std::string as_metadata(const json& value) {
    if (value.is_string()) return value.get<std::string>();
    const bool numbers =
        value.is_array() && std::ranges::all_of(value, [](const json& item) { return item.is_number(); });
    if (!numbers) return value.dump();
    std::string text;
    for (const json& number : value) {
        if (!text.empty()) text += ',';
        text += number.dump();
    }
    return text;
}

Result<void> read_settings(const std::string& path, Metadata& metadata) {
    DETECT_TRY_ASSIGN(const detect::InputFile input, detect::InputFile::open(path));
    DETECT_TRY_ASSIGN(const detect::FileBytes bytes, input.read_all(detect::most_json_bytes));
    const auto tree = detect::parse_json_text<json>(bytes.text());
    const json& settings = *tree;
    if (!settings.is_object()) return Error{ErrorCode::unreadable_input, path + ": cannot be read as a JSON object"};
    for (const auto& [key, value] : settings.items()) metadata[key] = as_metadata(value);
    return {};
}

Result<void> pack(const Arguments& arguments) {
    Metadata metadata;
    for (const std::string& setting : arguments.settings) {
        if (const auto equals = setting.find('='); equals != std::string::npos) {
            metadata[setting.substr(0, equals)] = setting.substr(equals + 1);
        } else {
            DETECT_TRY(read_settings(setting, metadata));
        }
    }
    DETECT_TRY_ASSIGN(const detect::Checkpoint checkpoint, detect::Checkpoint::open(arguments.checkpoint));
    std::map<std::string, detect::Tensor, std::less<>> tensors;
    for (const auto& [name, entry] : checkpoint.tensors()) {
        // A counter of training steps, of no use to a trained network.
        if (name.ends_with("num_batches_tracked")) continue;
        DETECT_TRY_ASSIGN(detect::Tensor tensor, checkpoint.load(name));
        tensors.emplace(name, std::move(tensor));
    }
    DETECT_TRY(detect::write_safetensors(arguments.output, tensors, metadata, detect::StoredPrecision::float16));
    std::cout << arguments.output.string() << ": " << tensors.size() << " tensors, " << metadata.size() << " settings, "
              << std::filesystem::file_size(arguments.output) << " bytes\n";
    return {};
}

} // namespace

int main(int argc, char** argv) {
    const auto arguments = parse(std::span(argv, static_cast<std::size_t>(argc)));
    if (!arguments) {
        std::cerr << usage;
        return 2;
    }
    const auto packed = pack(*arguments);
    if (packed) return 0;
    std::cerr << packed.error().message << "\n";
    return packed.error().code == ErrorCode::bad_model ? 4 : 3;
}
