// SPDX-License-Identifier: Apache-2.0
#include "cli/man_page.h"

#include "executor/kernels/isa.h"

#include <vector>

namespace detect::cli {

namespace {

/// Text that roff prints as it is.
std::string escaped(const std::string& text) {
    std::string result;
    for (const char letter : text) {
        if (letter == '\\') {
            result += "\\e";
        } else if (letter == '-') {
            result += "\\-";
        } else {
            result += letter;
        }
    }
    // A line that begins with one of these would be a request.
    if (result.starts_with('.') || result.starts_with('\'')) result.insert(0, "\\&");
    return result;
}

std::string each_line_escaped(const std::string& text) {
    std::string result;
    for (std::size_t begin = 0; begin < text.size();) {
        const std::size_t end = std::min(text.find('\n', begin), text.size());
        result += escaped(text.substr(begin, end - begin)) + "\n";
        begin = end + 1;
    }
    return result;
}

/// "INT:INT in [0 - 63]" is "0 - 63", "TEXT:{800,320}" is "800|320", "FILE" stays.
std::string value_name(const CLI::Option& option) {
    std::string type = option.get_type_name();
    const std::size_t open = type.find_first_of("[{");
    if (open == std::string::npos) return type.substr(0, type.find(':'));
    std::string inner = type.substr(open + 1, type.find_last_of("]}") - open - 1);
    if (type[open] == '{') {
        for (char& letter : inner) letter = letter == ',' ? '|' : letter;
    }
    return inner;
}

std::string heading(const CLI::Option& option) {
    std::string text;
    const auto add = [&](const std::string& name) {
        text += (text.empty() ? "" : ", ") + ("\\fB" + escaped(name) + "\\fR");
    };
    for (const std::string& name : option.get_snames()) add("-" + name);
    for (const std::string& name : option.get_lnames()) add("--" + name);
    if (text.empty()) return "\\fI" + escaped(option.get_name()) + "\\fR";
    if (option.get_type_size() > 0) text += " \\fI" + escaped(value_name(option)) + "\\fR";
    return text;
}

std::string paragraph(const CLI::Option& option) {
    std::string text = ".TP\n" + heading(option) + "\n" + escaped(option.get_description());
    if (!option.get_default_str().empty()) text += " (default: " + escaped(option.get_default_str()) + ")";
    return text + "\n";
}

/// What stands on the command line without an option's name: " model", " [pictures...]".
std::string operands(const CLI::App& verb) {
    std::string text;
    for (const CLI::Option* option : verb.get_options([](const CLI::Option* each) { return each->get_positional(); })) {
        const std::string name = escaped(option->get_name(true)) + (option->get_expected_max() > 1 ? "..." : "");
        text += option->get_required() ? " " + name : " [" + name + "]";
    }
    return text;
}

std::string verb_section(const CLI::App& verb) {
    std::string text = ".SH \"detect " + verb.get_name() + "\"\n" + escaped(verb.get_description()) + ".\n";
    for (const std::string& group : verb.get_groups()) {
        std::string options;
        for (const CLI::Option* option :
             verb.get_options([&](const CLI::Option* each) { return each->get_group() == group; }))
            options += paragraph(*option);
        if (options.empty()) continue;
        if (group != "Options") text += ".SS \"" + escaped(group) + "\"\n";
        text += options;
    }
    return text;
}

} // namespace

std::string man_page(const CLI::App& app, const std::string& version) {
    std::string text = ".\\\" made by 'detect man'\n.TH DETECT 1 \"\" \"detect " + escaped(version) +
                       "\" \"User Commands\"\n.SH NAME\ndetect \\- find objects in pictures with a Faster R\\-CNN "
                       "trained in torchvision, or export it to ONNX\n.SH SYNOPSIS\n";
    const auto verbs = app.get_subcommands([](const CLI::App*) { return true; });
    for (const CLI::App* verb : verbs)
        text += ".B detect " + verb->get_name() + "\n[options]" + operands(*verb) + "\n.br\n";
    text += ".SH DESCRIPTION\n" + escaped(app.get_description()) + "\n";
    std::string examples;
    for (const CLI::App* verb : verbs) {
        text += verb_section(*verb);
        const std::string footer = verb->get_footer();
        examples += footer.substr(0, footer.find("Exit codes:"));
    }
    text += ".SH \"EXIT STATUS\"\n.nf\n" + each_line_escaped(app.get_footer()) + ".fi\n";
    text += ".SH ENVIRONMENT\n.TP\n\\fBNO_COLOR\\fR\nSet and not empty: no colours on a terminal.\n"
            ".TP\n\\fBDETECT_ISA\\fR\n" +
            isa_choices() + ": the instruction set to use.\n";
    return text + ".SH EXAMPLES\n.nf\n" + each_line_escaped(examples) + ".fi\n";
}

} // namespace detect::cli
