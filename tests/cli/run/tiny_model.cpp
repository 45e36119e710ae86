// SPDX-License-Identifier: Apache-2.0
// tiny_model FILE: writes the model that finds two objects everywhere, for the scripts beside this file.
// tiny_model FILE FOUND.json: one that finds what {"names": […], "found": [[x1, y1, x2, y2, label, score], …]} says.

#include "tests/cli/files.h"

#include <nlohmann/json.hpp>

int main(int argc, char** argv) {
    using namespace detect::test;
    if (argc == 2) write_tiny_model(argv[1]);
    if (argc == 3) {
        const auto json = nlohmann::json::parse(read_text(argv[2]));
        FixedDetections found{.boxes = {}, .labels = {}, .scores = {}, .names = json.at("names").dump()};
        for (const auto& each : json.at("found")) {
            for (std::size_t i = 0; i < 4; ++i) found.boxes.push_back(each.at(i));
            found.labels.push_back(each.at(4));
            found.scores.push_back(each.at(5));
        }
        write_fixed_model(argv[1], found);
    }
    return argc == 2 || argc == 3 ? 0 : 2;
}
