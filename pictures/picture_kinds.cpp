// SPDX-License-Identifier: Apache-2.0
#include "pictures/picture_kinds.h"

#include <algorithm>
#include <array>
#include <cstring>

namespace detect {

namespace {

using namespace std::string_view_literals;

constexpr PictureKind jpeg{"a JPEG picture", PictureCodec::jpeg};
constexpr PictureKind png{"a PNG picture", PictureCodec::png};
constexpr PictureKind tiff{"a TIFF picture", PictureCodec::tiff};
constexpr PictureKind webp{"a WebP picture", PictureCodec::webp};
constexpr PictureKind bmp{"a BMP picture", PictureCodec::bmp};
constexpr PictureKind gif{"a GIF"};
constexpr PictureKind heif{"a HEIC or AVIF picture"};
constexpr PictureKind jpeg_2000{"a JPEG 2000 picture"};
constexpr PictureKind jpeg_xl{"a JPEG XL picture"};
constexpr PictureKind jpeg_xr{"a JPEG XR picture"};
constexpr PictureKind photoshop{"a Photoshop file"};
constexpr PictureKind pnm{"a PNM picture"};
constexpr PictureKind open_exr{"an OpenEXR picture"};
constexpr PictureKind radiance{"a Radiance HDR picture"};
constexpr PictureKind raw{"a camera's raw file"};
constexpr PictureKind dicom{"a DICOM file"};
constexpr PictureKind fits{"a FITS file"};
constexpr PictureKind icon{"an icon file"};
constexpr PictureKind targa{"a TGA picture"};
constexpr PictureKind dds{"a DDS texture"};
constexpr PictureKind qoi{"a QOI picture"};
constexpr PictureKind pcx{"a PCX picture"};

/// What a kind has at this place.
struct Mark {
    std::string_view bytes;
    std::size_t offset;
    PictureKind kind;
};

// Longer marks before those that they begin with.
constexpr std::array marks{
    Mark{"\xFF\xD8\xFF"sv, 0, jpeg},
    Mark{"\x89PNG\r\n\x1A\n"sv, 0, png},
    Mark{"CR\2"sv, 8, raw}, // Canon's, in front of which stands a TIFF's header
    Mark{"II*\0"sv, 0, tiff},
    Mark{"MM\0*"sv, 0, tiff},
    Mark{"II+\0"sv, 0, tiff},
    Mark{"MM\0+"sv, 0, tiff},
    Mark{"GIF87a"sv, 0, gif},
    Mark{"GIF89a"sv, 0, gif},
    Mark{"ftypcrx "sv, 4, raw},
    Mark{"ftyphe"sv, 4, heif}, // heic, heix, hevc, heim, …
    Mark{"ftypmif1"sv, 4, heif},
    Mark{"ftypmsf1"sv, 4, heif},
    Mark{"ftypavi"sv, 4, heif}, // avif, avis
    Mark{"\0\0\0\x0CjP  "sv, 0, jpeg_2000},
    Mark{"\xFF\x4F\xFF\x51"sv, 0, jpeg_2000},
    Mark{"\0\0\0\x0CJXL "sv, 0, jpeg_xl},
    Mark{"\xFF\x0A"sv, 0, jpeg_xl},
    Mark{"II\xBC\1"sv, 0, jpeg_xr},
    Mark{"8BPS"sv, 0, photoshop},
    Mark{"\x76\x2F\x31\1"sv, 0, open_exr},
    Mark{"#?RADIANCE"sv, 0, radiance},
    Mark{"#?RGBE"sv, 0, radiance},
    Mark{"FUJIFILMCCD-RAW"sv, 0, raw},
    Mark{"IIU\0"sv, 0, raw},
    Mark{"IIRO"sv, 0, raw},
    Mark{"IIRS"sv, 0, raw},
    Mark{"MMOR"sv, 0, raw},
    Mark{"FOVb"sv, 0, raw},
    Mark{"\0MRM"sv, 0, raw},
    Mark{"DICM"sv, 128, dicom},
    Mark{"SIMPLE  ="sv, 0, fits},
    Mark{"DDS "sv, 0, dds},
    Mark{"qoif"sv, 0, qoi},
};

struct Extension {
    std::string_view text;
    PictureKind kind;
};

constexpr std::array extensions{
    Extension{".jpg", jpeg},      Extension{".jpeg", jpeg},     Extension{".jpe", jpeg},
    Extension{".jfif", jpeg},     Extension{".png", png},       Extension{".apng", png},
    Extension{".tif", tiff},      Extension{".tiff", tiff},     Extension{".webp", webp},
    Extension{".bmp", bmp},       Extension{".dib", bmp},       Extension{".gif", gif},
    Extension{".heic", heif},     Extension{".heif", heif},     Extension{".avif", heif},
    Extension{".jp2", jpeg_2000}, Extension{".j2k", jpeg_2000}, Extension{".jpf", jpeg_2000},
    Extension{".jpx", jpeg_2000}, Extension{".jxl", jpeg_xl},   Extension{".jxr", jpeg_xr},
    Extension{".wdp", jpeg_xr},   Extension{".psd", photoshop}, Extension{".psb", photoshop},
    Extension{".pnm", pnm},       Extension{".pbm", pnm},       Extension{".pgm", pnm},
    Extension{".ppm", pnm},       Extension{".pam", pnm},       Extension{".pfm", pnm},
    Extension{".exr", open_exr},  Extension{".dcm", dicom},     Extension{".fits", fits},
    Extension{".ico", icon},      Extension{".tga", targa},     Extension{".pcx", pcx},
    Extension{".dds", dds},       Extension{".qoi", qoi},       Extension{".3fr", raw},
    Extension{".arw", raw},       Extension{".cr2", raw},       Extension{".cr3", raw},
    Extension{".crw", raw},       Extension{".dcr", raw},       Extension{".dng", raw},
    Extension{".erf", raw},       Extension{".iiq", raw},       Extension{".kdc", raw},
    Extension{".mef", raw},       Extension{".mos", raw},       Extension{".mrw", raw},
    Extension{".nef", raw},       Extension{".nrw", raw},       Extension{".orf", raw},
    Extension{".pef", raw},       Extension{".raf", raw},       Extension{".raw", raw},
    Extension{".rw2", raw},       Extension{".rwl", raw},       Extension{".sr2", raw},
    Extension{".srf", raw},       Extension{".srw", raw},       Extension{".x3f", raw},
};

bool has(std::span<const std::byte> bytes, std::string_view mark, std::size_t offset) {
    return bytes.size() >= offset + mark.size() && std::memcmp(bytes.data() + offset, mark.data(), mark.size()) == 0;
}

/// The bytes' own forms: the text forms, P1 to P3, begin as any text may.
bool is_binary_pnm(std::span<const std::byte> bytes) {
    if (bytes.size() < 4 || bytes[0] != std::byte{'P'}) return false;
    const auto letter = [&](std::size_t at) { return std::to_integer<char>(bytes[at]); };
    const bool digit = (letter(3) >= '0' && letter(3) <= '9') || letter(3) == '#';
    if (letter(2) != '\n' && letter(2) != ' ') return false;
    return (letter(1) >= '4' && letter(1) <= '6' && digit) || (letter(1) == '7' && letter(2) == '\n');
}

} // namespace

std::optional<PictureKind> picture_kind(std::span<const std::byte> bytes) {
    if (has(bytes, "RIFF"sv, 0) && has(bytes, "WEBP"sv, 8)) return webp;
    if (has(bytes, "BM"sv, 0) && bytes.size() >= 26 && has(bytes, "\0\0\0"sv, 15)) return bmp;
    if (is_binary_pnm(bytes)) return pnm;
    const auto found =
        std::ranges::find_if(marks, [&](const Mark& mark) { return has(bytes, mark.bytes, mark.offset); });
    return found == marks.end() ? std::nullopt : std::optional(found->kind);
}

std::string lower_case_extension(const std::filesystem::path& path) {
    std::string extension = path.extension().string();
    for (char& letter : extension) letter = letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter + 32) : letter;
    return extension;
}

std::optional<PictureKind> picture_kind_of_name(const std::filesystem::path& path) {
    const std::string extension = lower_case_extension(path);
    const auto found = std::ranges::find_if(extensions, [&](const Extension& each) { return each.text == extension; });
    return found == extensions.end() ? std::nullopt : std::optional(found->kind);
}

} // namespace detect
