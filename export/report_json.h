// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "export/exporter.h"

#include <string>

namespace detect {

/// What model.report.json says of an export.
[[nodiscard]] std::string report_json(const ExportReport& report, const ExportOptions& options, const Tensor& image);

} // namespace detect
