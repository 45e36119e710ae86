// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace detect::cli {

/// From here on Ctrl-C (SIGINT), SIGTERM and SIGHUP end the program at once, with exit code 130, 143 or 129, and no
/// temporary file is left. Where they were ignored before (nohup), they stay so. To be called in the program's first
/// thread, which has to be the one that makes files whenever others do not ask for signals themselves, as `detect run`
/// does (Interruption).
void end_well_on_signals();

} // namespace detect::cli
