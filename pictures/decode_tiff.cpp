// SPDX-License-Identifier: Apache-2.0
#include "pictures/decoders.h"

#include "base/try.h"
#include "pictures/picture_pages.h"
#include "pictures/tiff_grid.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdarg>
#include <cstdio>
#include <cstring>
#include <memory>

#include <tiffio.h>

namespace detect::picture_file {

namespace {

/// More are seen in multispectral pictures, which are no input for a network of three.
constexpr std::uint16_t most_channels = 16;
/// The file in memory as libtiff reads it, and the first thing it complained about.
struct Source {
    Bytes file;
    std::uint64_t position = 0;
    std::string complaint;
};

int on_error(TIFF*, void* user, const char*, const char* format, std::va_list arguments) {
    auto* source = static_cast<Source*>(user);
    std::array<char, 256> text{};
    std::vsnprintf(text.data(), text.size(), format, arguments);
    if (source->complaint.empty()) source->complaint = text.data();
    return 1; // handled: libtiff's global handler, which prints, is not called
}

int print_nothing(TIFF*, void*, const char*, const char*, std::va_list) { return 1; }

tmsize_t read_bytes(thandle_t handle, void* target, tmsize_t wanted) {
    auto* source = static_cast<Source*>(handle);
    if (wanted <= 0 || source->position >= source->file.size()) return 0;
    const auto count = std::min(static_cast<std::uint64_t>(wanted), source->file.size() - source->position);
    std::memcpy(target, source->file.data() + source->position, count);
    source->position += count;
    return static_cast<tmsize_t>(count);
}

tmsize_t write_bytes(thandle_t, void*, tmsize_t) { return 0; }

toff_t seek(thandle_t handle, toff_t offset, int origin) {
    auto* source = static_cast<Source*>(handle);
    if (origin == SEEK_CUR) offset += source->position;
    if (origin == SEEK_END) offset += source->file.size();
    return source->position = offset;
}

int close_nothing(thandle_t) { return 0; }
toff_t size_of(thandle_t handle) { return static_cast<Source*>(handle)->file.size(); }

struct TiffDeleter {
    void operator()(TIFF* tiff) const { TIFFClose(tiff); }
    void operator()(TIFFOpenOptions* options) const { TIFFOpenOptionsFree(options); }
};
using TiffHandle = std::unique_ptr<TIFF, TiffDeleter>;

TiffHandle open(Source& source) {
    const std::unique_ptr<TIFFOpenOptions, TiffDeleter> options(TIFFOpenOptionsAlloc());
    if (!options) return nullptr;
    TIFFOpenOptionsSetErrorHandlerExtR(options.get(), on_error, &source);
    TIFFOpenOptionsSetWarningHandlerExtR(options.get(), print_nothing, &source);
    TIFFOpenOptionsSetMaxSingleMemAlloc(options.get(), static_cast<tmsize_t>(most_block_bytes));
    // "m": without mapping the file, so that every read is checked against its end.
    return TiffHandle(TIFFClientOpenExt("picture", "rm", &source, read_bytes, write_bytes, seek, close_nothing, size_of,
                                        nullptr, nullptr, options.get()));
}

TiffLayout read_layout(TIFF* tiff) {
    TiffLayout layout;
    std::uint16_t planes = PLANARCONFIG_CONTIG;
    TIFFGetField(tiff, TIFFTAG_IMAGEWIDTH, &layout.width);
    TIFFGetField(tiff, TIFFTAG_IMAGELENGTH, &layout.height);
    TIFFGetFieldDefaulted(tiff, TIFFTAG_BITSPERSAMPLE, &layout.bits);
    TIFFGetFieldDefaulted(tiff, TIFFTAG_SAMPLESPERPIXEL, &layout.samples);
    TIFFGetFieldDefaulted(tiff, TIFFTAG_SAMPLEFORMAT, &layout.sample_format);
    TIFFGetField(tiff, TIFFTAG_PHOTOMETRIC, &layout.photometric);
    TIFFGetFieldDefaulted(tiff, TIFFTAG_COMPRESSION, &layout.compression);
    TIFFGetFieldDefaulted(tiff, TIFFTAG_PLANARCONFIG, &planes);
    layout.planes_are_separate = planes == PLANARCONFIG_SEPARATE;
    return layout;
}

/// The samples of the colours, interleaved, as wide as they are stored.
struct Samples {
    std::vector<std::byte> bytes;
};

/// A rectangle of the file: a strip is a tile as wide as the picture.
struct Block {
    std::uint32_t x = 0;
    std::uint32_t y = 0;
    std::uint32_t width = 0;
    std::uint32_t height = 0;
};

/// Copies a decoded block to its place. `plane` is the colour it holds when planes are separate.
void place_block(const TiffLayout& layout, const Block& block, std::span<const std::byte> decoded, std::size_t plane,
                 Samples& out) {
    const std::size_t size = layout.sample_bytes();
    const std::size_t in_step = size * (layout.planes_are_separate ? 1 : layout.samples);
    const std::size_t out_step = size * layout.colours();
    const std::size_t wanted = layout.planes_are_separate ? size : out_step;
    const std::uint32_t columns = std::min(block.width, layout.width - block.x);
    const std::uint32_t rows = std::min(block.height, layout.height - block.y);
    for (std::size_t y = 0; y < rows; ++y) {
        const std::byte* in = decoded.data() + y * block.width * in_step;
        std::byte* target = out.bytes.data() + ((block.y + y) * layout.width + block.x) * out_step + plane * size;
        for (std::size_t x = 0; x < columns; ++x) std::memcpy(target + x * out_step, in + x * in_step, wanted);
    }
}

Result<void> read_block(TIFF* tiff, const TiffLayout& layout, const Block& block, std::size_t plane,
                        std::vector<std::byte>& buffer, const Source& source, Samples& out) {
    const bool tiled = TIFFIsTiled(tiff) != 0;
    const auto sample = static_cast<std::uint16_t>(plane);
    const std::uint32_t index =
        tiled ? TIFFComputeTile(tiff, block.x, block.y, 0, sample) : TIFFComputeStrip(tiff, block.y, sample);
    const std::size_t channels = layout.planes_are_separate ? 1 : layout.samples;
    const std::size_t needed = std::size_t{block.width} * block.height * channels * layout.sample_bytes();
    if (needed > buffer.size()) return cut_off("TIFF: strips of an impossible size");
    const auto capacity = static_cast<tmsize_t>(needed);
    const tmsize_t got = tiled ? TIFFReadEncodedTile(tiff, index, buffer.data(), capacity)
                               : TIFFReadEncodedStrip(tiff, index, buffer.data(), capacity);
    if (got != capacity || !source.complaint.empty()) {
        return cut_off("TIFF: " + (source.complaint.empty() ? "pixels are missing" : source.complaint));
    }
    place_block(layout, block, buffer, plane, out);
    return {};
}

Result<Samples> read_samples(TIFF* tiff, const TiffLayout& layout, const Source& source) {
    // As libtiff has them, which may have cut up a single strip.
    DETECT_TRY_ASSIGN(const TiffGrid grid, read_grid(tiff, layout));
    const auto [tiled, block_width, block_height, blocks, expected_bytes] = grid;
    const tmsize_t block_bytes = tiled ? TIFFTileSize(tiff) : TIFFStripSize(tiff);
    if (block_bytes <= 0 || static_cast<std::uint64_t>(block_bytes) > expected_bytes)
        return cut_off("TIFF: strips or tiles of an impossible size");
    Samples out;
    out.bytes.resize(std::size_t{layout.width} * layout.height * layout.colours() * layout.sample_bytes());
    std::vector<std::byte> buffer(static_cast<std::size_t>(block_bytes));
    const std::size_t planes = layout.planes_are_separate ? layout.colours() : 1;
    for (std::size_t plane = 0; plane < planes; ++plane) {
        for (std::uint64_t y = 0; y < layout.height; y += block_height) {
            for (std::uint64_t x = 0; x < layout.width; x += block_width) {
                Block block{static_cast<std::uint32_t>(x), static_cast<std::uint32_t>(y), block_width, block_height};
                // The last strip is shorter; tiles are always whole.
                if (!tiled) block.height = std::min(block_height, layout.height - block.y);
                DETECT_TRY(read_block(tiff, layout, block, plane, buffer, source, out));
            }
        }
    }
    return out;
}

template <class Sample>
void invert(Picture& picture) {
    for (std::size_t i = 0; i < picture.pixels.size(); i += sizeof(Sample)) {
        Sample value;
        std::memcpy(&value, picture.pixels.data() + i, sizeof(Sample));
        value = static_cast<Sample>(~value);
        std::memcpy(picture.pixels.data() + i, &value, sizeof(Sample));
    }
}

Result<Picture> integer_picture(const TiffLayout& layout, Samples samples) {
    Picture picture{static_cast<int>(layout.width), static_cast<int>(layout.height), PixelFormat::grey8,
                    std::move(samples.bytes)};
    const bool wide = layout.bits == 16;
    if (layout.is_grey()) {
        picture.format = wide ? PixelFormat::grey16 : PixelFormat::grey8;
    } else {
        picture.format = wide ? PixelFormat::rgb16 : PixelFormat::rgb8;
    }
    if (layout.photometric == PHOTOMETRIC_MINISWHITE) {
        if (wide) {
            invert<std::uint16_t>(picture);
        } else {
            invert<std::uint8_t>(picture);
        }
    }
    return picture;
}

/// Grey floats are repeated on the three channels, doubles are rounded to float.
template <class Sample>
Result<Picture> float_picture(const TiffLayout& layout, const Samples& samples) {
    DETECT_TRY_ASSIGN(Picture picture, allocate_picture(layout.width, layout.height, PixelFormat::rgb_float));
    const std::size_t colours = layout.colours();
    const std::size_t pixels = std::size_t{layout.width} * layout.height;
    for (std::size_t i = 0; i < pixels; ++i) {
        std::array<float, 3> rgb{};
        for (std::size_t c = 0; c < 3; ++c) {
            Sample stored{};
            std::memcpy(&stored, samples.bytes.data() + (i * colours + c % colours) * sizeof(Sample), sizeof(Sample));
            if (!(std::abs(stored) <= Sample{std::numeric_limits<float>::max()})) {
                return Error{ErrorCode::unreadable_input,
                             "the picture holds NaN or infinity (first at x " + std::to_string(i % layout.width) +
                                 ", y " + std::to_string(i / layout.width) + "): replace such values first"};
            }
            rgb[c] = static_cast<float>(stored);
        }
        std::memcpy(picture.pixels.data() + i * sizeof(rgb), rgb.data(), sizeof(rgb));
    }
    return picture;
}

/// Palettes, bilevel, CMYK, YCbCr and the like: libtiff's own conversion to 8-bit RGB.
Result<Picture> read_converted(TIFF* tiff, const TiffLayout& layout, const Source& source) {
    std::array<char, 1024> reason{};
    if (TIFFRGBAImageOK(tiff, reason.data()) == 0) {
        return Error{ErrorCode::unsupported, std::string("a kind of TIFF that is not read (") + reason.data() +
                                                 "); save it as 8- or 16-bit grey or RGB"};
    }
    // Turning is done for all formats in one place, so libtiff is told that the picture stands upright.
    TIFFSetField(tiff, TIFFTAG_ORIENTATION, static_cast<unsigned>(ORIENTATION_TOPLEFT));
    std::vector<std::uint32_t> raster(std::size_t{layout.width} * layout.height);
    const int done =
        TIFFReadRGBAImageOriented(tiff, layout.width, layout.height, raster.data(), ORIENTATION_TOPLEFT, 1);
    if (done == 0 || !source.complaint.empty()) {
        return cut_off("TIFF: " + (source.complaint.empty() ? "pixels are missing" : source.complaint));
    }
    DETECT_TRY_ASSIGN(Picture picture, allocate_picture(layout.width, layout.height, PixelFormat::rgb8));
    for (std::size_t i = 0; i < raster.size(); ++i) {
        picture.pixels[3 * i] = static_cast<std::byte>(TIFFGetR(raster[i]));
        picture.pixels[3 * i + 1] = static_cast<std::byte>(TIFFGetG(raster[i]));
        picture.pixels[3 * i + 2] = static_cast<std::byte>(TIFFGetB(raster[i]));
    }
    return picture;
}

Error unsupported_samples(const TiffLayout& layout) {
    const bool is_signed = layout.sample_format == SAMPLEFORMAT_INT;
    const char* const kind = layout.sample_format == SAMPLEFORMAT_IEEEFP ? "float" : is_signed ? "signed" : "unsigned";
    return Error{ErrorCode::unsupported, "a TIFF of " + std::to_string(layout.bits) + "-bit " + kind +
                                             " samples; save it as 8- or 16-bit unsigned or 32-bit float"};
}

Result<Picture> read_page(TIFF* tiff, const TiffLayout& layout, const Source& source) {
    const bool is_float = layout.sample_format == SAMPLEFORMAT_IEEEFP;
    const bool is_unsigned = layout.sample_format == SAMPLEFORMAT_UINT || layout.sample_format == SAMPLEFORMAT_VOID;
    const bool float_read = is_float && (layout.bits == 32 || layout.bits == 64);
    const bool plain_colours = layout.is_grey() || layout.photometric == PHOTOMETRIC_RGB;
    if (!is_unsigned && !float_read) return unsupported_samples(layout);
    if (is_unsigned && layout.bits > 16) return unsupported_samples(layout);

    const bool whole_bytes = float_read || layout.bits == 8 || layout.bits == 16;
    if (!plain_colours || !whole_bytes || layout.samples < layout.colours()) {
        if (is_float) return unsupported_samples(layout);
        return read_converted(tiff, layout, source);
    }
    DETECT_TRY_ASSIGN(Samples samples, read_samples(tiff, layout, source));
    if (!is_float) return integer_picture(layout, std::move(samples));
    return layout.bits == 32 ? float_picture<float>(layout, samples) : float_picture<double>(layout, samples);
}

/// The tag itself counts before XMP, which repeats it.
int orientation_of(TIFF* tiff) {
    std::uint16_t tag = 0;
    if (TIFFGetField(tiff, TIFFTAG_ORIENTATION, &tag) != 0 && tag >= 1 && tag <= 8) return tag;
    std::uint32_t size = 0;
    void* packet = nullptr;
    if (TIFFGetField(tiff, TIFFTAG_XMLPACKET, &size, &packet) == 0 || packet == nullptr) return 1;
    return xmp_orientation({static_cast<const std::byte*>(packet), size}).value_or(1);
}

} // namespace

Result<Decoded> decode_tiff(Bytes file, std::int64_t page, const PictureLimits& limits) {
    const ReadAt read = [&](std::uint64_t offset, std::span<std::byte> target) {
        if (offset > file.size() || file.size() - offset < target.size()) return false;
        std::copy_n(file.begin() + static_cast<std::ptrdiff_t>(offset), target.size(), target.begin());
        return true;
    };
    DETECT_TRY_ASSIGN(const TiffPages pages, tiff_pages(read));
    if (pages.is_raw)
        return Error{ErrorCode::unsupported, "a camera's raw file (DNG) is not read; save it as TIFF, PNG or JPEG"};
    const auto index = static_cast<std::size_t>(page - 1);
    if (page < 1 || (page > 1 && index >= pages.offsets.size()))
        return Error{ErrorCode::unreadable_input, "there is no such page; the last one is " +
                                                      std::to_string(std::max<std::size_t>(1, pages.offsets.size()))};
    Source source{file, 0, {}};
    const TiffHandle tiff = open(source);
    if (!tiff) return cut_off("TIFF: " + (source.complaint.empty() ? "bad header" : source.complaint));
    if (index < pages.offsets.size() && TIFFSetSubDirectory(tiff.get(), pages.offsets[index]) == 0)
        return cut_off("TIFF: " + (source.complaint.empty() ? "bad directory" : source.complaint));
    const TiffLayout layout = read_layout(tiff.get());
    // Before any strip is read.
    DETECT_TRY(check_picture_size(layout.width, layout.height, limits));
    if (layout.samples == 0 || layout.samples > most_channels) {
        return Error{ErrorCode::unsupported, "a TIFF of " + std::to_string(layout.samples) + " channels"};
    }
    DETECT_TRY(check_structure(tiff.get(), layout, file.size(), read));
    const int orientation = orientation_of(tiff.get()); // reading may change the tag
    DETECT_TRY_ASSIGN(Picture picture, read_page(tiff.get(), layout, source));
    return Decoded{std::move(picture), orientation};
}

} // namespace detect::picture_file
