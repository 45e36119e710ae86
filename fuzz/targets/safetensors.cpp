// SPDX-License-Identifier: Apache-2.0
#include "checkpoint/safetensors_reader.h"
#include "fuzz/checkpoint_contents.h"
#include "fuzz/targets.h"

void detect::fuzz::safetensors(Bytes input) { require_sound(input, read_safetensors(input)); }
