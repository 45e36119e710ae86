// SPDX-License-Identifier: Apache-2.0
#include "pictures/picture.h"

#include "base/atomic_file.h"
#include "base/text.h"
#include "base/try.h"
#include "pictures/image_to_tensor.h"
#include "pictures/own_pictures.h"

#include <algorithm>
#include <array>
#include <bit>
#include <csetjmp>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <new>
#include <string>
#include <utility>

#include <jpeglib.h>
#include <png.h>

namespace detect {

namespace {

using Bytes = std::vector<std::byte>;

constexpr int jpeg_quality = 95;

struct PngSession {
    png_structp codec = nullptr;
    png_infop info = nullptr;
    Bytes file;
    std::vector<png_bytep> rows;

    PngSession() = default;
    PngSession(const PngSession&) = delete;
    PngSession& operator=(const PngSession&) = delete;
    ~PngSession() { png_destroy_write_struct(&codec, &info); }
};

[[noreturn]] void on_png_error(png_structp codec, png_const_charp) { png_longjmp(codec, 1); }
void print_no_png(png_structp, png_const_charp) {}

void append_png(png_structp codec, png_bytep data, std::size_t count) {
    auto* session = static_cast<PngSession*>(png_get_io_ptr(codec));
    const auto* bytes = reinterpret_cast<const std::byte*>(data);
    bool stored = true;
    try {
        session->file.insert(session->file.end(), bytes, bytes + count);
    } catch (const std::bad_alloc&) {
        stored = false; // an exception may not pass through libpng
    }
    if (!stored) png_error(codec, "out of memory");
}

void flush_nothing(png_structp) {}

int png_colour(PixelFormat format) {
    switch (format) {
    case PixelFormat::grey8:
    case PixelFormat::grey16: return PNG_COLOR_TYPE_GRAY;
    case PixelFormat::rgba8:
    case PixelFormat::bgra8: return PNG_COLOR_TYPE_RGB_ALPHA;
    default: return PNG_COLOR_TYPE_RGB;
    }
}

bool encode_png(PngSession& session, const ImageView& picture, std::span<png_text> texts) {
    session.codec = png_create_write_struct(PNG_LIBPNG_VER_STRING, &session, on_png_error, print_no_png);
    if (session.codec == nullptr) return false;
    if (setjmp(png_jmpbuf(session.codec)) != 0) return false;
    session.info = png_create_info_struct(session.codec);
    if (session.info == nullptr) return false;
    png_set_write_fn(session.codec, &session, append_png, flush_nothing);

    const bool wide = picture.format == PixelFormat::grey16 || picture.format == PixelFormat::rgb16;
    png_set_user_limits(session.codec, 0x7FFFFFFF, 0x7FFFFFFF);
    png_set_IHDR(session.codec, session.info, static_cast<png_uint_32>(picture.width),
                 static_cast<png_uint_32>(picture.height), wide ? 16 : 8, png_colour(picture.format),
                 PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
    // A fixed filter and level 4 take half the time of libpng's defaults, for some per cent more bytes.
    png_set_filter(session.codec, PNG_FILTER_TYPE_BASE, PNG_FILTER_SUB);
    png_set_compression_level(session.codec, 4);
    // The mark stands first, where `is_ours` looks for it.
    if (!texts.empty()) png_set_text(session.codec, session.info, texts.data(), static_cast<int>(texts.size()));
    png_write_info(session.codec, session.info);
    if (wide && std::endian::native == std::endian::little) png_set_swap(session.codec);
    if (picture.format == PixelFormat::bgr8 || picture.format == PixelFormat::bgra8) png_set_bgr(session.codec);
    png_write_image(session.codec, session.rows.data());
    png_write_end(session.codec, nullptr);
    return true;
}

struct JpegSession {
    jpeg_compress_struct codec{};
    jpeg_error_mgr errors{};
    std::jmp_buf escape{};
    std::array<char, JMSG_LENGTH_MAX> message{};
    unsigned char* file = nullptr;
    unsigned long size = 0;

    JpegSession() = default;
    JpegSession(const JpegSession&) = delete;
    JpegSession& operator=(const JpegSession&) = delete;
    ~JpegSession() {
        jpeg_destroy_compress(&codec);
        std::free(file); // libjpeg's jpeg_mem_dest allocates with malloc
    }
};

[[noreturn]] void on_jpeg_error(j_common_ptr codec) {
    auto* session = static_cast<JpegSession*>(codec->client_data);
    codec->err->format_message(codec, session->message.data());
    std::longjmp(session->escape, 1);
}

void print_no_jpeg(j_common_ptr) {}

J_COLOR_SPACE jpeg_colour(PixelFormat format) {
    switch (format) {
    case PixelFormat::grey8: return JCS_GRAYSCALE;
    case PixelFormat::bgr8: return JCS_EXT_BGR;
    case PixelFormat::rgba8: return JCS_EXT_RGBX;
    case PixelFormat::bgra8: return JCS_EXT_BGRX;
    default: return JCS_RGB;
    }
}

bool encode_jpeg(JpegSession& session, const ImageView& picture, int quality, std::span<const std::string> comments) {
    if (setjmp(session.escape) != 0) return false;
    session.codec.err = jpeg_std_error(&session.errors);
    session.errors.error_exit = on_jpeg_error;
    session.errors.output_message = print_no_jpeg;
    session.codec.client_data = &session;
    jpeg_create_compress(&session.codec);
    jpeg_mem_dest(&session.codec, &session.file, &session.size);
    session.codec.image_width = static_cast<JDIMENSION>(picture.width);
    session.codec.image_height = static_cast<JDIMENSION>(picture.height);
    session.codec.input_components = static_cast<int>(bytes_per_pixel(picture.format));
    session.codec.in_color_space = jpeg_colour(picture.format);
    jpeg_set_defaults(&session.codec);
    jpeg_set_quality(&session.codec, quality, TRUE);
    jpeg_start_compress(&session.codec, TRUE);
    for (const std::string& comment : comments) {
        const auto* bytes = reinterpret_cast<const JOCTET*>(comment.data());
        jpeg_write_marker(&session.codec, JPEG_COM, bytes, static_cast<unsigned>(comment.size()));
    }
    while (session.codec.next_scanline < session.codec.image_height) {
        const auto* row = reinterpret_cast<const unsigned char*>(row_of(picture, session.codec.next_scanline));
        auto* line = const_cast<unsigned char*>(row); // libjpeg takes no const, and does not write
        jpeg_write_scanlines(&session.codec, &line, 1);
    }
    jpeg_finish_compress(&session.codec);
    return true;
}

Result<Bytes> to_jpeg(const ImageView& picture, int quality, std::span<const std::string> comments = {}) {
    if (picture.format == PixelFormat::grey16 || picture.format == PixelFormat::rgb16) {
        return Error{ErrorCode::invalid_argument, "JPEG holds 8 bits per channel; write 16-bit pictures as .png"};
    }
    JpegSession session;
    if (!encode_jpeg(session, picture, quality, comments)) {
        return Error{ErrorCode::invalid_argument, std::string("JPEG: ") + session.message.data()};
    }
    const auto* bytes = reinterpret_cast<const std::byte*>(session.file);
    return Bytes(bytes, bytes + session.size);
}

/// The parts that a text is cut into, each at most so many bytes.
std::vector<std::string_view> parts_of(std::string_view text, std::size_t most) {
    std::vector<std::string_view> parts;
    do {
        parts.push_back(first_bytes(text, most));
        text.remove_prefix(parts.back().size());
    } while (!text.empty());
    return parts;
}

std::vector<std::string> to_comments(PictureOrigin origin, std::span<const PictureText> texts) {
    constexpr std::size_t most_of_comment = 65533;
    constexpr std::size_t most_of_number = 48; // " 123/456 "
    std::vector<std::string> comments;
    if (origin == PictureOrigin::ours) comments.emplace_back(own_mark);
    for (const auto& [keyword, text] : texts) {
        const auto parts = parts_of(text, most_of_comment - most_of_number - keyword.size());
        for (std::size_t i = 0; i < parts.size(); ++i) {
            const std::string number = std::to_string(i + 1) + "/" + std::to_string(parts.size()) + " ";
            comments.push_back(keyword + " " + (parts.size() > 1 ? number : "") + std::string(parts[i]));
        }
    }
    return comments;
}

/// Owns what libpng's structures point to, which takes no const.
struct PngTexts {
    PngTexts(PictureOrigin origin, std::span<const PictureText> given) : owned(given.begin(), given.end()) {
        if (origin == PictureOrigin::ours)
            owned.insert(owned.begin(), {.keyword = "Software", .text = std::string(own_mark)});
        for (PictureText& each : owned) {
            png_text entry{};
            const bool is_mark = origin == PictureOrigin::ours && entries.empty();
            entry.compression = is_mark ? PNG_TEXT_COMPRESSION_NONE : PNG_ITXT_COMPRESSION_NONE;
            entry.key = each.keyword.data();
            entry.text = each.text.data();
            (is_mark ? entry.text_length : entry.itxt_length) = each.text.size();
            entries.push_back(entry);
        }
    }

    std::vector<PictureText> owned;
    std::vector<png_text> entries = {};
};

Result<Bytes> encode(const ImageView& picture, bool as_png, PictureOrigin origin, std::span<const PictureText> texts) {
    if (picture.format == PixelFormat::rgb_float) {
        return Error{ErrorCode::invalid_argument, "float pictures are not written; convert with to_rgb8 first"};
    }
    if (as_png) {
        PngSession session;
        for (std::size_t y = 0; y < static_cast<std::size_t>(picture.height); ++y) {
            const auto* row = reinterpret_cast<const unsigned char*>(row_of(picture, y));
            session.rows.push_back(const_cast<unsigned char*>(row));
        }
        PngTexts in_file(origin, texts);
        if (!encode_png(session, picture, in_file.entries)) return Error{ErrorCode::internal, "the PNG encoder failed"};
        return std::move(session.file);
    }
    return to_jpeg(picture, jpeg_quality, to_comments(origin, texts));
}

/// Whole or not at all; not waited for until it is on disk, which would take longer than to find objects in it.
Result<void> write_whole(const std::filesystem::path& path, std::span<const std::byte> bytes) {
    DETECT_TRY_ASSIGN(AtomicFile file, AtomicFile::create(path));
    DETECT_TRY(file.write(bytes));
    return file.commit(AtomicFile::Sync::none);
}

} // namespace

Result<std::vector<std::byte>> encode_jpeg(const ImageView& picture, int quality) {
    DETECT_TRY(check_view(picture));
    if (picture.format == PixelFormat::rgb_float)
        return Error{ErrorCode::invalid_argument, "JPEG holds no floats; convert with to_rgb8 first"};
    return to_jpeg(picture, std::clamp(quality, 1, 100));
}

Result<void> write_picture(const std::filesystem::path& path, const ImageView& picture, PictureOrigin origin,
                           std::span<const PictureText> texts) {
    const auto with_name = [&](Error error) { return Error{error.code, path.string() + ": " + error.message}; };
    std::string extension = path.extension().string();
    std::transform(extension.begin(), extension.end(), extension.begin(), [](char letter) {
        return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter + 32) : letter;
    });
    const bool as_png = extension == ".png";
    if (!as_png && extension != ".jpg" && extension != ".jpeg") {
        return with_name(
            {ErrorCode::invalid_argument, "the name of a picture to write must end in .png, .jpg or .jpeg"});
    }
    if (auto sound = check_view(picture); !sound) return with_name(std::move(sound).error());
    auto file = encode(picture, as_png, origin, texts);
    if (!file) return with_name(std::move(file).error());
    return write_whole(path, *file);
}

} // namespace detect
