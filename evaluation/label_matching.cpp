// SPDX-License-Identifier: Apache-2.0
#include "evaluation/label_matching.h"

#include "base/text.h"

#include <algorithm>
#include <limits>
#include <set>

namespace detect::evaluation {

namespace {

std::string lower_case(std::string text) {
    for (char& letter : text) {
        if (letter >= 'A' && letter <= 'Z') letter = static_cast<char>(letter - 'A' + 'a');
    }
    return text;
}

/// "open, short, spur", or the first few of many.
std::string first_few(std::span<const std::string> names) { return listed(names, {.most = 8}); }

std::vector<std::string> category_names(const Dataset& dataset) {
    std::vector<std::string> names;
    for (const Category& category : dataset.categories) names.push_back(category.name);
    return names;
}

LabelMatching match_ids(const Dataset& dataset) {
    LabelMatching matching;
    for (std::size_t i = 0; i < dataset.categories.size(); ++i) {
        const std::int64_t id = dataset.categories[i].id;
        if (id >= 1 && id <= std::numeric_limits<int>::max()) matching.category_of[static_cast<int>(id)] = i;
    }
    matching.warnings.push_back(
        "the model does not name its labels: label 1 is taken for the category with id 1, and so on");
    return matching;
}

std::optional<std::size_t> find_category(const Dataset& dataset, const std::string& name) {
    const auto position = [&](auto found) {
        return found == dataset.categories.end()
                   ? std::nullopt
                   : std::optional(static_cast<std::size_t>(found - dataset.categories.begin()));
    };
    if (const auto same = position(std::ranges::find(dataset.categories, name, &Category::name))) return same;
    return position(std::ranges::find_if(
        dataset.categories, [&](const Category& category) { return lower_case(category.name) == lower_case(name); }));
}

} // namespace

Result<LabelMatching> match_labels(std::span<const std::string> names, const Dataset& dataset) {
    if (names.empty()) return match_ids(dataset);
    LabelMatching matching;
    std::vector<std::string> without_category;
    std::set<std::size_t> found;
    for (std::size_t i = 0; i < names.size(); ++i) {
        const auto category = find_category(dataset, names[i]);
        if (category) {
            matching.category_of[static_cast<int>(i) + 1] = *category;
            found.insert(*category);
        } else {
            without_category.push_back(names[i]);
        }
    }
    if (found.empty()) {
        return Error{ErrorCode::invalid_argument, "the model's labels (" + first_few(names) +
                                                      ") and the annotations' categories (" +
                                                      first_few(category_names(dataset)) +
                                                      ") have no name in common; rename the categories, or give the "
                                                      "model's names with the setting labels when it is exported"};
    }
    std::vector<std::string> without_label;
    for (std::size_t i = 0; i < dataset.categories.size(); ++i) {
        if (!found.contains(i)) without_label.push_back(dataset.categories[i].name);
    }
    if (!without_label.empty())
        matching.warnings.push_back("the model has no label for " + first_few(without_label) +
                                    ": these count as missed");
    if (!without_category.empty())
        matching.warnings.push_back("the annotations have no category " + first_few(without_category) +
                                    ": what the model finds of these is left out");
    return matching;
}

} // namespace detect::evaluation
