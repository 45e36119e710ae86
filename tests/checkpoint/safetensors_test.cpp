// SPDX-License-Identifier: Apache-2.0
#include "base/half.h"
#include "checkpoint/checkpoint.h"
#include "checkpoint/safetensors_writer.h"
#include "tests/checkpoint/checkpoint_files.h"
#include "tests/support/temp_dir.h"

#include <bit>
#include <csignal>
#include <cstring>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <limits>
#include <sys/resource.h>

namespace detect::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::string with_length(std::uint64_t length, std::string_view rest) {
    std::string bytes(sizeof length, '\0');
    std::memcpy(bytes.data(), &length, sizeof length);
    return bytes.append(rest);
}

/// The error for a file with this header and `data_size` bytes after it.
std::string error_of(const std::string& header, std::size_t data_size) {
    const TempDir folder;
    const auto path = folder / "file.safetensors";
    write_file(path, with_length(header.size(), header + std::string(data_size, '\0')));
    const auto checkpoint = Checkpoint::open(path);
    if (checkpoint) return "opened";
    expect_proper_message(checkpoint.error(), path);
    return checkpoint.error().message;
}

std::string tensor(const std::string& name, const std::string& type, const std::string& shape,
                   const std::string& range) {
    return "\"" + name + R"(":{"dtype":")" + type + R"(","shape":[)" + shape + R"(],"data_offsets":[)" + range + "]}";
}

TEST(SafetensorsReader, RangesMustCoverTheDataOnce) {
    const std::string a = tensor("a", "F32", "2", "0,8");
    EXPECT_EQ(error_of("{" + a + "," + tensor("b", "F32", "1", "8,12") + "}", 12), "opened");
    EXPECT_THAT(error_of("{" + a + "," + tensor("b", "F32", "2", "4,12") + "}", 12),
                HasSubstr("the bytes of b overlap"));
    EXPECT_THAT(error_of("{" + a + "," + tensor("b", "F32", "2", "0,8") + "}", 8), HasSubstr("the bytes of b overlap"));
    EXPECT_THAT(error_of("{" + a + "," + tensor("b", "F32", "1", "12,16") + "}", 16),
                HasSubstr("hole before the bytes of b"));
    EXPECT_THAT(error_of("{" + a + "}", 12), HasSubstr("bytes after the last tensor"));
    EXPECT_THAT(error_of("{" + a + "}", 7), HasSubstr("tensor a has bytes 0 to 8 of 7"));
    EXPECT_THAT(error_of("{" + tensor("a", "F32", "2", "8,0") + "}", 8), HasSubstr("tensor a has bytes 8 to 0"));
    EXPECT_THAT(error_of("{" + tensor("a", "F32", "2", "0,99999999999999") + "}", 8), HasSubstr("of 8"));
}

TEST(SafetensorsReader, BytesMustFitTypeAndShape) {
    EXPECT_THAT(error_of("{" + tensor("a", "F32", "3", "0,8") + "}", 8),
                HasSubstr("tensor a has 8 bytes, which is not"));
    EXPECT_THAT(error_of("{" + tensor("a", "F16", "2", "0,8") + "}", 8),
                HasSubstr("tensor a has 8 bytes, which is not"));
    EXPECT_THAT(error_of("{" + tensor("a", "F8_E4M3", "8", "0,8") + "}", 8), HasSubstr("tensor a has type F8_E4M3"));
    const std::string huge = "4611686018427387904,4611686018427387904";
    EXPECT_THAT(error_of("{" + tensor("a", "F32", huge, "0,8") + "}", 8),
                HasSubstr("which is not what its shape needs"));
    EXPECT_EQ(error_of("{" + tensor("a", "F32", "0," + huge, "0,0") + "}", 0), "opened")
        << "a size of 0 makes it empty";
    EXPECT_EQ(error_of("{" + tensor("a", "F32", "", "0,4") + "}", 4), "opened") << "a scalar";
    EXPECT_THAT(error_of("{" + tensor("a", "F32", "1,1,1,1,1,1,1,1,1", "0,4") + "}", 4),
                HasSubstr("more than 8 numbers"));
    EXPECT_THAT(error_of("{" + tensor("a", "F32", "-1", "0,4") + "}", 4),
                HasSubstr("the number -1 is not expected at a.shape"));
    EXPECT_THAT(error_of("{" + tensor("a", "F32", "1.5", "0,4") + "}", 4),
                HasSubstr("the number 1.5 is not expected at a.shape"));
    EXPECT_THAT(error_of("{" + tensor("a", "F32", "1", "0,18446744073709551615") + "}", 4),
                HasSubstr("18446744073709551615"));
}

