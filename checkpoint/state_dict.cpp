// SPDX-License-Identifier: Apache-2.0
#include "checkpoint/state_dict.h"

#include "base/text.h"
#include "base/try.h"

#include <algorithm>
#include <array>
#include <optional>
#include <set>
#include <string_view>
#include <utility>

namespace detect {

namespace {

using pickle::Document;
using pickle::Index;
using pickle::Kind;
using pickle::Value;

/// Where training scripts put the weights, likeliest first: those of the model itself before a running average of them.
constexpr auto usual_wrappers =
    std::to_array<std::string_view>({"model", "model_state_dict", "state_dict", "model_state", "net", "network",
                                     "weights", "params", "module", "detector", "model_ema", "ema_state_dict", "ema"});

Error bad_model(const std::string& message) { return {ErrorCode::bad_model, message}; }

struct Item {
    std::string_view key;
    Index value = 0;
};

/// Items under text keys; none if the value is no dictionary. Keys that are longer than any parameter's name are left
/// out: a pickle may use one long text as a key many times, and copies of it must not add up.
std::vector<Item> text_items(const Document& document, Index index) {
    constexpr std::size_t longest_key = 1024;
    std::vector<Item> items;
    const Value& value = document[index];
    if (value.kind != Kind::dictionary) return items;
    for (std::size_t i = 0; i + 1 < value.items.size(); i += 2) {
        const Value& key = document[value.items[i]];
        if (key.kind == Kind::text && key.text.size() <= longest_key) items.push_back({key.text, value.items[i + 1]});
    }
    return items;
}

bool is_tensor_or_broken(const Document& document, Index index) {
    const auto tensor = as_tensor(document, index);
    return !tensor || tensor->has_value();
}

bool holds_tensors(const Document& document, Index index) {
    return std::ranges::any_of(text_items(document, index),
                               [&](const Item& item) { return is_tensor_or_broken(document, item.value); });
}

Result<StateDict> take_tensors(const Document& document, Index dictionary) {
    StateDict state;
    for (const Item& item : text_items(document, dictionary)) {
        auto tensor = as_tensor(document, item.value);
        if (!tensor) {
            return Error{tensor.error().code, "tensor " + printable(item.key) + " " + tensor.error().message};
        }
        if (*tensor && state.tensors.size() == max_tensors)
            return Error{ErrorCode::resource_limit, "holds more than " + std::to_string(max_tensors) + " tensors"};
        if (*tensor) state.tensors.insert_or_assign(std::string(item.key), **std::move(tensor));
    }
    return state;
}

std::string quoted_list(const std::vector<Item>& items) {
    std::vector<std::string> keys;
    for (const Item& item : items) keys.push_back('"' + printable(item.key) + '"');
    return listed(keys, {.most = 5});
}

Error no_weights(const Document& document) {
    const std::vector<Item> items = text_items(document, document.root);
    const auto has = [&](std::string_view key) { return std::ranges::find(items, key, &Item::key) != items.end(); };
    for (const std::string_view wrapper : usual_wrappers) {
        const auto found = std::ranges::find(items, wrapper, &Item::key);
        if (found != items.end() && document[found->value].kind == Kind::object) {
            return bad_model("holds a whole pickled object (" + printable(document.name_of(found->value)) +
                             ") under \"" + std::string(wrapper) +
                             "\", which is code as much as weights; save model.state_dict() instead");
        }
    }
    if (has("optimizer") || has("optimizer_state_dict") || (has("state") && has("param_groups"))) {
        return bad_model("holds the state of an optimizer, but no weights; save model.state_dict()");
    }
    if (document[document.root].kind != Kind::dictionary) {
        return bad_model("holds no dictionary of tensors; save model.state_dict()");
    }
    return bad_model("holds no tensors" + (items.empty() ? "" : ", only " + quoted_list(items)) +
                     "; save model.state_dict()");
}

/// The dictionary that holds the weights, and the key it was found under (empty: it is the outermost).
Result<Item> choose_dictionary(const Document& document) {
    const std::vector<Item> items = text_items(document, document.root);
    std::vector<Item> candidates;
    std::set<Index> seen; // many keys may share one dictionary, which is looked through once
    for (const Item& item : items) {
        if (seen.insert(item.value).second && holds_tensors(document, item.value)) candidates.push_back(item);
    }
    for (const std::string_view wrapper : usual_wrappers) {
        const auto found = std::ranges::find(candidates, wrapper, &Item::key);
        if (found != candidates.end()) return *found;
    }
    if (holds_tensors(document, document.root)) return Item{"", document.root};
    if (candidates.empty()) return no_weights(document);
    if (candidates.size() > 1) {
        return bad_model("holds several dictionaries of tensors (" + quoted_list(candidates) + "); save one alone");
    }
    return candidates.front();
}

bool starts_every_key(const TensorEntries& tensors, std::string_view prefix) {
    return !tensors.empty() &&
           std::ranges::all_of(tensors, [prefix](const auto& item) { return item.first.starts_with(prefix); });
}

} // namespace

Result<StateDict> find_state_dict(const Document& document) {
    if (document[document.root].kind == Kind::object) {
        DETECT_TRY_ASSIGN(const std::optional<TorchTensor> tensor, as_tensor(document, document.root));
        if (tensor) return bad_model("holds a single tensor, not a network's weights; save model.state_dict()");
        return bad_model("holds a whole pickled object (" + printable(document.name_of(document.root)) +
                         "), which is code as much as weights; save model.state_dict() instead");
    }
    DETECT_TRY_ASSIGN(const Item chosen, choose_dictionary(document));
    DETECT_TRY_ASSIGN(StateDict state, take_tensors(document, chosen.value));
    if (!chosen.key.empty()) state.notes.push_back("weights taken from \"" + printable(chosen.key) + "\"");
    return state;
}

void strip_common_prefixes(CheckpointContents& contents) {
    constexpr auto prefixes = std::to_array<std::string_view>({"module.", "model.", "_orig_mod."});
    // The running average of torch.optim.swa_utils.AveragedModel counts its updates beside the weights.
    if (const auto counter = contents.tensors.find("n_averaged"); counter != contents.tensors.end()) {
        contents.tensors.erase(counter);
    }
    for (bool stripped = true; stripped;) {
        stripped = false;
        for (const std::string_view prefix : prefixes) {
            if (!starts_every_key(contents.tensors, prefix)) continue;
            TensorEntries renamed;
            for (auto& [name, entry] : contents.tensors) renamed.emplace(name.substr(prefix.size()), entry);
            contents.tensors = std::move(renamed);
            contents.notes.push_back("prefix \"" + std::string(prefix) + "\" removed from every key");
            stripped = true;
        }
    }
}

} // namespace detect
