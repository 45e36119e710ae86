// SPDX-License-Identifier: Apache-2.0
/* c_program MODEL.onnx PICTURE.ppm: the C interface, with a picture in the simplest of formats (PPM, 8 bits). */
#include <detect/detect.h>

#include <stdio.h>
#include <stdlib.h>

/* The pixels of a binary PPM, to be freed; null if it is none. */
static unsigned char* read_ppm(const char* path, int* width, int* height) {
    unsigned char* pixels = NULL;
    FILE* file = fopen(path, "rb");
    if (file == NULL) return NULL;
    if (fscanf(file, "P6 %d %d 255%*1[\n]", width, height) == 2 && *width > 0 && *height > 0 && *width < 100000 &&
        *height < 100000) {
        const size_t size = (size_t)*width * (size_t)*height * 3;
        pixels = malloc(size);
        if (pixels != NULL && fread(pixels, 1, size, file) != size) {
            free(pixels);
            pixels = NULL;
        }
    }
    fclose(file);
    return pixels;
}

static int print_detections(detect_detector* detector, const detect_image* image) {
    detect_result* result = NULL;
    const detect_detection* found = NULL;
    size_t count = 0, i;
    if (detect_run(detector, image, 1, &result) != DETECT_OK ||
        detect_result_detections(detector, result, 0, &found, &count) != DETECT_OK) {
        fprintf(stderr, "%s\n", detect_last_error(detector));
        return 1;
    }
    for (i = 0; i < count; ++i) {
        const char* name = detect_label_name(detector, found[i].label);
        printf("%s %.3f %.1f %.1f %.1f %.1f\n", name != NULL ? name : "?", found[i].score, found[i].x1, found[i].y1,
               found[i].x2, found[i].y2);
    }
    detect_result_free(detector, result);
    return 0;
}

int main(int count, char** words) {
    detect_detector* detector = NULL;
    detect_options options;
    detect_image image = {.format = DETECT_RGB8};
    unsigned char* pixels;
    int failed = 1;
    if (count != 3) return fprintf(stderr, "usage: c_program MODEL.onnx PICTURE.ppm\n"), 2;
    if (detect_abi_version() != DETECT_ABI_VERSION) return fprintf(stderr, "another libdetect is installed\n"), 1;
    pixels = read_ppm(words[2], &image.width, &image.height);
    if (pixels == NULL) return fprintf(stderr, "%s is no binary PPM\n", words[2]), 1;
    image.pixels = pixels;
    image.stride_bytes = (size_t)image.width * 3;

    detect_options_init(&options);
    options.memory_limit = 2000000000u;
    if (detect_create(&detector) == DETECT_OK) {
        if (detect_load_file(detector, words[1], &options) == DETECT_OK) {
            failed = print_detections(detector, &image);
        } else {
            fprintf(stderr, "%s\n", detect_last_error(detector));
        }
    }
    detect_destroy(detector);
    free(pixels);
    return failed;
}