TEST(SafetensorsReader, TheHeaderIsStrict) {
    const std::string a = tensor("a", "F32", "1", "0,4");
    EXPECT_THAT(error_of("{" + a + "," + a + "}", 4), HasSubstr("a is there twice"));
    EXPECT_THAT(error_of(R"({"__metadata__":{},"__metadata__":{}})", 0), HasSubstr("__metadata__ is there twice"));
    EXPECT_THAT(error_of(R"({"__metadata__":{"k":"1","k":"2"}})", 0), HasSubstr("metadata k is there twice"));
    EXPECT_THAT(error_of(R"({"__metadata__":{"k":1}})", 0), HasSubstr("a number is not expected"));
    EXPECT_THAT(error_of(R"({"a":{"dtype":"F32","dtype":"F32"}})", 0), HasSubstr("dtype is there twice at a"));
    EXPECT_THAT(error_of(R"({"a":{"dtype":"F32","shape":[1]}})", 4),
                HasSubstr("tensor a lacks dtype, shape or data_offsets"));
    EXPECT_THAT(error_of(R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0]}})", 4), HasSubstr("tensor a lacks"));
    EXPECT_THAT(error_of(R"({"a":[1]})", 0), HasSubstr("a list is not expected at a"));
    EXPECT_THAT(error_of(R"({"a":{"shape":[[1]]}})", 0), HasSubstr("a list is not expected at a.shape"));
    EXPECT_THAT(error_of(R"({"a":{"shape":{"x":1}}})", 0), HasSubstr("an object is not expected at a.shape"));
    EXPECT_THAT(error_of(R"({"a":{"dtype":null}})", 0), HasSubstr("a null is not expected at a.dtype"));
    EXPECT_THAT(error_of("{" + a, 4), HasSubstr("it is not JSON from byte"));
    EXPECT_THAT(error_of("{\"\xff\":1}", 0), HasSubstr("it is not JSON from byte"));
    EXPECT_THAT(error_of("{" + a + "}   ", 4), testing::StrEq("opened")) << "padding with spaces is usual";
    EXPECT_THAT(error_of(std::string(100000, '{'), 0), HasSubstr("it is not JSON"));
    EXPECT_THAT(error_of(R"({"a":)" + std::string(100000, '['), 0), HasSubstr("a list is not expected"));
}

TEST(SafetensorsReader, TheHeaderMustFitTheFile) {
    const TempDir folder;
    const auto message_for = [&](std::string_view bytes) {
        write_file(folder / "file", bytes);
        const auto checkpoint = Checkpoint::open(folder / "file");
        return checkpoint ? "opened" : checkpoint.error().message;
    };
    EXPECT_THAT(message_for(with_length(3, "{}")), HasSubstr("it is longer than the file"));
    EXPECT_THAT(message_for(with_length(100'000'001, "{}")), HasSubstr("longer than 100 MB"));
    EXPECT_THAT(message_for(with_length(0xffffffffffffff, "{}")), HasSubstr("longer than 100 MB"));
    EXPECT_THAT(message_for(with_length(0, "{}")), HasSubstr("it is not JSON"));
}

std::map<std::string, Tensor, std::less<>> some_tensors() {
    std::map<std::string, Tensor, std::less<>> tensors;
    tensors["b.weight"] = Tensor::of<float>({2, 3}, {1.0F, -2.5F, 0.1F, 1e-7F, 65504.0F, 3.14159F});
    tensors["a \"quoted\"\n"] = Tensor::of<float>({}, {0.1F});
    tensors["empty"] = Tensor::of<float>({0, 4}, {});
    return tensors;
}

TEST(SafetensorsWriter, WhatItWritesIsReadBack) {
    const TempDir folder;
    const auto path = folder / "out.safetensors";
    ASSERT_TRUE(write_safetensors(path, some_tensors(), {{"labels", R"(["räksmörgås","b"])"}, {"min_size", "1024"}}));
    const auto checkpoint = Checkpoint::open(path);
    ASSERT_TRUE(checkpoint) << checkpoint.error().message;
    EXPECT_EQ(checkpoint->metadata().at("labels"), R"(["räksmörgås","b"])");
    EXPECT_EQ(checkpoint->metadata().at("min_size"), "1024");
    ASSERT_EQ(checkpoint->tensors().size(), 3U);
    for (const auto& [name, expected] : some_tensors()) {
        const auto tensor = checkpoint->load(name);
        ASSERT_TRUE(tensor) << tensor.error().message;
        EXPECT_EQ(tensor->dims(), expected.dims());
        EXPECT_TRUE(std::ranges::equal(tensor->bytes(), expected.bytes())) << name;
    }
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(checkpoint->load("b.weight")->bytes().data()) % alignof(float), 0U);
}

