// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "evaluation/summary.h"
#include "pictures/picture.h"

#include <functional>
#include <string>

namespace detect::evaluation {

/// Reads a picture of the dataset by its file_name.
using PictureReader = std::function<Result<Picture>(const std::string& file_name)>;

/// A report for people as one HTML file that needs nothing else: figures, curves, confusion matrix, and the errors that
/// most deserve a look as small pictures. Without a reader there are no pictures. Several models are put side by side.
[[nodiscard]] std::string to_html(const Summary& summary, const PictureReader& reader);

} // namespace detect::evaluation
