// SPDX-License-Identifier: Apache-2.0
/* The C interface of libdetect: C99, and simple enough for the foreign function interface of any language.
 *
 *     detect_detector *detector = NULL;
 *     detect_create(&detector);
 *     if (detect_load_file(detector, "model.onnx", NULL) != DETECT_OK) puts(detect_last_error(detector));
 *
 * Handles are numbers in a pointer's clothes: they are looked up, never followed. One that was destroyed, or never was
 * one, gives DETECT_ERROR_INVALID_HANDLE, and a number is not used twice. Every function may be called from any thread;
 * a loaded detector may run in many threads at once. Nothing is printed, and no function ends the program.
 *
 * Text is UTF-8. Sizes, formats and the meaning of every value are those of the C++ interface (<detect/image.h>,
 * <detect/detector.h>). */
#ifndef DETECT_DETECT_H
#define DETECT_DETECT_H

#include <stddef.h>
#include <stdint.h>

#include <detect/api.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Of this header. The library's own is detect_abi_version(): they must be equal. It grows when a program would have to
 * be compiled again; fields are only ever added at the end of detect_options, which carries its size. */
#define DETECT_ABI_VERSION 3

/* What a function returns. The codes up to 8 mean what detect::ErrorCode means. */
typedef enum detect_status {
    /* Done. */
    DETECT_OK = 0,
    /* The caller asked for something that makes no sense: a null pointer, a size of 0, an option out of range. */
    DETECT_ERROR_INVALID_ARGUMENT = 1,
    /* The model file is missing, cut off, or not an ONNX file. */
    DETECT_ERROR_UNREADABLE_INPUT = 2,
    /* A file cannot be written. */
    DETECT_ERROR_UNWRITABLE_OUTPUT = 3,
    /* The file was read, but is no detector that this library can run. */
    DETECT_ERROR_BAD_MODEL = 4,
    /* The model is sound, but uses an operator, a type or an opset that is not implemented. */
    DETECT_ERROR_UNSUPPORTED = 5,
    /* Carrying on would need more memory than allowed or than the machine has. */
    DETECT_ERROR_RESOURCE_LIMIT = 6,
    /* Two ways of computing the same thing disagree. */
    DETECT_ERROR_VERIFICATION_FAILED = 7,
    /* A defect of the library. */
    DETECT_ERROR_INTERNAL = 8,
    /* The detector or the result is not one, is no more, or the result belongs to another detector. */
    DETECT_ERROR_INVALID_HANDLE = 9,
    /* The detector has no model yet: call detect_load_file or detect_load_memory first. */
    DETECT_ERROR_NOT_LOADED = 10
} detect_status;

/* How one pixel lies in memory. 16-bit samples are in the machine's byte order, and detect_image.bits says how many of
 * their bits are used; alpha is ignored. */
typedef enum detect_format {
    DETECT_GREY8 = 0,
    DETECT_GREY16 = 1,
    DETECT_RGB8 = 2,
    DETECT_BGR8 = 3,
    DETECT_RGBA8 = 4,
    DETECT_BGRA8 = 5,
    DETECT_RGB16 = 6,
    /* 32-bit floats in [0, 1]. */
    DETECT_RGB_FLOAT = 7
} detect_format;

/* How two detections of a class, from different tiles, that may be the same object become one. */
typedef enum detect_tile_merge {
    /* By the intersection over the smaller box; pieces of an object that tiles' borders cut are joined. */
    DETECT_MERGE_IOS = 0,
    /* By the intersection over the union; the better one stays. */
    DETECT_MERGE_NMS = 1
} detect_tile_merge;

/* Which pictures are looked at in tiles. */
typedef enum detect_tile_when {
    /* All that are larger than a tile. */
    DETECT_TILE_LARGER = 0,
    /* Those that would pass the memory limit as a whole. */
    DETECT_TILE_BEYOND_MEMORY_LIMIT = 1
} detect_tile_when;

/* What becomes of the scores per class that a model carries. */
typedef enum detect_model_scores {
    /* A detection must reach its class's score as well as min_score. */
    DETECT_MODEL_SCORES_LOWER_BOUNDS = 0,
    /* They stand in place of min_score. */
    DETECT_MODEL_SCORES_IN_PLACE = 1,
    DETECT_MODEL_SCORES_IGNORED = 2
} detect_model_scores;

typedef struct detect_detector detect_detector;
typedef struct detect_result detect_result;

