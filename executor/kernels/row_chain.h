// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/thread_pool.h"

#include <cstddef>
#include <memory>
#include <span>
#include <vector>

namespace detect {

/// The last few rows of a map: row r is at data + (r mod `ring`) · `stride`, which is in bytes.
struct KeptRows {
    std::byte* data = nullptr;
    std::size_t stride = 0;
    std::size_t ring = 1;

    [[nodiscard]] std::byte* row(std::size_t r) const { return data + r % ring * stride; }
    [[nodiscard]] const float* floats(std::size_t r = 0) const { return reinterpret_cast<const float*>(row(r)); }
};

/// Rows [first, last) of a map.
struct RowRange {
    std::size_t first = 0;
    std::size_t last = 0;
};

/// A layer of maps [N, rows, …] that computes a row of its output from a few neighbouring rows of its input, on the
/// calling thread. Prepared for maps of one size; immutable.
class RowLayer {
public:
    RowLayer() = default;
    RowLayer(const RowLayer&) = delete;
    RowLayer& operator=(const RowLayer&) = delete;
    virtual ~RowLayer() = default;

    /// Of its output.
    [[nodiscard]] virtual std::size_t rows() const = 0;
    [[nodiscard]] virtual std::size_t row_bytes() const = 0;
    /// The input rows that output row `row` is computed from: for lower rows none that lie higher. The first layer has
    /// no input, and is not asked.
    [[nodiscard]] virtual RowRange reads(std::size_t row) const = 0;
    /// The most rows that `reads` may name.
    [[nodiscard]] virtual std::size_t window() const = 0;
    /// Bytes that `run` wants for itself, on a 64-byte boundary.
    [[nodiscard]] virtual std::size_t scratch_bytes() const { return 0; }
    /// Row `row` of picture `picture`. `input` holds the rows that `reads` names.
    virtual void run(std::size_t picture, std::size_t row, const KeptRows& input, std::byte* output,
                     std::byte* scratch) const = 0;
};

using RowLayers = std::vector<std::unique_ptr<const RowLayer>>;

/// Layers on top of each other, depth first: of the maps between them only as many rows are kept as the next one
/// reads, so that they never leave the caches. Gives the bits that the layers give one after the other.
class RowChain {
public:
    /// At least one layer; the first is the source.
    explicit RowChain(std::span<const std::unique_ptr<const RowLayer>> layers) : layers_(layers) {}

    /// Bytes of scratch memory, on a 64-byte boundary, that `run` may use with a pool of so many threads.
    [[nodiscard]] std::size_t scratch_bytes(std::size_t threads) const;

    /// y [batch, rows, row bytes] of the last layer, which overlaps nothing else.
    void run(std::size_t batch, std::byte* y, std::span<std::byte> scratch, ThreadPool& pool) const;

private:
    struct Band;
    [[nodiscard]] std::size_t worker_bytes() const;
    void compute(Band& band, std::size_t layer, RowRange rows) const;

    std::span<const std::unique_ptr<const RowLayer>> layers_;
};

} // namespace detect