TEST(SafetensorsWriter, RoundsToHalfPrecision) {
    const TempDir folder;
    const auto path = folder / "out.safetensors";
    ASSERT_TRUE(write_safetensors(path, some_tensors(), {}, StoredPrecision::float16));
    const auto checkpoint = Checkpoint::open(path);
    ASSERT_TRUE(checkpoint) << checkpoint.error().message;
    EXPECT_EQ(checkpoint->find("b.weight")->type, DataType::float16);
    // 0.1 = 1.6 · 2^-4, and 0.6 · 1024 = 614.4 → 614; 1e-7 = 1.68 · 2^-24 → 2; 3.14159: 0.570795 · 1024 = 584.49 → 584.
    EXPECT_THAT(checkpoint->load("b.weight")->data<float>(),
                ElementsAre(1.0F, -2.5F, 0x1p-4F * (1 + 614.0F / 1024), 0x1p-23F, 65504.0F, 2 * (1 + 584.0F / 1024)));
}

TEST(SafetensorsWriter, RefusesWhatCannotBeWritten) {
    const TempDir folder;
    const auto path = folder / "out.safetensors";
    const auto refused = [&](std::string_view name, Tensor value) {
        const auto written =
            write_safetensors(path, {{std::string(name), std::move(value)}}, {}, StoredPrecision::float16);
        EXPECT_FALSE(written);
        EXPECT_FALSE(std::filesystem::exists(path)) << "no file is left";
        if (written) return std::string();
        EXPECT_EQ(written.error().code, ErrorCode::invalid_argument);
        expect_proper_message(written.error(), path);
        return written.error().message;
    };
    EXPECT_THAT(refused("w", Tensor::scalar(65520.0F)), HasSubstr("tensor w has the value 65520"));
    EXPECT_THAT(refused("w", Tensor::scalar(std::int64_t{1})), HasSubstr("tensor w is int64"));
    EXPECT_THAT(refused("__metadata__", Tensor::scalar(1.0F)), HasSubstr("cannot be called __metadata__"));
}

/// No file of this process may grow beyond so many bytes, for as long as it lives.
class FileSizeLimit {
public:
    explicit FileSizeLimit(rlim_t bytes) : handler_(std::signal(SIGXFSZ, SIG_IGN)) {
        ::getrlimit(RLIMIT_FSIZE, &before_);
        const rlimit limit{bytes, before_.rlim_max};
        ::setrlimit(RLIMIT_FSIZE, &limit);
    }
    ~FileSizeLimit() {
        ::setrlimit(RLIMIT_FSIZE, &before_);
        std::signal(SIGXFSZ, handler_);
    }
    FileSizeLimit(const FileSizeLimit&) = delete;
    FileSizeLimit& operator=(const FileSizeLimit&) = delete;

private:
    rlimit before_{};
    void (*handler_)(int);
};

TEST(SafetensorsWriter, LeavesNothingHalfWritten) {
    const TempDir folder;
    const auto missing = folder / "no/such/folder.safetensors";
    const auto written = write_safetensors(missing, some_tensors(), {});
    ASSERT_FALSE(written);
    expect_proper_message(written.error(), missing);
    EXPECT_THAT(written.error().message, HasSubstr("cannot be written: No such file or directory"));

    std::filesystem::create_directory(folder / "taken");
    EXPECT_FALSE(write_safetensors(folder / "taken", some_tensors(), {}));
    // An older file keeps its content when the new one cannot be made.
    ASSERT_TRUE(write_safetensors(folder / "old", some_tensors(), {{"generation", "1"}}));
    EXPECT_FALSE(write_safetensors(folder / "old", {{"w", Tensor::scalar(std::int64_t{1})}}, {}));
    EXPECT_EQ(Checkpoint::open(folder / "old")->metadata().at("generation"), "1");
    ASSERT_TRUE(write_safetensors(folder / "old", some_tensors(), {{"generation", "2"}}));
    EXPECT_EQ(Checkpoint::open(folder / "old")->metadata().at("generation"), "2");

    {
        // A full disk, as far as this process can tell.
        const FileSizeLimit limit(100);
        const auto cut = write_safetensors(folder / "old", some_tensors(), {{"generation", "3"}});
        ASSERT_FALSE(cut);
        EXPECT_THAT(cut.error().message, HasSubstr("cannot be written: File too large"));
    }
    EXPECT_EQ(Checkpoint::open(folder / "old")->metadata().at("generation"), "2");

    std::size_t files = 0;
    for (const auto& entry : std::filesystem::directory_iterator(folder.path())) {
        ++files;
        EXPECT_EQ(entry.path().filename().string().find("partial"), std::string::npos) << entry.path();
    }
    EXPECT_EQ(files, 2U);
}

} // namespace
} // namespace detect::test