typedef struct detect_options {
    /* sizeof(detect_options): detect_options_init sets it. */
    size_t struct_size;
    /* Threads that work on one call, the calling one included; 0: all cores. */
    int32_t threads;
    /* Detections below this score are left out. */
    float min_score;
    /* Bytes that the detector may hold at once; 0: as much as the machine has. */
    uint64_t memory_limit;
    /* Names of the only classes that are reported; a count of 0: all. */
    const char* const* classes;
    size_t class_count;
    /* Look at large pictures in square tiles of this many pixels a side, at least 32; 0: every picture as a whole. */
    int32_t tile;
    /* A detect_tile_merge and a detect_tile_when. */
    int32_t tile_merge;
    int32_t tile_when;
    /* Share of a tile's side that is seen twice, 0 to 0.9; rounded to the network's own grid. A picture that is a whole
     * number of tiles is seen tile by tile, as if each were alone, and in strips of this width along their seams. */
    double tile_overlap;
    /* Scores of single classes, 0 to 1, in place of min_score and of the model's own: `class_score_count` names, and as
     * many numbers. */
    const char* const* class_score_names;
    const float* class_scores;
    size_t class_score_count;
    /* A detect_model_scores, for all other classes. */
    int32_t model_scores;
} detect_options;

/* A picture of the caller's; row 0 is the top. It is only read, and only during the call. */
typedef struct detect_image {
    const void* pixels;
    int32_t width;
    int32_t height;
    /* Bytes from the start of a row to the start of the next. Rows that go upwards in memory, as in a Windows bitmap,
     * have a negative one, converted to size_t; `pixels` is the top row then, too. */
    size_t stride_bytes;
    /* A detect_format. */
    int32_t format;
    /* Of the 16-bit formats: how many bits the samples have, 8 to 16, the lowest ones. 0: 16, and a picture whose
     * largest sample suggests fewer is refused. A camera's Mono12 is DETECT_GREY16 with 12. */
    int32_t bits;
} detect_image;

/* Why what is found in a picture may not be what is in it. */
typedef struct detect_doubt {
    /* "flat", "dark", "bright" or "scale". */
    char code[16];
    /* One sentence, with numbers. */
    char message[512];
} detect_doubt;

/* One object: its corners in pixels of the picture handed in, its class (1, 2, ...) and the class's probability. */
typedef struct detect_detection {
    float x1, y1, x2, y2;
    int32_t label;
    float score;
} detect_detection;

/* DETECT_ABI_VERSION of the library that is loaded. */
DETECT_API uint32_t detect_abi_version(void);
/* "0.2.0" */
DETECT_API const char* detect_version(void);
/* "invalid_argument" and so on; "unknown" for other numbers. */
DETECT_API const char* detect_status_name(detect_status status);

/* The defaults. */
DETECT_API detect_status detect_options_init(detect_options* options);

/* A detector without a model. To be given back with detect_destroy. On failure *detector is null. */
DETECT_API detect_status detect_create(detect_detector** detector);
/* Gives back the detector and all its results. A call that is still running in another thread ends in peace. */
DETECT_API detect_status detect_destroy(detect_detector* detector);

/* Loads an ONNX file written by `detect export`, or the bytes of one (they are not needed afterwards). `options` may be
 * null: the defaults. A detector is loaded once; after a failure it may be tried again. */
DETECT_API detect_status detect_load_file(detect_detector* detector, const char* path, const detect_options* options);
DETECT_API detect_status detect_load_memory(detect_detector* detector, const void* bytes, size_t size,
                                            const detect_options* options);

/* Runs a blank batch of this size, so that the first real one does not pay for preparations. */
DETECT_API detect_status detect_warm_up(detect_detector* detector, int32_t width, int32_t height, int32_t batch);

/* Finds objects in `count` pictures of any sizes (at most 65536). On success *result holds a list for each, in order,
 * until detect_result_free or detect_destroy; on failure it is null. */
DETECT_API detect_status detect_run(detect_detector* detector, const detect_image* images, size_t count,
                                    detect_result** result);
/* Compares a picture with what the model is for (detect::Detector::examine). Writes at most `capacity` doubts; *count
 * is how many there are. `doubts` may be null if `capacity` is 0. */
DETECT_API detect_status detect_examine(detect_detector* detector, const detect_image* image, detect_doubt* doubts,
                                        size_t capacity, size_t* count);
/* What was found in picture `image` (0 is the first), the highest score first. The list lives as long as the result. */
DETECT_API detect_status detect_result_detections(detect_detector* detector, const detect_result* result, size_t image,
                                                  const detect_detection** detections, size_t* count);
/* `detector` is the one that made the result. */
DETECT_API detect_status detect_result_free(detect_detector* detector, detect_result* result);

/* Bytes that the detector holds, and the most that it ever held, counted as memory_limit counts them. */
DETECT_API detect_status detect_memory_use(detect_detector* detector, uint64_t* now, uint64_t* peak);

/* How many classes the model names; 0 if it does not say, or without a model. */
DETECT_API size_t detect_label_count(detect_detector* detector);
/* The name of class `label` (1, 2, ...), or null. Lives as long as the detector. */
DETECT_API const char* detect_label_name(detect_detector* detector, int32_t label);

/* Why the calling thread's last failed call on this detector failed: one sentence. Never null; empty if none failed.
 * Lives until this thread's next call that fails on this detector, or the detector's end. */
DETECT_API const char* detect_last_error(detect_detector* detector);

#ifdef __cplusplus
}
#endif

#endif
