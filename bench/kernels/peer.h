// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "executor/kernels/conv2d_parameters.h"

#include <memory>

/// oneDNN, for comparison: in the memory layout that it likes best, its threads set by OMP_NUM_THREADS.
namespace detect::bench {

class Peer {
public:
    /// A convolution of one picture; a matrix product if `rows` is not 0.
    static Peer conv(const Conv2dParameters& parameters, std::size_t height, std::size_t width);
    static Peer product(std::size_t m, std::size_t k, std::size_t n, Activation activation);

    Peer(Peer&&) noexcept;
    ~Peer();
    void run();

private:
    struct State;
    explicit Peer(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
};

/// Threads that oneDNN uses from now on.
void set_peer_threads(int threads);

} // namespace detect::bench
