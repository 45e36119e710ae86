// SPDX-License-Identifier: Apache-2.0
#include "check/settings_file.h"
#include "checkpoint/checkpoint.h"
#include "checkpoint/class_names.h"
#include "cli/npy_file.h"
#include "evaluation/dataset.h"
#include "evaluation/score_file.h"
#include "onnx/reader.h"
#include "pictures/picture.h"
#include "results/jsonl.h"
#include "tests/support/process.h"
#include "tests/support/temp_dir.h"

#include <cstdio>
#include <ctime>
#include <fstream>
#include <functional>
#include <map>

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

// The small sound files that make.py writes, cut at every byte and with every bit flipped: each is an error in one
// line or a valid result, within a second and 256 MB.
namespace detect::test {
namespace {

#if defined(DETECT_SANITIZED)
constexpr bool is_measured = false;
#else
constexpr bool is_measured = true;
#endif
constexpr double most_seconds = 1.0;
constexpr long most_kilobytes = 256 << 10;

/// What reading gave: nothing, or an error.
using Outcome = std::optional<Error>;
using Reader = std::function<Outcome(const std::filesystem::path&)>;

template <class T>
Outcome of(Result<T> result, const std::function<void(const T&)>& use = {}) {
    if (!result) return std::move(result).error();
    if (use) use(*result);
    return std::nullopt;
}

/// Touches every byte, so that a sanitizer sees what lies outside.
void touch(std::span<const std::byte> bytes) {
    unsigned sum = 0;
    for (const std::byte byte : bytes) sum = 31 * sum + std::to_integer<unsigned>(byte);
    volatile unsigned kept = sum;
    (void)kept;
}

Outcome picture(const std::filesystem::path& path) {
    return of<Picture>(read_picture(path), [](const Picture& read) {
        const auto pixels = static_cast<std::size_t>(read.width) * static_cast<std::size_t>(read.height);
        EXPECT_EQ(read.pixels.size(), pixels * bytes_per_pixel(read.format));
        touch(read.pixels);
    });
}

Outcome checkpoint(const std::filesystem::path& path) {
    const auto opened = Checkpoint::open(path);
    if (!opened) return opened.error();
    for (const auto& [name, entry] : opened->tensors()) {
        const auto tensor = opened->load(name);
        if (!tensor) return tensor.error();
        touch(tensor->bytes());
    }
    return std::nullopt;
}

Outcome detections(const std::filesystem::path& path) {
    const evaluation::Dataset dataset{
        .images = {{1, "a.png"}}, .categories = {{1, "open"}}, .annotations = {evaluation::Annotation()}};
    return of(evaluation::read_detections(path, dataset));
}

Outcome records(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    auto parsed = parse_json_lines(std::string(std::istreambuf_iterator<char>(file), {}));
    if (parsed) return std::nullopt;
    return Error{parsed.error().code, path.string() + ": " + parsed.error().message};
}

Reader reader_of(const std::string& name) {
    static const std::map<std::string, Reader> by_name{
        {"annotations.json", [](const auto& path) { return of(evaluation::read_ground_truth(path)); }},
        {"detections.json", detections},
        {"scores.json", [](const auto& path) { return of(evaluation::read_score_file(path)); }},
        {"settings.json", [](const auto& path) { return of(checking::read_settings_file(path)); }},
        {"records.jsonl", records},
        {"labels.txt", [](const auto& path) { return of(read_labels(path.string())); }},
    };
    if (const auto found = by_name.find(name); found != by_name.end()) return found->second;
    const std::string extension = std::filesystem::path(name).extension().string();
    if (extension == ".pth" || extension == ".safetensors") return checkpoint;
    if (extension == ".onnx") return [](const auto& path) { return of(read_onnx(path)); };
    if (extension == ".npy") {
        return [](const auto& path) {
            return of<Tensor>(cli::read_npy(path), [](const Tensor& tensor) { touch(tensor.bytes()); });
        };
    }
    return picture;
}

double processor_seconds() {
    timespec time{};
    ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

/// Reads variants of one file, and counts what comes of them.
class Trial {
public:
    Trial(Reader reader, std::filesystem::path path)
        : reader_(std::move(reader)), path_(std::move(path)),
          file_(::open(path_.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600)) {}
    Trial(const Trial&) = delete;
    Trial& operator=(const Trial&) = delete;
    ~Trial() { ::close(file_); }

    bool accepts(const std::string& bytes) {
        // Over what is there: file systems bring a file to disk that is emptied, written and closed.
        EXPECT_EQ(::pwrite(file_, bytes.data(), bytes.size(), 0), static_cast<ssize_t>(bytes.size()));
        EXPECT_EQ(::ftruncate(file_, static_cast<off_t>(bytes.size())), 0);
        const double start = processor_seconds();
        const Outcome outcome = reader_(path_);
        const double taken = processor_seconds() - start;
        slowest_ = std::max(slowest_, taken);
        EXPECT_TRUE(taken < most_seconds || !is_measured) << taken;
        ++(outcome ? refused_ : read_);
        if (!outcome) return true;
        EXPECT_TRUE(outcome->message.find(path_.filename().string()) != std::string::npos) << outcome->message;
        EXPECT_EQ(outcome->message.find('\n'), std::string::npos) << outcome->message;
        EXPECT_NE(outcome->code, ErrorCode::internal) << outcome->message;
        return false;
    }
    void print(const std::string& name) const {
        std::printf("%-18s %6zu refused, %6zu read, the slowest %.4f s\n", name.c_str(), refused_, read_, slowest_);
    }

private:
    Reader reader_;
    std::filesystem::path path_;
    int file_;
    std::size_t refused_ = 0;
    std::size_t read_ = 0;
    double slowest_ = 0.0;
};

void make_files(const std::filesystem::path& folder) {
    const ProcessResult made = run_process({DETECT_PYTHON, DETECT_MALFORMED_DIR "/make.py", folder.string()});
    EXPECT_EQ(made.exit_code, 0) << describe(made);
}

/// The name of each sound file and its bytes.
std::map<std::string, std::string> sound_files(const std::filesystem::path& folder) {
    make_files(folder);
    std::map<std::string, std::string> files;
    for (const auto& entry : std::filesystem::directory_iterator(folder / "sound")) {
        std::ifstream file(entry.path(), std::ios::binary);
        files.emplace(entry.path().filename().string(), std::string(std::istreambuf_iterator<char>(file), {}));
    }
    return files;
}

TEST(Damage, EveryCutAndEveryFlippedBitIsAnErrorOrAValidResult) {
    const TempDir folder;
    const auto files = sound_files(folder.path());
    ASSERT_GE(files.size(), 25U);
    for (const auto& [name, sound] : files) {
        SCOPED_TRACE(name);
        Trial trial(reader_of(name), folder / name);
        EXPECT_TRUE(trial.accepts(sound)) << "it is sound";
        for (std::size_t length = 0; length < sound.size(); ++length) trial.accepts(sound.substr(0, length));
        for (std::size_t bit = 0; bit < 8 * sound.size(); ++bit) {
            std::string flipped = sound;
            flipped[bit / 8] = static_cast<char>(static_cast<unsigned char>(flipped[bit / 8]) ^ (1U << (bit % 8)));
            trial.accepts(flipped);
        }
        trial.print(name);
    }
    rusage usage{};
    ASSERT_EQ(::getrusage(RUSAGE_SELF, &usage), 0);
    std::printf("at most %ld KB of memory\n", usage.ru_maxrss);
    EXPECT_TRUE(usage.ru_maxrss < most_kilobytes || !is_measured);
}

/// Of a folder of make.py's.
Reader reader_of_kind(const std::string& kind) {
    static const std::map<std::string, std::string> files{{"annotations", "annotations.json"},
                                                          {"detections", "detections.json"},
                                                          {"labels", "labels.txt"},
                                                          {"legacy_pickle", "legacy.pth"},
                                                          {"npy", "array.npy"},
                                                          {"onnx", "model.onnx"},
                                                          {"safetensors", "a.safetensors"},
                                                          {"settings", "settings.json"},
                                                          {"torch_zip", "zip.pth"},
                                                          {"bmp", "picture"},
                                                          {"exif", "picture"},
                                                          {"jpeg", "picture"},
                                                          {"png", "picture"},
                                                          {"tif", "picture"},
                                                          {"webp", "picture"}};
    return reader_of(files.at(kind));
}

/// What the command says of each is in expected.txt, and tried there by malformed_test.py. Here the readers say it.
TEST(Malformed, EachIsRefusedAsByTheCommand) {
    const TempDir folder;
    make_files(folder.path());
    std::ifstream table(DETECT_MALFORMED_DIR "/expected.txt");
    std::size_t files = 0;
    // Sound as files, and refused by what is done with them.
    std::vector<std::string> later;
    for (std::string line; std::getline(table, line); ++files) {
        const std::size_t gap = line.find("  ");
        ASSERT_NE(gap, std::string::npos) << line;
        const std::string name = line.substr(0, gap);
        const std::string expected = line.substr(gap + 2);
        SCOPED_TRACE(name);
        const Outcome outcome = reader_of_kind(name.substr(0, name.find('/')))(folder / name);
        if (!outcome) {
            if (expected != "read") later.push_back(name);
            continue;
        }
        EXPECT_NE(expected, "read") << outcome->message;
        EXPECT_EQ(outcome->message.find('\n'), std::string::npos) << outcome->message;
        EXPECT_NE(outcome->code, ErrorCode::internal) << outcome->message;
    }
    EXPECT_GE(files, 419U);
    EXPECT_THAT(later, testing::ElementsAre("tif/pages_in_a_circle", "tif/next_page_behind_the_end",
                                            "npy/fortran_zero_and_sizes_that_overflow", "labels/empty_line_within",
                                            "labels/name_twice"));
}

} // namespace
} // namespace detect::test
