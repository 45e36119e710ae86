// SPDX-License-Identifier: Apache-2.0
#include "fuzz/decoded_picture.h"
#include "fuzz/targets.h"

void detect::fuzz::jpeg(Bytes input) { require_sound(picture_file::decode_jpeg(input, small_pictures)); }
