// SPDX-License-Identifier: Apache-2.0
#include "base/json_tree.h"

#include <string>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace detect {
namespace {

using nlohmann::json;
using Kind = JsonFlaw::Kind;

std::string nested(std::size_t depth, const std::string& open, const std::string& close) {
    std::string text;
    for (std::size_t i = 0; i < depth; ++i) text += open;
    for (std::size_t i = 0; i < depth; ++i) text += close;
    return text;
}

TEST(JsonText, DepthIsLimited) {
    EXPECT_FALSE(beyond_limits(nested(64, "[", "]"), {}));
    EXPECT_FALSE(beyond_limits("[" + nested(63, "[", "]") + "," + nested(63, "[", "]") + "]", {}));
    for (const std::size_t depth : {65U, 100'000U}) {
        std::optional<JsonFlaw> flaw;
        EXPECT_TRUE(parse_json_text<json>(nested(depth, "[", "]"), flaw)->is_discarded());
        ASSERT_TRUE(flaw);
        EXPECT_EQ(flaw->kind, Kind::depth);
        EXPECT_EQ(flaw->offset, 64U);
        const std::string objects = "\n" + nested(depth, "{\"a\":", "}");
        EXPECT_TRUE(parse_json_text<json>(objects, flaw)->is_discarded());
        EXPECT_EQ(describe(*flaw, objects),
                  "line 2, column 321: lists or objects lie within each other more than 64 deep");
    }
}

TEST(JsonText, BracketsInTextsDoNotCount) {
    const json value = {std::string(1000, '['), "\"[[\\", {{"{{{[" + std::string(500, '{'), 1}}};
    std::optional<JsonFlaw> flaw;
    EXPECT_EQ(*parse_json_text<json>(value.dump(), flaw, {.depth = 2}), value);
    EXPECT_FALSE(flaw);
}

/// The estimate is never below what nlohmann's values take.
TEST(JsonText, MemoryIsLimited) {
    for (const std::string& text : {std::string("[0"), std::string("[[]"), std::string("[{}"),
                                    std::string("[{\"a\":0}"), std::string("[\"a text of more than 15 letters\"")}) {
        std::string all = text;
        for (int i = 0; i < 1000; ++i) all += "," + text.substr(1);
        all += "]";
        const std::size_t least = 16 * 1000;
        ASSERT_TRUE(beyond_limits(all, {.memory = least})) << all.substr(0, 40);
        EXPECT_EQ(beyond_limits(all, {.memory = least})->kind, Kind::memory);
        EXPECT_FALSE(beyond_limits(all, {.memory = 1000 * 300})) << all.substr(0, 40);
    }
    std::optional<JsonFlaw> flaw;
    EXPECT_TRUE(parse_json_text<json>("[1,2,3]", flaw, {.memory = 100})->is_discarded());
    ASSERT_TRUE(flaw);
    EXPECT_EQ(
        describe(*flaw, "[1,2,3]", {.memory = 1'000'000}),
        "line 1, column 3: up to here its values take 1 MB of memory, the limit for JSON; split the file, or raise the "
        "limit");
}

TEST(JsonText, WhatIsNoJsonHasAPlace) {
    std::optional<JsonFlaw> flaw;
    EXPECT_TRUE(parse_json_text<json>("{\"a\": }", flaw)->is_discarded());
    ASSERT_TRUE(flaw);
    EXPECT_EQ(flaw->kind, Kind::syntax);
    EXPECT_EQ(flaw->offset, 6U);
    EXPECT_TRUE(parse_json_text<json>("[1, 2", flaw)->is_discarded());
    EXPECT_GE(flaw->offset, 5U);
    EXPECT_TRUE(parse_json_text<json>("[1e999]", flaw)->is_discarded());
    EXPECT_EQ(flaw->kind, Kind::number);
    EXPECT_TRUE(parse_json_text<json>("\"\\", flaw)->is_discarded());
    EXPECT_TRUE(parse_json_text<json>("]]]]{", flaw)->is_discarded());
    EXPECT_EQ(parse_json_text<json>("{\"a\":[1]}", flaw)->dump(), "{\"a\":[1]}");
    EXPECT_FALSE(flaw);
}

} // namespace
} // namespace detect
