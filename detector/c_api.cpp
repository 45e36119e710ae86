// SPDX-License-Identifier: Apache-2.0
#include "base/try.h"
#include "detector/c_handles.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <exception>
#include <new>
#include <string>

// A detector's C interface over its C++ one. No exception leaves a function here.

namespace detect {

namespace {

static_assert(static_cast<int>(PixelFormat::grey8) == DETECT_GREY8);
static_assert(static_cast<int>(PixelFormat::bgra8) == DETECT_BGRA8);
static_assert(static_cast<int>(PixelFormat::rgb_float) == DETECT_RGB_FLOAT);
static_assert(static_cast<int>(ErrorCode::invalid_argument) + 1 == DETECT_ERROR_INVALID_ARGUMENT);
static_assert(static_cast<int>(ErrorCode::resource_limit) + 1 == DETECT_ERROR_RESOURCE_LIMIT);
static_assert(static_cast<int>(ErrorCode::internal) + 1 == DETECT_ERROR_INTERNAL);

static_assert(static_cast<int>(ModelScores::ignored) == DETECT_MODEL_SCORES_IGNORED);
static_assert(static_cast<int>(TileMerge::nms) == DETECT_MERGE_NMS);
static_assert(static_cast<int>(TileWhen::beyond_memory_limit) == DETECT_TILE_BEYOND_MEMORY_LIMIT);

constexpr std::size_t most_images = 65536;
constexpr std::size_t most_classes = 65536;

Error invalid(std::string message) { return {ErrorCode::invalid_argument, std::move(message)}; }

detect_status fail(CDetector& detector, Error error) {
    detector.fail(std::move(error.message));
    return static_cast<detect_status>(static_cast<int>(error.code) + 1);
}

/// Runs `body(detector)`, a detect_status or a Result<void>, for a handle that may be none.
template <class Body>
detect_status with_detector(const detect_detector* handle, const Body& body) noexcept {
    try {
        const auto detector = CDetectorRegistry::instance().find(handle);
        if (!detector) return DETECT_ERROR_INVALID_HANDLE;
        try {
            return body(*detector);
        } catch (const std::bad_alloc&) {
            return fail(*detector, {ErrorCode::resource_limit, "out of memory"});
        } catch (const std::exception& exception) {
            return fail(*detector, {ErrorCode::internal, exception.what()});
        }
    } catch (const std::bad_alloc&) {
        return DETECT_ERROR_RESOURCE_LIMIT; // not even for the sentence
    } catch (...) {
        return DETECT_ERROR_INTERNAL;
    }
}

/// The same for what needs a model.
template <class Body>
detect_status with_model(const detect_detector* handle, const Body& body) noexcept {
    return with_detector(handle, [&](CDetector& detector) {
        const auto model = detector.model();
        if (model) return body(detector, *model);
        detector.fail("the detector has no model: call detect_load_file or detect_load_memory first");
        return DETECT_ERROR_NOT_LOADED;
    });
}

Result<std::optional<TilingOptions>> read_tiling(const detect_options& given) {
    if (given.tile == 0) return std::optional<TilingOptions>();
    if (given.tile_merge != DETECT_MERGE_IOS && given.tile_merge != DETECT_MERGE_NMS)
        return invalid("options: tile_merge " + std::to_string(given.tile_merge) + " is not one of detect_tile_merge");
    if (given.tile_when != DETECT_TILE_LARGER && given.tile_when != DETECT_TILE_BEYOND_MEMORY_LIMIT)
        return invalid("options: tile_when " + std::to_string(given.tile_when) + " is not one of detect_tile_when");
    return std::optional<TilingOptions>({.tile = given.tile,
                                         .overlap = given.tile_overlap,
                                         .merge = static_cast<TileMerge>(given.tile_merge),
                                         .when = static_cast<TileWhen>(given.tile_when)});
}

Result<void> read_class_scores(const detect_options& given, DetectorOptions& options) {
    if (given.model_scores < DETECT_MODEL_SCORES_LOWER_BOUNDS || given.model_scores > DETECT_MODEL_SCORES_IGNORED) {
        return invalid("options: model_scores " + std::to_string(given.model_scores) +
                       " is not one of detect_model_scores");
    }
    options.model_scores = static_cast<ModelScores>(given.model_scores);
    if (given.class_score_count > most_classes) return invalid("options: class_score_count is larger than 65536");
    if (given.class_score_count == 0) return {};
    if (given.class_score_names == nullptr || given.class_scores == nullptr)
        return invalid("options: class_score_names or class_scores is null");
    for (std::size_t i = 0; i < given.class_score_count; ++i) {
        if (given.class_score_names[i] == nullptr) return invalid("options: a name among class_score_names is null");
        const std::string name = given.class_score_names[i];
        if (!options.class_scores.emplace(name, given.class_scores[i]).second)
            return invalid("options: class_score_names has '" + name + "' twice");
    }
    return {};
}

/// Null: the defaults.
Result<DetectorOptions> read_options(const detect_options* given) {
    DetectorOptions options;
    if (given == nullptr) return options;
    if (given->struct_size != sizeof(detect_options)) {
        return invalid("options: struct_size is " + std::to_string(given->struct_size) + ", expected " +
                       std::to_string(sizeof(detect_options)) + "; call detect_options_init first");
    }
    options.threads = given->threads;
    options.min_score = given->min_score;
    options.memory_limit = given->memory_limit;
    if (given->class_count > most_classes) return invalid("options: class_count is larger than 65536");
    if (given->class_count > 0 && given->classes == nullptr) return invalid("options: classes is null");
    for (std::size_t i = 0; i < given->class_count; ++i) {
        if (given->classes[i] == nullptr) return invalid("options: a name among classes is null");
        options.classes.emplace_back(given->classes[i]);
    }
    DETECT_TRY_ASSIGN(options.tiling, read_tiling(*given));
    DETECT_TRY(read_class_scores(*given, options));
    return options;
}

template <class Load>
detect_status load(detect_detector* handle, const detect_options* given, const Load& load_model) noexcept {
    return with_detector(handle, [&](CDetector& detector) {
        const auto try_load = [&]() -> Result<void> {
            if (detector.model()) return invalid("the detector has a model already: create another one");
            DETECT_TRY_ASSIGN(const DetectorOptions options, read_options(given));
            DETECT_TRY_ASSIGN(Detector model, load_model(options));
            if (!detector.set_model(std::move(model))) return invalid("the detector has a model already");
            return {};
        };
        auto loaded = try_load();
        return loaded ? DETECT_OK : fail(detector, std::move(loaded).error());
    });
}

Result<std::vector<ImageView>> read_images(const detect_image* images, std::size_t count) {
    if (images == nullptr || count == 0) return invalid("images: there are none");
    if (count > most_images) return invalid("images: at most 65536 in one call");
    std::vector<ImageView> views;
    for (const detect_image& image : std::span(images, count)) {
        if (image.format < DETECT_GREY8 || image.format > DETECT_RGB_FLOAT) {
            return invalid("image " + std::to_string(views.size()) + ": format " + std::to_string(image.format) +
                           " is not one of detect_format");
        }
        views.push_back({.pixels = image.pixels,
                         .width = image.width,
                         .height = image.height,
                         .stride_bytes = image.stride_bytes,
                         .format = static_cast<PixelFormat>(image.format),
                         .bits = image.bits});
    }
    return views;
}

CDetector::Results to_c(const std::vector<ImageResult>& found) {
    CDetector::Results results;
    for (const ImageResult& image : found) {
        auto& list = results.emplace_back();
        for (const Detection& d : image.detections) {
            list.push_back({d.box.x1, d.box.y1, d.box.x2, d.box.y2, d.label, d.score});
        }
    }
    return results;
}

} // namespace

} // namespace detect

