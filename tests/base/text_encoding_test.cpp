// SPDX-License-Identifier: Apache-2.0
#include "base/text_encoding.h"

#include <string>

#include <gtest/gtest.h>

namespace detect {
namespace {

using namespace std::string_literals;

TEST(TextEncoding, Utf16IsToldByItsMarkOrItsZeros) {
    for (const std::string& text : {"\xFF\xFE"s, "\xFE\xFFx"s, "a\0b\0"s, "\0a\0b"s, "a\0\0\0b\0\0\0"s})
        EXPECT_TRUE(is_utf16(text));
    for (const std::string& text :
         {""s, "a"s, "a\0"s, "a\0bc"s, "\0\0\0\0"s, "\xEF\xBB\xBFname"s, "K\xFCrze"s, "\xE7\x9F\xAD"s})
        EXPECT_FALSE(is_utf16(text));
}

TEST(TextEncoding, TheFirstByteBeyondUtf8IsFound) {
    for (const std::string& text : {""s, "open"s, "K\xC3\xBCrze"s, "\xE7\x9F\xAD"s, "\xF0\x9F\x98\x80"s})
        EXPECT_FALSE(first_byte_beyond_utf8(text));
    EXPECT_EQ(first_byte_beyond_utf8("K\xFCrze"), 1U);
    EXPECT_EQ(first_byte_beyond_utf8("ab\xE2\x82"), 2U);
    EXPECT_EQ(first_byte_beyond_utf8("\xED\xA0\x80"), 0U);     // a surrogate
    EXPECT_EQ(first_byte_beyond_utf8("\xC3\xBC\xC0\x80"), 2U); // an overlong form
}

} // namespace
} // namespace detect
