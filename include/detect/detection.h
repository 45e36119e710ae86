// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

namespace detect {

/// A rectangle in pixels of the picture that was handed in, not of the resized one: (x1, y1) is its left upper corner,
/// (x2, y2) its right lower one, with x1 <= x2 <= width and y1 <= y2 <= height. Pixel (0, 0) covers 0 to 1.
struct Box {
    float x1 = 0.0F;
    float y1 = 0.0F;
    float x2 = 0.0F;
    float y2 = 0.0F;

    friend bool operator==(const Box&, const Box&) = default;
};

/// One object that was found.
struct Detection {
    Box box;
    /// Class index as in training. 0 is the background and is never reported.
    int label = 0;
    /// Probability of the class, in (0, 1].
    float score = 0.0F;

    friend bool operator==(const Detection&, const Detection&) = default;
};

/// Why what is found in a picture may not be what is in it.
struct Doubt {
    /// For programs: "flat", "dark", "bright", "scale".
    std::string code;
    /// For people: a sentence with numbers.
    std::string message;

    friend bool operator==(const Doubt&, const Doubt&) = default;
};

/// What was found in one picture, the highest score first.
struct ImageResult {
    std::vector<Detection> detections;
};

} // namespace detect
