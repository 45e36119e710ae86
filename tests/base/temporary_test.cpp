// SPDX-License-Identifier: Apache-2.0
#include "base/temporary.h"

#include "base/atomic_file.h"
#include "tests/support/temp_dir.h"

#include <csignal>
#include <fcntl.h>
#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <set>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

namespace detect::test {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

namespace fs = std::filesystem;

std::set<std::string> names_in(const fs::path& folder) {
    std::set<std::string> names;
    for (const auto& entry : fs::directory_iterator(folder)) names.insert(entry.path().filename().string());
    return names;
}

/// Runs `work` in a process that is killed behind it, as by kill -9.
template <class Work>
void in_killed_process(Work work) {
    const pid_t child = ::fork();
    if (child == 0) {
        work();
        ::raise(SIGKILL);
    }
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status));
}

TEST(Temporary, NobodyGuessesItsName) {
    const TempDir folder;
    std::set<std::string> names;
    for (int i = 0; i < 100; ++i) names.insert(temporary_name(folder / "a.csv").filename().string());
    EXPECT_EQ(names.size(), 100U);
    for (const std::string& name : names) EXPECT_THAT(name, testing::MatchesRegex("a\\.csv\\.partial-[0-9a-f]{16}"));
    // However long the file's own name is.
    EXPECT_LE(temporary_name(folder / std::string(255, 'x')).filename().string().size(), 255U);
}

TEST(Temporary, IsNewAndHasThePermissionsOfAnyNewFile) {
    const TempDir folder;
    const mode_t before = ::umask(027);
    const Temporary file = make_temporary_file(folder / "a.csv");
    const Temporary hidden = make_temporary_folder(folder / "a.mp4");
    ::umask(before);
    ASSERT_GE(file.descriptor, 0);
    ASSERT_GE(hidden.descriptor, 0);
    EXPECT_EQ(fs::status(file.name).permissions(), static_cast<fs::perms>(0640));
    EXPECT_EQ(fs::status(hidden.name).permissions(), static_cast<fs::perms>(0700));
    EXPECT_TRUE(hidden.name.filename().string().starts_with(".a.mp4.partial-"));
    ::close(file.descriptor);
    remove_temporary_folder(hidden);
    ::close(hidden.descriptor);
    EXPECT_FALSE(fs::exists(hidden.name));
    EXPECT_EQ(make_temporary_file(folder / "missing/a.csv").descriptor, -1);
    EXPECT_EQ(errno, ENOENT);
}

TEST(Temporary, WhatAKilledProgramLeftIsRemovedAndWhatALivingOneHoldsStays) {
    const TempDir folder;
    in_killed_process([&] {
        (void)make_temporary_file(folder / "a.csv");
        (void)make_temporary_file(folder / "b.csv");
        const Temporary video = make_temporary_folder(folder / "a.csv");
        std::ofstream(video.name / "half.mp4") << "half";
    });
    EXPECT_EQ(names_in(folder.path()).size(), 3U);
    const Temporary held = make_temporary_file(folder / "a.csv");
    const Temporary held_folder = make_temporary_folder(folder / "a.csv");
    remove_left_temporaries(folder.path(), "a.csv");
    std::set<std::string> left = names_in(folder.path());
    EXPECT_EQ(left.erase(held.name.filename().string()), 1U);
    EXPECT_EQ(left.erase(held_folder.name.filename().string()), 1U);
    ASSERT_EQ(left.size(), 1U);
    EXPECT_TRUE(left.begin()->starts_with("b.csv.partial-"));
    ::close(held.descriptor);
    ::close(held_folder.descriptor);
    remove_left_temporaries(folder.path());
    EXPECT_THAT(names_in(folder.path()), IsEmpty());
}

TEST(Temporary, WhatOthersMadeIsLeftAlone) {
    const TempDir folder;
    std::ofstream(folder / "victim") << "as it was";
    const std::string digits = "0123456789abcdef";
    fs::create_symlink("victim", folder / ("link.partial-" + digits));
    ASSERT_EQ(::mkfifo((folder / ("pipe.partial-" + digits)).c_str(), 0600), 0);
    for (const std::string& name :
         std::set<std::string>{"a.partial-" + digits + "0", "a.partial-12-0", ".partial", "a.part",
                               "a.partial-0123456789abcdeF", "a.partial-" + digits + ".txt"})
        std::ofstream(folder / name) << "somebody's";
    const auto before = names_in(folder.path());
    remove_left_temporaries(folder.path());
    remove_left_temporaries(folder / "missing");
    EXPECT_EQ(names_in(folder.path()), before);
}

TEST(Temporary, IsLockedForAsLongAsItIsOpen) {
    const TempDir folder;
    std::ofstream(folder / "model") << "before";
    Temporary made = make_temporary_file(folder / "model");
    const int again = ::open(made.name.c_str(), O_RDWR);
    EXPECT_FALSE(lock_temporary(again));
    ::close(made.descriptor);
    EXPECT_TRUE(lock_temporary(again));
    ::close(again);
}

TEST(Temporary, OneThatIsEndedRemovesItsOwnAndNothingElse) {
    const TempDir folder;
    const Temporary of_another = make_temporary_file(folder / "a.csv");
    const std::string looks_like_one = "a.csv.partial-0123456789abcdef";
    std::ofstream(folder / looks_like_one) << "to be read";
    std::ofstream(folder / "old.csv") << "old";
    const auto before = names_in(folder / ".");
    in_killed_process([&] {
        ::close(of_another.descriptor);
        const int read = ::open((folder / looks_like_one).c_str(), O_RDONLY);
        const Temporary made = make_temporary_file(folder / "a.csv");
        const auto old = AtomicFile::create(folder / "old.csv");
        // As AtomicFile has it just before it replaces a file.
        const int nameless = ::open(folder.path().c_str(), O_TMPFILE | O_WRONLY, 0666);
        const std::string path = "/proc/self/fd/" + std::to_string(nameless);
        const fs::path name = temporary_name(folder / "old.csv");
        const bool linked = ::linkat(AT_FDCWD, path.c_str(), AT_FDCWD, name.c_str(), AT_SYMLINK_FOLLOW) == 0;
        if (read < 0 || made.descriptor < 0 || !old || (nameless >= 0 && !linked)) ::_exit(1);
        if (names_in(folder / ".").size() < before.size() + 1) ::_exit(2);
        remove_own_temporary_files();
    });
    EXPECT_EQ(names_in(folder / "."), before);
    ::close(of_another.descriptor);
}

} // namespace
} // namespace detect::test
