// SPDX-License-Identifier: Apache-2.0
// tiny_model FILE: writes the model that finds two objects everywhere, for the scripts beside this file.

#include "tests/cli/files.h"

int main(int argc, char** argv) {
    if (argc != 2) return 2;
    detect::test::write_tiny_model(argv[1]);
}
