// SPDX-License-Identifier: Apache-2.0
// tiny_network_file FILE: writes the network of tiny_network.h as an ONNX file.

#include "onnx/writer.h"
#include "tests/detector/tiny_network.h"
#include "tests/support/require.h"

#include <fstream>

int main(int argc, char** argv) {
    if (argc != 2) return 2;
    std::ofstream file(argv[1], std::ios::binary);
    file << detect::test::require(detect::write_onnx(detect::test::tiny_graph()));
    return file.flush() ? 0 : 1;
}
