// SPDX-License-Identifier: Apache-2.0
#include "checkpoint/torch_reader.h"
#include "fuzz/checkpoint_contents.h"
#include "fuzz/targets.h"

void detect::fuzz::torch_zip(Bytes input) { require_sound(input, read_torch_zip(input)); }
