// SPDX-License-Identifier: Apache-2.0
#include "cli/bash_completion.h"

#include "base/text.h"

#include <vector>

namespace detect::cli {

namespace {

/// "-o", "--output"
std::vector<std::string> spellings(const CLI::Option& option) {
    std::vector<std::string> names;
    for (const std::string& name : option.get_snames()) names.push_back("-" + name);
    for (const std::string& name : option.get_lnames()) names.push_back("--" + name);
    return names;
}

/// What may stand behind an option, as a command that fills COMPREPLY.
std::string values(const CLI::Option& option) {
    const std::string type = option.get_type_name();
    const std::size_t open = type.find('{');
    const std::size_t close = type.find('}');
    if (open != std::string::npos && close != std::string::npos) {
        std::string choices = type.substr(open + 1, close - open - 1);
        for (char& letter : choices) letter = letter == ',' ? ' ' : letter;
        return "_detect_words '" + choices + "'";
    }
    if (type == "FILE" || type == "PATH") return "_detect_paths -f";
    if (type == "DIR") return "_detect_paths -d";
    return ":"; // numbers and names
}

std::string verb_case(const CLI::App& verb) {
    std::vector<std::string> words;
    std::string cases;
    for (const CLI::Option* option : verb.get_options()) {
        const auto names = spellings(*option);
        words.insert(words.end(), names.begin(), names.end());
        if (names.empty() || option->get_type_size() == 0) continue; // positional, or a flag
        cases += "            " + listed(names, {.separator = "|"}) + ") " + values(*option) + "; return ;;\n";
    }
    std::string positional = "_detect_paths -f";
    for (const CLI::Option* option : verb.get_options()) {
        if (option->get_positional() && option->get_type_name().find('{') != std::string::npos)
            positional = values(*option);
    }
    return "    " + verb.get_name() + ")\n        case $previous in\n" + cases +
           "        esac\n        if [[ $current == -* ]]; then _detect_words '" + listed(words, {.separator = " "}) +
           "'\n        else " + positional + "\n        fi ;;\n";
}

} // namespace

std::string bash_completion(const CLI::App& app) {
    std::vector<std::string> verbs;
    std::string cases;
    for (const CLI::App* verb : app.get_subcommands([](const CLI::App*) { return true; })) {
        verbs.push_back(verb->get_name());
        cases += verb_case(*verb);
    }
    return "# bash completion for detect; made by 'detect completion bash'\n"
           "_detect_words() { mapfile -t COMPREPLY < <(compgen -W \"$1\" -- \"${COMP_WORDS[COMP_CWORD]}\"); }\n"
           "_detect_paths() {\n"
           "    mapfile -t COMPREPLY < <(compgen \"$1\" -- \"${COMP_WORDS[COMP_CWORD]}\")\n"
           "    compopt -o filenames 2>/dev/null\n"
           "}\n"
           "_detect() {\n"
           "    local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]}\n"
           "    COMPREPLY=()\n"
           "    if ((COMP_CWORD == 1)); then\n"
           "        _detect_words '" +
           listed(verbs, {.separator = " "}) +
           " --help --version'\n"
           "        return\n"
           "    fi\n"
           "    case ${COMP_WORDS[1]} in\n" +
           cases +
           "    esac\n"
           "}\n"
           "complete -F _detect detect\n";
}

} // namespace detect::cli
