// SPDX-License-Identifier: Apache-2.0
#include "cli/video/video_module.h"

#include "base/regular_file.h"
#include "base/try.h"

#include <array>
#include <dlfcn.h>
#include <string_view>

namespace detect::cli {

namespace fs = std::filesystem;

namespace {

/// Beside the program in the build tree; else where it was installed.
std::array<fs::path, 2> module_paths() {
    std::error_code code;
    const fs::path program = fs::read_symlink("/proc/self/exe", code);
    return {program.parent_path() / DETECT_VIDEO_MODULE,
            program.parent_path().parent_path() / DETECT_MODULE_DIR / DETECT_VIDEO_MODULE};
}

/// Stays loaded to the program's end: OpenCV's threads may outlive a video.
Result<const VideoModule*> load_module() {
    std::string reason;
    for (const fs::path& path : module_paths()) {
        if (std::error_code code; !fs::exists(path, code)) continue;
        void* const library = ::dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
        void* const symbol = library == nullptr ? nullptr : ::dlsym(library, video_module_symbol);
        if (symbol != nullptr) return reinterpret_cast<VideoModuleFunction>(symbol)();
        if (const char* said = ::dlerror(); said != nullptr) reason = std::string(": ") + said;
    }
    return Error{ErrorCode::unreadable_input,
                 std::string("videos need ") + DETECT_VIDEO_MODULE + ", which is not installed" + reason};
}

std::string lower_case_extension(const fs::path& path) {
    std::string extension = path.extension().string();
    for (char& letter : extension) letter = letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter + 32) : letter;
    return extension;
}

} // namespace

Result<std::unique_ptr<VideoReader>> open_video(const VideoSource& source) {
    DETECT_TRY_ASSIGN(const VideoModule* const functions, load_module());
    return functions->open(source);
}

Result<std::unique_ptr<VideoWriter>> create_video(const fs::path& path, const VideoFormat& format) {
    DETECT_TRY_ASSIGN(const VideoModule* const functions, load_module());
    return functions->create(path, format);
}

bool is_video_name(const fs::path& path) {
    const std::string extension = lower_case_extension(path);
    return extension == ".mp4" || extension == ".mkv" || extension == ".avi";
}

bool looks_like_video(const fs::path& path) {
    const std::string bytes = beginning_of_file(path, 12);
    if (bytes.size() < 12) return false;
    const std::string_view head = bytes;
    // HEIF and AVIF pictures have MP4's frame.
    const std::string_view brand = head.substr(8, 4);
    const bool mp4 = head.substr(4, 4) == "ftyp" && brand != "heic" && brand != "mif1" && brand != "avif";
    const bool avi = head.starts_with("RIFF") && brand == "AVI ";
    const bool matroska = head.starts_with("\x1A\x45\xDF\xA3");
    const bool mpeg =
        head.starts_with(std::string_view("\0\0\1\xBA", 4)) || head.starts_with(std::string_view("\0\0\1\xB3", 4));
    const bool flash = head.starts_with("FLV\1");
    return mp4 || avi || matroska || mpeg || flash;
}

} // namespace detect::cli
