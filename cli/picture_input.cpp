// SPDX-License-Identifier: Apache-2.0
#include "cli/picture_input.h"

#include "base/text.h"
#include "base/try.h"
#include "pictures/image_to_tensor.h"

namespace detect::cli {

CLI::Option* add_bits_option(CLI::App& command, int& bits) {
    return command
        .add_option("--bits", bits,
                    "How many bits the samples of 16-bit pictures have, 8 to 16: 10 or 12 for a camera's Mono10 or "
                    "Mono12. Without it, a picture that seems to have fewer than 16 is not judged")
        ->check(CLI::Range(8, 16));
}

Result<void> apply_bits(Picture& picture, int bits) {
    const bool wide = picture.format == PixelFormat::grey16 || picture.format == PixelFormat::rgb16;
    if (wide) picture.bits = bits;
    return check_samples(picture.view());
}

Result<Picture> read_input_picture(const std::filesystem::path& file, int bits) {
    auto picture = read_single_picture(file);
    if (!picture) return Error{ErrorCode::unreadable_input, picture.error().message};
    if (auto sound = apply_bits(*picture, bits); !sound)
        return Error{ErrorCode::unreadable_input, printable_path(file) + ": " + sound.error().message};
    return picture;
}

} // namespace detect::cli
