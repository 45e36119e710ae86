// SPDX-License-Identifier: Apache-2.0
#include "pictures/decoders.h"

#include "base/try.h"

#include <array>
#include <csetjmp>
#include <cstdio>
#include <cstring>
#include <string_view>

#include <jpeglib.h>
// After jpeglib.h, which it needs.
#include <jerror.h>

namespace detect::picture_file {

namespace {

/// Everything that lives across libjpeg's jumps. It is created outside the functions that call setjmp, so a jump never
/// passes over a destructor.
struct Session {
    jpeg_decompress_struct codec{};
    jpeg_error_mgr errors{};
    jpeg_progress_mgr progress{};
    std::jmp_buf escape{};
    std::array<char, JMSG_LENGTH_MAX> message{};
    Picture picture;
    std::vector<std::uint8_t> row;
    std::optional<Error> refused;
    bool too_many_scans = false;
    int orientation = 1;

    Session() = default;
    Session(const Session&) = delete;
    Session& operator=(const Session&) = delete;
    ~Session() { jpeg_destroy_decompress(&codec); }
};

[[noreturn]] void on_error(j_common_ptr codec) {
    auto* session = static_cast<Session*>(codec->client_data);
    codec->err->format_message(codec, session->message.data());
    std::longjmp(session->escape, 1);
}

/// libjpeg carries on after these with grey or shifted blocks. For inspection a wrong picture is worse than none.
bool loses_pixels(int warning) {
    switch (warning) {
    case JWRN_JPEG_EOF:
    case JWRN_HIT_MARKER:
    case JWRN_HUFF_BAD_CODE:
    case JWRN_ARITH_BAD_CODE:
    case JWRN_MUST_RESYNC:
    case JWRN_NOT_SEQUENTIAL: return true;
    default: return false;
    }
}

void on_message(j_common_ptr codec, int level) {
    if (level < 0 && loses_pixels(codec->err->msg_code)) on_error(codec);
}

void print_nothing(j_common_ptr) {}

/// Each scan goes over all blocks, and may take but a few bytes. Encoders write about 10.
constexpr int most_scans = 100;

void count_scans(j_common_ptr codec) {
    auto* session = static_cast<Session*>(codec->client_data);
    if (session->codec.input_scan_number <= most_scans) return;
    session->too_many_scans = true;
    std::longjmp(session->escape, 1);
}

/// Huffman's codes have a bit at least, and each block of 8 x 8 has one at least: a header that promises more blocks
/// than the file has bits is a lie that would cost memory before it is found out.
bool promises_too_much(const jpeg_decompress_struct& codec, std::size_t file_bytes) {
    if (codec.arith_code != FALSE) return false;
    std::uint64_t blocks = 0;
    for (int i = 0; i < codec.num_components; ++i) {
        const jpeg_component_info& component = codec.comp_info[i];
        blocks += std::uint64_t{component.width_in_blocks} * component.height_in_blocks;
    }
    return blocks / 8 > file_bytes;
}

void start(Session& session, Bytes file) {
    session.codec.err = jpeg_std_error(&session.errors);
    session.errors.error_exit = on_error;
    session.errors.emit_message = on_message;
    session.errors.output_message = print_nothing;
    session.codec.client_data = &session;
    jpeg_create_decompress(&session.codec);
    // jpeg_create_decompress clears all but err and client_data.
    jpeg_mem_src(&session.codec, reinterpret_cast<const unsigned char*>(file.data()),
                 static_cast<unsigned long>(file.size()));
    session.progress.progress_monitor = count_scans;
    session.codec.progress = &session.progress;
    jpeg_save_markers(&session.codec, JPEG_APP0 + 1, 0xFFFF);
    jpeg_read_header(&session.codec, TRUE);
}

/// To be called before the picture is finished: libjpeg then frees its markers.
int orientation_of(const jpeg_decompress_struct& codec) {
    constexpr std::string_view xmp{"http://ns.adobe.com/xap/1.0/\0", 29};
    Orientation found;
    for (const jpeg_marker_struct* marker = codec.marker_list; marker != nullptr; marker = marker->next) {
        const Bytes block{reinterpret_cast<const std::byte*>(marker->data), marker->data_length};
        const bool is_xmp = block.size() > xmp.size() && std::memcmp(block.data(), xmp.data(), xmp.size()) == 0;
        if (is_xmp) {
            found.xmp(block.subspan(xmp.size()));
        } else {
            found.exif(block);
        }
    }
    return found.value();
}

/// Grey stays grey, inks stay inks, all else is converted to RGB by libjpeg.
PixelFormat choose_output(jpeg_decompress_struct& codec) {
    switch (codec.jpeg_color_space) {
    case JCS_GRAYSCALE: codec.out_color_space = JCS_GRAYSCALE; return PixelFormat::grey8;
    case JCS_CMYK:
    case JCS_YCCK: codec.out_color_space = JCS_CMYK; return PixelFormat::rgb8;
    default: codec.out_color_space = JCS_RGB; return PixelFormat::rgb8;
    }
}

void read_rows(Session& session) {
    jpeg_decompress_struct& codec = session.codec;
    const bool inks = codec.out_color_space == JCS_CMYK;
    const std::size_t row_bytes = codec.output_width * bytes_per_pixel(session.picture.format);
    while (codec.output_scanline < codec.output_height) {
        std::byte* out = session.picture.pixels.data() + codec.output_scanline * row_bytes;
        JSAMPROW target = inks ? session.row.data() : reinterpret_cast<JSAMPROW>(out);
        jpeg_read_scanlines(&codec, &target, 1);
        if (!inks) continue;
        // Programs that write CMYK JPEGs follow Adobe: 255 is no ink.
        for (std::uint8_t& ink : session.row) ink = static_cast<std::uint8_t>(255 - ink);
        cmyk_row_to_rgb(session.row, {out, row_bytes});
    }
    // Reads on to the end marker, so that a file cut off after its last row is noticed too.
    jpeg_finish_decompress(&codec);
}

bool refuse(Session& session, Error error) {
    session.refused = std::move(error);
    return false;
}

bool decode(Session& session, Bytes file, const PictureLimits& limits) {
    if (setjmp(session.escape) != 0) return false;
    start(session, file);
    session.orientation = orientation_of(session.codec);
    const PixelFormat format = choose_output(session.codec);
    if (const auto size = check_picture_size(session.codec.image_width, session.codec.image_height, limits); !size)
        return refuse(session, size.error());
    if (promises_too_much(session.codec, file.size()))
        return refuse(session, cut_off("JPEG: the file is too short for the size it states"));
    {
        auto allocated = allocate_picture(session.codec.image_width, session.codec.image_height, format);
        if (!allocated) return refuse(session, std::move(allocated).error());
        session.picture = *std::move(allocated);
    }
    if (session.codec.out_color_space == JCS_CMYK) session.row.resize(std::size_t{session.codec.image_width} * 4);
    jpeg_start_decompress(&session.codec);
    read_rows(session);
    return true;
}

} // namespace

Result<Decoded> decode_jpeg(Bytes file, const PictureLimits& limits) {
    Session session;
    if (!decode(session, file, limits)) {
        if (session.too_many_scans) {
            return Error{ErrorCode::resource_limit, "the picture comes in more than " + std::to_string(most_scans) +
                                                        " scans, the limit for a JPEG; save it again, not progressive"};
        }
        if (session.refused) return *std::move(session.refused);
        return cut_off(std::string("JPEG: ") + session.message.data());
    }
    return Decoded{std::move(session.picture), session.orientation};
}

} // namespace detect::picture_file
