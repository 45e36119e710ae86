// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cli/video/video.h"

namespace detect::cli {

/// What the module offers. It is built with the command and is of no use to others.
struct VideoModule {
    Result<std::unique_ptr<VideoReader>> (*open)(const VideoSource& source);
    Result<std::unique_ptr<VideoWriter>> (*create)(const std::filesystem::path& path, const VideoFormat& format);
};

/// The module's only symbol: a function of this type.
inline constexpr const char* video_module_symbol = "detect_video_module";
using VideoModuleFunction = const VideoModule* (*)();

} // namespace detect::cli
