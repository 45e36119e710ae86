#include "cli/text_output.h"

#include "export/checkpoint/atomic_file.h"
#include "graph/try.h"

#include <iostream>
#include <span>

namespace detect::cli {

Result<void> write_text(const std::string& destination, std::string_view text) {
    if (destination == "-") {
        std::cout << text << std::flush;
        return {};
    }
    DETECT_TRY_ASSIGN(AtomicFile file, AtomicFile::create(destination));
    DETECT_TRY(file.write(std::as_bytes(std::span(text))));
    return file.commit();
}

} // namespace detect::cli
