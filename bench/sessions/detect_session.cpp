// SPDX-License-Identifier: Apache-2.0
// libdetect as a program that other programs can time: it links nothing beside the library.
//
//     detect_session MODEL.onnx THREADS PIXELS BATCH HEIGHT WIDTH      PIXELS: 8-bit RGB, raw
//     detect_session --matmul SIZE THREADS                             the machine's rate, by the library's kernel
//
// Answers every line on standard input with a line of JSON; bench/README.md says which.

#include "detect/detector.h"
#include "executor/kernels/gemm.h"
#include "executor/kernels/isa.h"

#include <chrono>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <iostream>
#include <iterator>
#include <string>

#include <nlohmann/json.hpp>
#include <oneapi/tbb/cache_aligned_allocator.h>

namespace {

using nlohmann::json;

double milliseconds_of(const std::function<void()>& work) {
    const auto start = std::chrono::steady_clock::now();
    work();
    return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
}

double peak_memory_mb() {
    std::ifstream status("/proc/self/status");
    for (std::string word; status >> word;) {
        double kibibytes = 0.0;
        if (word == "VmHWM:" && status >> kibibytes) return kibibytes * 1024.0 / 1e6;
    }
    return 0.0;
}

void answer(const json& line) { std::cout << line.dump() << std::endl; }

int fail(const std::string& why) {
    answer({{"error", why}});
    return 1;
}

json to_json(const std::vector<detect::ImageResult>& results) {
    json images = json::array();
    for (const detect::ImageResult& result : results) {
        json found = json::array();
        for (const detect::Detection& d : result.detections) {
            found.push_back(
                {{"label", d.label}, {"score", d.score}, {"box", {d.box.x1, d.box.y1, d.box.x2, d.box.y2}}});
        }
        images.push_back(std::move(found));
    }
    return images;
}

std::string read_file(const char* name) {
    std::ifstream file(name, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

/// The pictures as a caller without batches has them.
std::optional<detect::Error> run_one_by_one(const detect::Detector& detector, std::span<const detect::ImageView> views,
                                            std::vector<detect::ImageResult>& results) {
    results.clear();
    for (const detect::ImageView& view : views) {
        auto found = detector.run(view);
        if (!found) return found.error();
        results.push_back(*std::move(found));
    }
    return std::nullopt;
}

int serve_detector(char** arguments) {
    const int batch = std::atoi(arguments[3]);
    const int height = std::atoi(arguments[4]);
    const int width = std::atoi(arguments[5]);
    if (batch < 1 || height < 1 || width < 1) return fail("batch, height and width must be at least 1");
    const std::string pixels = read_file(arguments[2]);
    const std::size_t row = 3 * static_cast<std::size_t>(width);
    const std::size_t picture = row * static_cast<std::size_t>(height);
    if (pixels.size() != picture * static_cast<std::size_t>(batch))
        return fail(std::string(arguments[2]) + ": wrong length");
    std::vector<detect::ImageView> views;
    for (std::size_t i = 0; i < static_cast<std::size_t>(batch); ++i) {
        views.push_back({pixels.data() + i * picture, width, height, row, detect::PixelFormat::rgb8});
    }

    std::optional<detect::Result<detect::Detector>> detector;
    const double load_ms =
        milliseconds_of([&] { detector = detect::Detector::load(arguments[0], {.threads = std::atoi(arguments[1])}); });
    if (!*detector) return fail(detector->error().message);
    answer({{"ready", true}, {"load_ms", load_ms}, {"version", std::string(to_string(detect::detect_isa()))}});

    std::vector<detect::ImageResult> results;
    for (std::string line; std::getline(std::cin, line);) {
        if (line == "run") {
            std::optional<detect::Result<std::vector<detect::ImageResult>>> found;
            const double ms = milliseconds_of([&] { found = (**detector).run(views); });
            if (!*found) return fail(found->error().message);
            results = **std::move(found);
            answer({{"ms", ms}});
        } else if (line == "run one by one") {
            std::optional<detect::Error> error;
            const double ms = milliseconds_of([&] { error = run_one_by_one(**detector, views, results); });
            if (error) return fail(error->message);
            answer({{"ms", ms}});
        } else if (line == "detections") {
            answer({{"images", to_json(results)}});
        } else if (line == "memory") {
            answer({{"peak_mb", peak_memory_mb()}});
        } else {
            return fail("unknown request: " + line);
        }
    }
    return 0;
}

int serve_matrix_product(std::size_t size, int threads) {
    // Memory as the executor hands it out, on 64-byte boundaries.
    using oneapi::tbb::cache_aligned_allocator;
    const std::vector<float, cache_aligned_allocator<float>> a(size * size, 0.5F);
    std::vector<float, cache_aligned_allocator<float>> c(size * size);
    const auto b = detect::PackedMatrix::pack(detect::kernel_table(detect::detect_isa()),
                                              detect::WeightOrder::input_major, a, size, size, {});
    if (!b) return fail(b.error().message);
    detect::ThreadPool pool(threads);
    std::vector<std::byte, cache_aligned_allocator<std::byte>> scratch(
        gemm_scratch_bytes(b->view(), size, static_cast<std::size_t>(pool.threads())));
    answer({{"ready", true}});
    for (std::string line; std::getline(std::cin, line);) {
        answer({{"ms",
                 milliseconds_of([&] { gemm(b->view(), a.data(), size, size, c.data(), size, {}, scratch, pool); })}});
    }
    return 0;
}

} // namespace

int main(int argc, char** argv) {
    const std::string first = argc > 1 ? argv[1] : "";
    if (first == "--matmul" && argc == 4)
        return serve_matrix_product(std::strtoul(argv[2], nullptr, 10), std::atoi(argv[3]));
    if (argc == 7) return serve_detector(argv + 1);
    return fail("usage: detect_session MODEL THREADS PIXELS BATCH HEIGHT WIDTH | --matmul SIZE THREADS");
}
