// SPDX-License-Identifier: Apache-2.0
#include "tests/support/process.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <string_view>
#include <system_error>
#include <utility>

namespace detect::test {
namespace {

using Clock = std::chrono::steady_clock;

/// A file descriptor that closes itself.
class Descriptor {
public:
    Descriptor() = default;
    explicit Descriptor(int number) : number_(number) {}
    Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
    Descriptor& operator=(Descriptor&& other) noexcept {
        std::swap(number_, other.number_);
        return *this;
    }
    ~Descriptor() { reset(); }
    void reset() {
        if (number_ >= 0) close(std::exchange(number_, -1));
    }
    [[nodiscard]] int get() const { return number_; }

private:
    int number_ = -1;
};

struct Pipe {
    Descriptor reader;
    Descriptor writer;

    Pipe() {
        std::array<int, 2> ends{};
        if (pipe2(ends.data(), O_CLOEXEC) != 0) throw std::system_error(errno, std::generic_category(), "pipe");
        reader = Descriptor(ends[0]);
        writer = Descriptor(ends[1]);
    }
};

/// What execvpe takes: pointers into strings that outlive it.
std::vector<char*> pointers(std::vector<std::string>& strings) {
    std::vector<char*> result;
    for (std::string& string : strings) result.push_back(string.data());
    result.push_back(nullptr);
    return result;
}

std::vector<std::string> merged_environment(const std::map<std::string, std::string>& added) {
    std::vector<std::string> result;
    for (char** entry = environ; *entry != nullptr; ++entry) {
        const std::string_view text = *entry;
        if (!added.contains(std::string(text.substr(0, text.find('='))))) result.emplace_back(text);
    }
    for (const auto& [name, value] : added) result.push_back(name + "=" + value);
    return result;
}

/// Between fork and exec only calls that are safe in a signal handler are allowed.
[[noreturn]] void become(char* const* arguments, char* const* environment, const char* directory,
                         std::size_t memory_limit, int input, int output, int errors) {
    setpgid(0, 0);
    dup2(input, STDIN_FILENO);
    dup2(output, STDOUT_FILENO);
    dup2(errors, STDERR_FILENO);
    std::signal(SIGPIPE, SIG_DFL);
    if (memory_limit > 0) {
        const rlimit limit{memory_limit, memory_limit};
        setrlimit(RLIMIT_AS, &limit);
    }
    if (directory != nullptr && chdir(directory) != 0) _exit(127);
    execvpe(arguments[0], arguments, environment);
    _exit(127);
}

/// Feeds and drains the pipes until the program closed both of its ends or the time is up; false if it is.
bool exchange_data(Descriptor& input, Descriptor& output, Descriptor& errors, std::string_view to_write,
                   Clock::time_point deadline, ProcessResult& result) {
    std::array<char, 65536> buffer{};
    if (to_write.empty()) input.reset();
    while (output.get() >= 0 || errors.get() >= 0) {
        std::array<pollfd, 3> watched = {
            {{output.get(), POLLIN, 0}, {errors.get(), POLLIN, 0}, {input.get(), POLLOUT, 0}}};
        const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now()).count();
        if (left <= 0) return false;
        const int ready = poll(watched.data(), watched.size(), static_cast<int>(std::min<long long>(left, 1000)));
        if (ready < 0 && errno != EINTR) throw std::system_error(errno, std::generic_category(), "poll");
        if (ready <= 0) continue;
        if (watched[2].revents != 0) {
            const ssize_t written = write(input.get(), to_write.data(), std::min<std::size_t>(to_write.size(), 4096));
            to_write.remove_prefix(written > 0 ? static_cast<std::size_t>(written) : to_write.size());
            if (to_write.empty()) input.reset();
        }
        for (const auto& [index, descriptor, text] :
             {std::tuple(0U, &output, &result.output), std::tuple(1U, &errors, &result.errors)}) {
            if (watched[index].revents == 0) continue;
            const ssize_t count = read(descriptor->get(), buffer.data(), buffer.size());
            if (count > 0) {
                text->append(buffer.data(), static_cast<std::size_t>(count));
            } else if (count == 0 || errno != EINTR) {
                descriptor->reset();
            }
        }
    }
    return true;
}

/// Waits for the process, until the deadline; false if it still runs then.
bool wait_until(pid_t process, Clock::time_point deadline, int& status) {
    for (;;) {
        const pid_t ended = waitpid(process, &status, WNOHANG);
        if (ended == process || (ended < 0 && errno != EINTR)) return true;
        if (Clock::now() >= deadline) return false;
        usleep(1000);
    }
}

} // namespace

ProcessResult run_process(const std::vector<std::string>& arguments, const ProcessOptions& options) {
    Pipe input;
    Pipe output;
    Pipe errors;
    std::vector<std::string> argument_strings = arguments;
    std::vector<std::string> environment_strings = merged_environment(options.environment);
    const std::vector<char*> argument_pointers = pointers(argument_strings);
    const std::vector<char*> environment_pointers = pointers(environment_strings);
    const std::string directory = options.working_directory ? options.working_directory->string() : "";
    std::signal(SIGPIPE, SIG_IGN);

    const pid_t process = fork();
    if (process < 0) throw std::system_error(errno, std::generic_category(), "fork");
    if (process == 0) {
        become(argument_pointers.data(), environment_pointers.data(), directory.empty() ? nullptr : directory.c_str(),
               options.memory_limit, input.reader.get(), output.writer.get(), errors.writer.get());
    }
    setpgid(process, process);
    input.reader.reset();
    output.writer.reset();
    errors.writer.reset();

    ProcessResult result;
    const auto deadline = Clock::now() + options.timeout;
    const bool drained = exchange_data(input.writer, output.reader, errors.reader, options.input, deadline, result);
    int status = 0;
    if (!drained || !wait_until(process, deadline, status)) {
        result.timed_out = true;
        kill(-process, SIGKILL);
        while (waitpid(process, &status, 0) < 0 && errno == EINTR) {
        }
    }
    if (WIFEXITED(status)) result.exit_code = WEXITSTATUS(status);
    if (WIFSIGNALED(status)) result.signal = WTERMSIG(status);
    return result;
}

std::string describe(const ProcessResult& result) {
    std::string text = result.timed_out     ? "timed out"
                       : result.signal != 0 ? "ended by signal " + std::to_string(result.signal)
                                            : "exit code " + std::to_string(result.exit_code);
    text += "\nstdout:\n" + result.output + "\nstderr:\n" + result.errors;
    return text;
}

} // namespace detect::test
