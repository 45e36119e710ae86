// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "results/picture_format.h"

namespace detect {

/// What is in each box as a picture, in a folder for each class.
extern const PictureFormat crops_format;

} // namespace detect
