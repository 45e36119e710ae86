// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "detect/error.h"

#include <string>
#include <string_view>

/// Names from outside (classes, files, annotations, what a model holds) on their way out: for each kind of output, the
/// one function that they go through. What a person reads on a terminal goes through without_controls (base/text.h).
/// Where a format can say a character by its number, nothing is lost; elsewhere it becomes a blank.
namespace detect {

/// Text in an HTML page, between tags or in an attribute in quotes.
[[nodiscard]] std::string html_text(std::string_view text);

/// Text in XML 1.0, between tags or in an attribute in quotes. What steers a reader's eye is written as a reference;
/// the control characters, of which XML cannot hold most, become blanks.
[[nodiscard]] std::string xml_text(std::string_view text);

/// A JSON text (whole, as nlohmann writes it) in which every character that steers a terminal is written as \u and its
/// number. Programs read the same values.
[[nodiscard]] std::string json_text(std::string json);

/// A cell of CSV, with quotes where RFC 4180 wants them. It stays on its line: what steers is written as \u{202E}. What
/// a spreadsheet would take for a formula gets an apostrophe in front: text that begins with = + - @ (also in their
/// wide forms), unless it is a plain number.
[[nodiscard]] std::string csv_cell(std::string_view text);
/// The text of a cell that csv_cell wrote, once its quotes are gone.
[[nodiscard]] std::string text_of_csv_cell(std::string_view cell);

/// The name of one file or folder: no slash, nothing that steers a terminal, neither "." nor "..".
[[nodiscard]] std::string path_component(std::string_view text);

/// An error as it leaves the library, for a program's log: one line that steers no terminal, whatever the names in it.
[[nodiscard]] Error one_line(Error error);

} // namespace detect