using namespace detect;

extern "C" {

uint32_t detect_abi_version(void) { return DETECT_ABI_VERSION; }

const char* detect_version(void) { return DETECT_VERSION; }

const char* detect_status_name(detect_status status) {
    // Literals end in a null character, so the views may be handed out.
    const int code = static_cast<int>(status);
    if (code == DETECT_OK) return "ok";
    if (code == DETECT_ERROR_INVALID_HANDLE) return "invalid_handle";
    if (code == DETECT_ERROR_NOT_LOADED) return "not_loaded";
    if (code < DETECT_OK || code > DETECT_ERROR_NOT_LOADED) return "unknown";
    return to_string(static_cast<ErrorCode>(code - 1)).data();
}

detect_status detect_options_init(detect_options* options) {
    if (options == nullptr) return DETECT_ERROR_INVALID_ARGUMENT;
    *options = detect_options{};
    options->struct_size = sizeof(detect_options);
    options->tile_overlap = TilingOptions().overlap;
    return DETECT_OK;
}

detect_status detect_create(detect_detector** detector) {
    if (detector == nullptr) return DETECT_ERROR_INVALID_ARGUMENT;
    *detector = nullptr;
    try {
        *detector = CDetectorRegistry::instance().create();
        return DETECT_OK;
    } catch (...) {
        return DETECT_ERROR_RESOURCE_LIMIT;
    }
}

detect_status detect_destroy(detect_detector* detector) {
    try {
        return CDetectorRegistry::instance().destroy(detector) ? DETECT_OK : DETECT_ERROR_INVALID_HANDLE;
    } catch (...) {
        return DETECT_ERROR_INTERNAL;
    }
}

detect_status detect_load_file(detect_detector* detector, const char* path, const detect_options* options) {
    return load(detector, options, [&](const DetectorOptions& given) -> Result<Detector> {
        if (path == nullptr) return invalid("path is null");
        return Detector::load(path, given);
    });
}

detect_status detect_load_memory(detect_detector* detector, const void* bytes, size_t size,
                                 const detect_options* options) {
    return load(detector, options, [&](const DetectorOptions& given) -> Result<Detector> {
        if (bytes == nullptr) return invalid("bytes is null");
        return Detector::load(std::span(static_cast<const std::byte*>(bytes), size), given);
    });
}

detect_status detect_warm_up(detect_detector* detector, int32_t width, int32_t height, int32_t batch) {
    return with_model(detector, [&](CDetector& self, const Detector& model) {
        auto done = model.warm_up(width, height, batch);
        return done ? DETECT_OK : fail(self, std::move(done).error());
    });
}

detect_status detect_run(detect_detector* detector, const detect_image* images, size_t count, detect_result** result) {
    if (result != nullptr) *result = nullptr;
    return with_model(detector, [&](CDetector& self, const Detector& model) {
        if (result == nullptr) return fail(self, invalid("result is null"));
        const auto views = read_images(images, count);
        if (!views) return fail(self, views.error());
        const auto found = model.run(*views);
        if (!found) return fail(self, found.error());
        *result = self.keep(to_c(*found));
        return DETECT_OK;
    });
}

detect_status detect_examine(detect_detector* detector, const detect_image* image, detect_doubt* doubts,
                             size_t capacity, size_t* count) {
    if (count != nullptr) *count = 0;
    return with_model(detector, [&](CDetector& self, const Detector& model) {
        if (count == nullptr || (doubts == nullptr && capacity > 0))
            return fail(self, invalid("doubts or count is null"));
        const auto views = read_images(image, 1);
        if (!views) return fail(self, views.error());
        const auto found = model.examine(views->front());
        if (!found) return fail(self, found.error());
        for (std::size_t i = 0; i < std::min(capacity, found->size()); ++i) {
            doubts[i] = {};
            (*found)[i].code.copy(doubts[i].code, sizeof doubts[i].code - 1);
            (*found)[i].message.copy(doubts[i].message, sizeof doubts[i].message - 1);
        }
        *count = found->size();
        return DETECT_OK;
    });
}

detect_status detect_result_detections(detect_detector* detector, const detect_result* result, size_t image,
                                       const detect_detection** detections, size_t* count) {
    if (detections != nullptr) *detections = nullptr;
    if (count != nullptr) *count = 0;
    return with_detector(detector, [&](CDetector& self) {
        if (detections == nullptr || count == nullptr) return fail(self, invalid("detections or count is null"));
        const CDetector::Results* results = self.find(result);
        if (results == nullptr) {
            self.fail("the result is none of this detector's, or was freed");
            return DETECT_ERROR_INVALID_HANDLE;
        }
        if (image >= results->size()) {
            return fail(self, invalid("image " + std::to_string(image) + " of " + std::to_string(results->size())));
        }
        *detections = (*results)[image].data();
        *count = (*results)[image].size();
        return DETECT_OK;
    });
}

detect_status detect_result_free(detect_detector* detector, detect_result* result) {
    return with_detector(detector, [&](CDetector& self) {
        if (self.drop(result)) return DETECT_OK;
        self.fail("the result is none of this detector's, or was freed");
        return DETECT_ERROR_INVALID_HANDLE;
    });
}

detect_status detect_memory_use(detect_detector* detector, uint64_t* now, uint64_t* peak) {
    return with_model(detector, [&](CDetector& self, const Detector& model) {
        if (now == nullptr || peak == nullptr) return fail(self, invalid("now or peak is null"));
        const MemoryUse use = model.memory_use();
        *now = use.now;
        *peak = use.peak;
        return DETECT_OK;
    });
}

size_t detect_label_count(detect_detector* detector) {
    size_t count = 0;
    with_detector(detector, [&](const CDetector& self) {
        if (const auto model = self.model()) count = model->labels().size();
        return DETECT_OK;
    });
    return count;
}

const char* detect_label_name(detect_detector* detector, int32_t label) {
    const char* name = nullptr;
    with_detector(detector, [&](const CDetector& self) {
        name = self.label_name(label);
        return DETECT_OK;
    });
    return name;
}

const char* detect_last_error(detect_detector* detector) {
    const char* message = "this is no detector, or it was destroyed";
    with_detector(detector, [&](const CDetector& self) {
        message = self.last_error();
        return DETECT_OK;
    });
    return message;
}

} // extern "C"
