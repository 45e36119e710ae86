// SPDX-License-Identifier: Apache-2.0
#include "checkpoint/checkpoint.h"
#include "tests/checkpoint/checkpoint_files.h"
#include "tests/support/temp_dir.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

namespace detect::test {
namespace {

using testing::HasSubstr;

struct Refused {
    std::string file;
    ErrorCode code;
    std::string message;
};

void PrintTo(const Refused& refused, std::ostream* out) { *out << refused.file; }

class RefusedTest : public testing::TestWithParam<Refused> {};

TEST_P(RefusedTest, SaysWhy) {
    REQUIRE_CHECKPOINT_FILES();
    const Refused& refused = GetParam();
    const auto path = checkpoint_files() / refused.file;
    ASSERT_TRUE(std::filesystem::exists(path));
    const auto checkpoint = Checkpoint::open(path);
    ASSERT_FALSE(checkpoint);
    EXPECT_EQ(checkpoint.error().code, refused.code) << checkpoint.error().message;
    EXPECT_THAT(checkpoint.error().message, HasSubstr(refused.message));
    expect_proper_message(checkpoint.error(), path);
}

std::string test_name(const testing::TestParamInfo<Refused>& instance) {
    return instance.param.file.substr(0, instance.param.file.find('.')) + std::to_string(instance.index);
}

constexpr auto bad_model = ErrorCode::bad_model;
constexpr auto unreadable = ErrorCode::unreadable_input;
constexpr auto unsupported = ErrorCode::unsupported;
constexpr auto limit = ErrorCode::resource_limit;

INSTANTIATE_TEST_SUITE_P(
    Code, RefusedTest,
    testing::Values(Refused{"attack_zip.pth", bad_model, "the pickle calls posix.system: this is code, not weights"},
                    Refused{"attack_stream.pth", bad_model, "the pickle calls posix.system: this is code, not weights"},
                    Refused{"attack_beside_zip.pth", bad_model, "the pickle calls __builtin__.eval: this is code"},
                    Refused{"attack_beside_stream.pth", bad_model, "the pickle calls __builtin__.eval: this is code"},
                    Refused{"attack_getattr.pth", bad_model, "the pickle calls __builtin__.getattr: this is code"},
                    Refused{"attack_protocol2.pth", bad_model, "the pickle calls posix.system"},
                    Refused{"attack_protocol4.pth", bad_model, "the pickle calls posix.system"},
                    Refused{"attack_computed.pth", bad_model, "the pickle calls what functools.partial gave it"},
                    Refused{"attack_dotted.pth", bad_model, "the pickle calls torch.serialization.os.system"},
                    Refused{"attack_build.pth", bad_model, "the pickle changes torch.Tensor"},
                    Refused{"attack_inst.pth", bad_model, "the pickle calls os.system"},
                    Refused{"attack_obj.pth", bad_model, "the pickle calls os.system"},
                    Refused{"extension.pth", unreadable, "extension registry"},
                    Refused{"module_zip.pth", bad_model, "holds a whole pickled object (__main__.Wrapped)"},
                    Refused{"module_stream.pth", bad_model, "holds a whole pickled object (__main__.Wrapped)"},
                    Refused{"module_wrapped_zip.pth", bad_model, "(__main__.Wrapped) under \"model\""},
                    Refused{"module_wrapped_stream.pth", bad_model, "save model.state_dict()"},
                    Refused{"script.pth", bad_model, "TorchScript program"}),
    test_name);

INSTANTIATE_TEST_SUITE_P(
    Contents, RefusedTest,
    testing::Values(Refused{"optimizer_only.pth", bad_model, "the state of an optimizer, but no weights"},
                    Refused{"optimizer_itself.pth", bad_model, "the state of an optimizer, but no weights"},
                    Refused{"single_tensor.pth", bad_model, "a single tensor"},
                    Refused{"list.pth", bad_model, "no dictionary of tensors"},
                    Refused{"numbers.pth", bad_model, "holds no tensors, only \"a\", \"b\""},
                    Refused{"empty_dict.pth", bad_model, "holds no tensors"},
                    Refused{"cycle.pth", bad_model, "holds no tensors"},
                    Refused{"two_networks.pth", bad_model,
                            "several dictionaries of tensors (\"generator\", \"discriminator\")"},
                    Refused{"quantised.pth", unsupported, "tensor w is made by torch._utils._rebuild_qtensor"},
                    Refused{"sparse.pth", unsupported, "tensor w is made by torch._utils._rebuild_sparse_tensor"},
                    Refused{"complex.pth", unsupported, "tensor w is complex64"},
                    Refused{"nine_dimensions.pth", unreadable, "tensor w has 9 dimensions"}),
    test_name);

INSTANTIATE_TEST_SUITE_P(
    Bombs, RefusedTest,
    testing::Values(Refused{"compressed.pth", unreadable, "is compressed, which torch.save never does"},
                    Refused{"bomb.pth", unreadable, "is compressed, which torch.save never does"},
                    Refused{"unfolding.pth", limit, "tensor w [1048576, 1048576] unfolds to far more than the file"},
                    Refused{"unfolding_often.pth", limit, "unfolds to far more than the file"},
                    Refused{"many_values.pth", limit, "more than 2097152 values"},
                    Refused{"memo_bomb.pth", limit, "unfolds to too many items"},
                    Refused{"deep.pth", bad_model, "no dictionary of tensors"},
                    Refused{"marks.pth", unreadable, "it takes a value that is not there"}),
    test_name);

INSTANTIATE_TEST_SUITE_P(
    Damage, RefusedTest,
    testing::Values(Refused{"stack_underflow.pth", unreadable, "it takes a value that is not there"},
                    Refused{"mark_underflow.pth", unreadable, "it looks for a mark that is not there"},
                    Refused{"unknown_memo.pth", unreadable, "it recalls a value that was never stored"},
                    Refused{"no_stop.pth", unreadable, "the data ends too early"},
                    Refused{"beyond_view.pth", unreadable, "tensor v reaches outside its storage of 4 elements"},
                    Refused{"short_storage.pth", unreadable,
                            "tensor v needs 12 elements of storage 0, which has 44 bytes"},
                    Refused{"missing_storage.pth", unreadable, "tensor v refers to storage 0, which is missing"},
                    Refused{"negative_stride.pth", unreadable, "tensor v has a negative stride"},
                    Refused{"negative_offset.pth", unreadable, "tensor v has a negative offset"},
                    Refused{"far_offset.pth", unreadable, "tensor v has a negative offset"},
                    Refused{"overflowing.pth", unreadable, "tensor v reaches outside its storage of 12 elements"},
                    Refused{"big_endian.pth", unreadable, "was saved on a big-endian machine"},
                    Refused{"pickled.pth", unreadable, "a pickle that torch.save did not write"},
                    Refused{"numpy.npz", unreadable, "there is no data.pkl in it"},
                    Refused{"numpy.npy", unreadable, "a NumPy array"}),
    test_name);

TEST(Refused, NothingOfAPickleIsExecuted) {
    REQUIRE_CHECKPOINT_FILES();
    const std::filesystem::path mark = "/tmp/detect_was_here"; // what attack_zip.pth would touch
    std::filesystem::remove(mark);
    EXPECT_FALSE(Checkpoint::open(checkpoint_files() / "attack_zip.pth"));
    EXPECT_FALSE(Checkpoint::open(checkpoint_files() / "attack_stream.pth"));
    EXPECT_FALSE(std::filesystem::exists(mark));
}

std::string message_for(const std::filesystem::path& path) {
    const auto checkpoint = Checkpoint::open(path);
    if (checkpoint) return "opened";
    EXPECT_EQ(checkpoint.error().code, unreadable);
    expect_proper_message(checkpoint.error(), path);
    return checkpoint.error().message;
}

TEST(Refused, WhatIsNotEvenAFile) {
    const TempDir folder;
    EXPECT_THAT(message_for(folder / "missing.pth"), HasSubstr("missing.pth: no such file"));
    EXPECT_THAT(message_for(folder.path()), HasSubstr("is a folder"));
    write_file(folder / "empty.pth", "");
    EXPECT_THAT(message_for(folder / "empty.pth"), HasSubstr("the file is empty"));
    ASSERT_EQ(::mkfifo((folder / "pipe").c_str(), 0666), 0);
    EXPECT_THAT(message_for(folder / "pipe"), HasSubstr("is a pipe"));
}

TEST(Refused, FilesOfOtherKinds) {
    const TempDir folder;
    const auto message_with = [&](std::string_view bytes) {
        write_file(folder / "file.pth", bytes);
        return message_for(folder / "file.pth");
    };
    EXPECT_THAT(message_with("Dear diary,\ntoday I trained a network.\n"), HasSubstr("is a text file"));
    EXPECT_THAT(message_with("settings{\"a\": 1}"), HasSubstr("is a text file"));
    EXPECT_THAT(message_with("version https://git-lfs.github.com/spec/v1\noid sha256:00\n"), HasSubstr("git lfs pull"));
    EXPECT_THAT(message_with("<!DOCTYPE html><title>404</title>"), HasSubstr("web page"));
    EXPECT_THAT(message_with("\x89HDF\r\n\x1a\n"), HasSubstr("HDF5"));
    EXPECT_THAT(message_with("\x1f\x8b\x08"), HasSubstr("gzip"));
    EXPECT_THAT(message_with("\xff\xfe\x01\x02"), HasSubstr("no PyTorch checkpoint and no safetensors"));
    EXPECT_THAT(message_with(std::string(257, '\0') + "ustar"), HasSubstr("tar archive"));
    EXPECT_THAT(message_with("PK\x03\x04"), HasSubstr("damaged ZIP archive"));
    EXPECT_THAT(message_with("\x80"), HasSubstr("the data ends too early"));
}

TEST(Refused, NamesFromTheFileCannotBreakTheLine) {
    const TempDir folder;
    // A call of a function whose name contains an escape sequence, inside a module that runs code.
    write_file(folder / "file.pth", "\x80\x02"
                                    "cos\nsys\x1b[31mtem\n)R.");
    EXPECT_THAT(Checkpoint::open(folder / "file.pth").error().message, HasSubstr("os.sys?[31mtem"));
}

} // namespace
} // namespace detect::test
