// SPDX-License-Identifier: Apache-2.0
// folder_worker MODEL.onnx FOLDER [WORKERS]: every picture of a folder, a line of CSV for each object. Workers share
// one detector: while one reads a file, another computes. One unreadable picture is reported, and the others go on.
#include <detect/opencv.h>

#include <opencv2/imgcodecs.hpp>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

int main(int count, char** words) {
    if (count < 3) return std::fprintf(stderr, "usage: folder_worker MODEL.onnx FOLDER [WORKERS]\n"), 2;
    // A night of pictures of all sizes stays within 2 GB.
    const auto detector = detect::Detector::load(words[1], {.min_score = 0.3F, .memory_limit = 2'000'000'000});
    if (!detector) return std::fprintf(stderr, "%s\n", detector.error().message.c_str()), 1;
    std::error_code code;
    std::vector<std::string> files;
    for (const auto& entry : std::filesystem::directory_iterator(words[2], code)) {
        if (entry.is_regular_file()) files.push_back(entry.path().string());
    }
    if (code) return std::fprintf(stderr, "%s: %s\n", words[2], code.message().c_str()), 1;
    std::sort(files.begin(), files.end());

    std::atomic<std::size_t> next = 0;
    std::atomic<int> failures = 0;
    std::mutex output;
    std::puts("file,label,score,x1,y1,x2,y2");
    const auto work = [&] {
        for (std::size_t i = next++; i < files.size(); i = next++) {
            const auto found = detect::run(*detector, cv::imread(files[i]));
            const std::scoped_lock lock(output);
            if (!found) {
                ++failures;
                std::fprintf(stderr, "%s: %s\n", files[i].c_str(), found.error().message.c_str());
                continue;
            }
            for (const detect::Detection& d : found->detections) {
                std::printf("%s,%s,%.4f,%.2f,%.2f,%.2f,%.2f\n", files[i].c_str(), detector->label_name(d.label).c_str(),
                            d.score, d.box.x1, d.box.y1, d.box.x2, d.box.y2);
            }
        }
    };
    const unsigned workers = count > 3 ? static_cast<unsigned>(std::atoi(words[3])) : 2;
    std::vector<std::thread> threads;
    for (unsigned i = 0; i < std::max(workers, 1U); ++i) threads.emplace_back(work);
    for (std::thread& thread : threads) thread.join();
    return failures == 0 ? 0 : 5;
}
