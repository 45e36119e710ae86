// SPDX-License-Identifier: Apache-2.0
#include "checkpoint/pickle_policy.h"

#include <algorithm>
#include <array>

namespace detect::pickle {

namespace {

using Names = std::string_view;

/// Packages nothing of which belongs into a checkpoint, with everything below them.
constexpr auto denied_packages = std::to_array<Names>({
    "_io",
    "_pickle",
    "_posixsubprocess",
    "_thread",
    "_winapi",
    "asyncio",
    "bdb",
    "cPickle",
    "cffi",
    "cloudpickle",
    "codeop",
    "concurrent",
    "ctypes",
    "dill",
    "ensurepip",
    "fileinput",
    "ftplib",
    "http",
    "idlelib",
    "imp",
    "importlib",
    "inspect",
    "io",
    "joblib",
    "linecache",
    "marshal",
    "multiprocessing",
    "nt",
    "operator",
    "os",
    "pdb",
    "pickle",
    "pip",
    "pkgutil",
    "popen2",
    "posix",
    "pty",
    "pydoc",
    "requests",
    "runpy",
    "shelve",
    "shutil",
    "smtplib",
    "socket",
    "subprocess",
    "sys",
    "tempfile",
    "timeit",
    "torch._dynamo",
    "torch._inductor",
    "torch.fx",
    "torch.hub",
    "torch.jit",
    "torch.ops",
    "torch.package",
    "torch.utils.cpp_extension",
    "torch.utils.model_zoo",
    "urllib",
    "venv",
    "webbrowser",
    "xmlrpc",
    "zipimport",
});

/// Single functions of packages that otherwise hold harmless classes.
constexpr auto denied_functions = std::to_array<Names>({
    "_operator.attrgetter",
    "_operator.call",
    "_operator.itemgetter",
    "_operator.methodcaller",
    "cProfile.run",
    "cProfile.runctx",
    "functools.reduce",
    "numpy.fromfile",
    "numpy.load",
    "numpy.testing._private.utils.runstring",
    "platform.popen",
    "profile.run",
    "profile.runctx",
    "pydoc.locate",
    "torch.compile",
    "torch.load",
    "torch.save",
    "torch.serialization.load",
    "torch.serialization.save",
    "trace.Trace",
    "types.CodeType",
    "types.FunctionType",
    "types.LambdaType",
    "types.MethodType",
    "types.ModuleType",
});

/// The only names of Python's builtins that make plain data.
constexpr auto harmless_builtins = std::to_array<Names>({
    "bool",
    "bytearray",
    "bytes",
    "complex",
    "dict",
    "float",
    "frozenset",
    "int",
    "list",
    "long",
    "object",
    "range",
    "set",
    "slice",
    "str",
    "tuple",
    "unicode",
    "xrange",
});

template <std::size_t count>
bool contains(const std::array<Names, count>& names, std::string_view name) {
    return std::ranges::find(names, name) != names.end();
}

bool is_builtins(std::string_view module) {
    return module == "builtins" || module == "__builtin__" || module == "__builtins__";
}

bool in_package(std::string_view module, std::string_view package) {
    return module.starts_with(package) && (module.size() == package.size() || module[package.size()] == '.');
}

/// Protocol 4 follows dots in a name, so that "torch" + "serialization.os.system" arrives at os.system.
bool passes_through_denied(std::string_view name) {
    std::size_t begin = 0;
    for (std::size_t end = name.find('.'); end != std::string_view::npos; end = name.find('.', begin)) {
        const std::string_view part = name.substr(begin, end - begin);
        if (contains(denied_packages, part) || is_builtins(part) || part.starts_with("__")) return true;
        begin = end + 1;
    }
    return false;
}

} // namespace

bool runs_code(std::string_view module, std::string_view name) {
    if (is_builtins(module)) return !contains(harmless_builtins, name);
    if (passes_through_denied(name)) return true;
    if (std::ranges::any_of(denied_packages, [module](Names package) { return in_package(module, package); }))
        return true;
    return std::ranges::any_of(denied_functions, [module, name](Names function) {
        return function.size() == module.size() + 1 + name.size() && function.starts_with(module) &&
               function[module.size()] == '.' && function.ends_with(name);
    });
}

} // namespace detect::pickle
