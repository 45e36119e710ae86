// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "checkpoint/pickle.h"
#include "checkpoint/tensor_entry.h"
#include "checkpoint/torch_objects.h"

#include <map>
#include <string>
#include <vector>

namespace detect {

/// The dictionary of tensors in a file that torch.save wrote.
struct StateDict {
    std::map<std::string, TorchTensor, std::less<>> tensors;
    std::vector<std::string> notes;
};

/// Finds the weights: the outermost dictionary, or the one that training scripts keep under "model", "state_dict", …
/// beside the optimizer's. `bad_model` if there is none: a pickled module, an optimizer alone, something else.
[[nodiscard]] Result<StateDict> find_state_dict(const pickle::Document& document);

/// Removes `module.` (DataParallel), `model.` (wrappers) and `_orig_mod.` (torch.compile) where every key begins with
/// it, and adds a note for each.
void strip_common_prefixes(CheckpointContents& contents);

} // namespace detect
