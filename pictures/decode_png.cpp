// SPDX-License-Identifier: Apache-2.0
#include "pictures/decoders.h"

#include "base/try.h"

#include <algorithm>
#include <array>
#include <bit>
#include <csetjmp>
#include <cstdlib>
#include <cstring>
#include <string_view>
#include <utility>

#include <png.h>

namespace detect::picture_file {

namespace {

/// What libpng may take for what is not pixels, given back or not: texts and profiles, which deflate packs a thousand
/// to one. It keeps up to a thousand of 8 MB.
constexpr std::size_t most_heap_bytes = std::size_t{64} << 20U;

/// Everything that lives across libpng's jumps, created outside the function that calls setjmp.
struct Session {
    png_structp codec = nullptr;
    png_infop info = nullptr;
    png_infop end_info = nullptr;
    Bytes unread;
    std::array<char, 256> message{};
    Picture picture;
    std::vector<png_bytep> rows;
    std::optional<Error> refused;
    /// What libpng may still take from the heap.
    std::size_t heap_left = most_heap_bytes;
    bool over_budget = false;
    Orientation orientation;

    Session() = default;
    Session(const Session&) = delete;
    Session& operator=(const Session&) = delete;
    ~Session() { png_destroy_read_struct(&codec, &info, &end_info); }
};

[[noreturn]] void on_error(png_structp codec, png_const_charp message) {
    auto* session = static_cast<Session*>(png_get_error_ptr(codec));
    std::strncpy(session->message.data(), message, session->message.size() - 1);
    png_longjmp(codec, 1);
}

void print_nothing(png_structp, png_const_charp) {}

/// libpng goes on without a text that finds no memory; so may no picture whose text says which way up it stands.
png_voidp take_memory(png_structp codec, png_alloc_size_t size) {
    auto* session = static_cast<Session*>(png_get_mem_ptr(codec));
    if (size <= session->heap_left) {
        session->heap_left -= size;
        if (void* memory = std::malloc(size)) return memory;
    }
    session->over_budget = true;
    return nullptr;
}

void give_back(png_structp, png_voidp memory) { std::free(memory); }

void read_bytes(png_structp codec, png_bytep target, std::size_t count) {
    auto* session = static_cast<Session*>(png_get_io_ptr(codec));
    if (session->unread.size() < count) png_error(codec, "the file ends too early");
    std::memcpy(target, session->unread.data(), count);
    session->unread = session->unread.subspan(count);
}

/// The bytes in "\nNAME\n LENGTH\nHEX\nHEX…"; none if it is not of this form.
std::vector<std::byte> raw_profile(std::string_view text) {
    std::vector<std::byte> bytes;
    std::size_t at = 0;
    for (int line = 0; line < 3 && at != std::string_view::npos; ++line) at = text.find('\n', at + (line > 0 ? 1 : 0));
    if (at == std::string_view::npos) return bytes;
    int digits = 0;
    unsigned value = 0;
    for (const char letter : text.substr(at)) {
        const bool decimal = letter >= '0' && letter <= '9';
        const bool hex = letter >= 'a' && letter <= 'f';
        if (!decimal && !hex) continue;
        value = value * 16 + static_cast<unsigned>(decimal ? letter - '0' : letter - 'a' + 10);
        if (++digits % 2 == 0) bytes.push_back(static_cast<std::byte>(std::exchange(value, 0U)));
    }
    return bytes;
}

void find_orientation(Session& session, png_infop info) {
    png_uint_32 size = 0;
    png_bytep block = nullptr;
    if (png_get_eXIf_1(session.codec, info, &size, &block) != 0)
        session.orientation.exif({reinterpret_cast<const std::byte*>(block), size});
    png_textp texts = nullptr;
    int count = 0;
    png_get_text(session.codec, info, &texts, &count);
    for (int i = 0; i < count; ++i) {
        const std::string_view key = texts[i].key;
        const bool is_international = texts[i].compression >= PNG_ITXT_COMPRESSION_NONE;
        const std::string_view text(texts[i].text, is_international ? texts[i].itxt_length : texts[i].text_length);
        if (key == "XML:com.adobe.xmp") session.orientation.xmp(std::as_bytes(std::span(text)));
        // As ImageMagick and older programs write what is in eXIf today.
        if (key == "Raw profile type exif" || key == "Raw profile type APP1") {
            const std::vector<std::byte> profile = raw_profile(text);
            session.orientation.exif(profile);
        }
    }
}

/// Palettes and 1-, 2- and 4-bit grey become 8 bits, alpha goes, 16-bit samples get the machine's byte order.
PixelFormat choose_output(Session& session) {
    const int colour = png_get_color_type(session.codec, session.info);
    const int depth = png_get_bit_depth(session.codec, session.info);
    if (colour == PNG_COLOR_TYPE_PALETTE) png_set_palette_to_rgb(session.codec);
    if (colour == PNG_COLOR_TYPE_GRAY && depth < 8) png_set_expand_gray_1_2_4_to_8(session.codec);
    png_set_strip_alpha(session.codec);
    if (depth == 16 && std::endian::native == std::endian::little) png_set_swap(session.codec);
    png_set_interlace_handling(session.codec);
    png_read_update_info(session.codec, session.info);
    const bool grey = (colour & PNG_COLOR_MASK_COLOR) == 0;
    if (depth == 16) return grey ? PixelFormat::grey16 : PixelFormat::rgb16;
    return grey ? PixelFormat::grey8 : PixelFormat::rgb8;
}

/// Deflate packs at most 1032 bytes into one, so a header that promises more than the file can hold is a lie that
/// would cost memory before it is found out.
bool promises_too_much(const Session& session) {
    const std::size_t row_bytes = png_get_rowbytes(session.codec, session.info);
    const std::size_t height = png_get_image_height(session.codec, session.info);
    return row_bytes * height / 1032 > session.unread.size();
}

bool accept(Session& session, Result<void> check) {
    if (!check) session.refused = std::move(check).error();
    return !session.refused;
}

bool decode(Session& session, const PictureLimits& limits) {
    session.codec = png_create_read_struct_2(PNG_LIBPNG_VER_STRING, &session, on_error, print_nothing, &session,
                                             take_memory, give_back);
    if (session.codec == nullptr) return false;
    if (setjmp(png_jmpbuf(session.codec)) != 0) return false;
    session.info = png_create_info_struct(session.codec);
    session.end_info = png_create_info_struct(session.codec);
    if (session.info == nullptr || session.end_info == nullptr) png_error(session.codec, "out of memory");
    png_set_read_fn(session.codec, &session, read_bytes);
    png_set_user_limits(session.codec, 0x7FFFFFFF, 0x7FFFFFFF);
    png_read_info(session.codec, session.info);

    // Checked before libpng allocates a row.
    const std::int64_t width = png_get_image_width(session.codec, session.info);
    const std::int64_t height = png_get_image_height(session.codec, session.info);
    if (!accept(session, check_picture_size(width, height, limits))) return false;
    if (promises_too_much(session)) png_error(session.codec, "the file is too short for the size it states");

    // Rows as they are stored, filtered and converted; pixels have at most 8 bytes.
    session.heap_left += static_cast<std::size_t>(width) * 8 * 8;
    const PixelFormat format = choose_output(session);
    session.picture = *allocate_picture(width, height, format);
    const std::size_t row_bytes = static_cast<std::size_t>(width) * bytes_per_pixel(format);
    if (png_get_rowbytes(session.codec, session.info) != row_bytes) png_error(session.codec, "unexpected row length");
    session.rows.resize(static_cast<std::size_t>(height));
    auto* row = reinterpret_cast<png_bytep>(session.picture.pixels.data());
    for (std::size_t y = 0; y < session.rows.size(); ++y) session.rows[y] = row + y * row_bytes;
    png_read_image(session.codec, session.rows.data());
    png_read_end(session.codec, session.end_info);
    find_orientation(session, session.info);
    find_orientation(session, session.end_info);
    return !session.over_budget;
}

} // namespace

Result<Decoded> decode_png(Bytes file, const PictureLimits& limits) {
    Session session;
    session.unread = file;
    if (!decode(session, limits)) {
        if (session.over_budget) {
            return Error{ErrorCode::resource_limit, "the picture's texts and profiles take more than " +
                                                        std::to_string(most_heap_bytes >> 20U) +
                                                        " MiB, the limit for a PNG; save it without them"};
        }
        if (session.refused) return *std::move(session.refused);
        return cut_off(std::string("PNG: ") + session.message.data());
    }
    return Decoded{std::move(session.picture), session.orientation.value()};
}

} // namespace detect::picture_file
