// SPDX-License-Identifier: Apache-2.0
#include "graph/operators/einsum.h"

#include "base/try.h"

#include <algorithm>
#include <array>
#include <optional>

namespace detect {

namespace {

constexpr int letters = 52;

Error bad(std::string_view equation, std::string_view what) {
    return {ErrorCode::bad_model, "equation '" + std::string(equation) + "' " + std::string(what)};
}

std::optional<int> label_of(char c) {
    if (c >= 'A' && c <= 'Z') return c - 'A';
    if (c >= 'a' && c <= 'z') return 26 + (c - 'a');
    return std::nullopt;
}

/// One operand's or the output's part of an equation: labels, and where the ellipsis stands among them.
struct Term {
    std::vector<int> labels;
    std::optional<std::size_t> ellipsis;
};

Result<Term> parse_term(std::string_view equation, std::string_view text) {
    Term term;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '.') {
            if (text.substr(i, 3) != "..." || term.ellipsis) return bad(equation, "has a misplaced '.'");
            term.ellipsis = term.labels.size();
            i += 2;
            continue;
        }
        const auto label = label_of(text[i]);
        if (!label) return bad(equation, "has the unexpected character '" + std::string(1, text[i]) + "'");
        term.labels.push_back(*label);
    }
    return term;
}

/// Puts the labels of `count` ellipsis axes where the ellipsis stands; the last axis always has the same label.
std::vector<int> expanded(const Term& term, std::size_t count) {
    std::vector<int> labels = term.labels;
    if (!term.ellipsis) return labels;
    std::vector<int> axes;
    for (std::size_t i = 0; i < count; ++i) axes.push_back(letters + static_cast<int>(count - 1 - i));
    labels.insert(labels.begin() + static_cast<std::ptrdiff_t>(*term.ellipsis), axes.begin(), axes.end());
    return labels;
}

/// Without "->": the ellipsis, then every letter that stands there once, in alphabetical order.
Term implicit_output(std::span<const Term> operands) {
    std::array<int, letters> uses{};
    Term output;
    for (const Term& term : operands) {
        for (const int label : term.labels) ++uses[static_cast<std::size_t>(label)];
        if (term.ellipsis) output.ellipsis = 0;
    }
    for (int label = 0; label < letters; ++label) {
        if (uses[static_cast<std::size_t>(label)] == 1) output.labels.push_back(label);
    }
    return output;
}

} // namespace

Result<EinsumLabels> parse_einsum(std::string_view equation, std::span<const std::size_t> ranks) {
    std::string text(equation);
    std::erase(text, ' ');
    const std::size_t arrow = text.find("->");
    std::string_view left = std::string_view(text).substr(0, arrow);
    std::vector<Term> terms;
    for (bool more = true; more;) {
        const std::size_t comma = left.find(',');
        DETECT_TRY_ASSIGN(Term term, parse_term(equation, left.substr(0, comma)));
        terms.push_back(std::move(term));
        more = comma != std::string_view::npos;
        if (more) left = left.substr(comma + 1);
    }
    if (terms.size() != ranks.size())
        return bad(equation,
                   "has " + std::to_string(terms.size()) + " operands, the node " + std::to_string(ranks.size()));
    EinsumLabels result;
    std::size_t longest_ellipsis = 0;
    for (std::size_t i = 0; i < terms.size(); ++i) {
        const std::size_t named = terms[i].labels.size();
        if (terms[i].ellipsis ? ranks[i] < named : ranks[i] != named) {
            return bad(equation,
                       "does not fit operand " + std::to_string(i) + " of " + std::to_string(ranks[i]) + " dimensions");
        }
        longest_ellipsis = std::max(longest_ellipsis, ranks[i] - named);
        result.operands.push_back(expanded(terms[i], ranks[i] - named));
    }
    Term output = implicit_output(terms);
    if (arrow != std::string::npos) {
        DETECT_TRY_ASSIGN(output, parse_term(equation, std::string_view(text).substr(arrow + 2)));
    }
    result.output = expanded(output, longest_ellipsis);
    for (const int label : result.output) {
        const bool known = std::ranges::any_of(
            result.operands, [&](const auto& labels) { return std::ranges::find(labels, label) != labels.end(); });
        if (!known || std::ranges::count(result.output, label) != 1)
            return bad(equation, "has an output axis twice, or one that no operand has");
    }
    return result;
}

} // namespace detect
