// SPDX-License-Identifier: Apache-2.0
/* A camera for programs that are started with LD_PRELOAD=libvirtual_camera.so: /dev/video62, as the kernel's
 * video4linux2 interface shows one, with pictures of 64x48 BGR pixels, 50 a second. Every pixel of picture number n is
 * (n, 128, 255 - n). VIRTUAL_CAMERA_PICTURES: it is unplugged after so many. */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/videodev2.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define VISIBLE __attribute__((visibility("default")))

enum { width = 64, height = 48, picture_bytes = 3 * width * height, buffer_bytes = 12288, most_buffers = 8 };

static int device = -1;
static unsigned char* memory;
/* Buffers that wait to be filled, the oldest first. */
static unsigned queued[most_buffers];
static unsigned queued_count;
static unsigned next_picture;

static int open_device(void) {
    device = memfd_create("virtual camera", 0);
    if (device < 0 || ftruncate(device, most_buffers * buffer_bytes) != 0) return -1;
    memory = mmap(NULL, most_buffers * buffer_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, device, 0);
    return memory == MAP_FAILED ? -1 : device;
}

/* What the program would have called without this library. */
static void* hidden(const char* name) { return dlsym(RTLD_NEXT, name); }

static int is_device(const char* path) { return strcmp(path, "/dev/video62") == 0; }

VISIBLE int open(const char* path, int flags, ...) {
    if (is_device(path)) return open_device();
    va_list arguments;
    va_start(arguments, flags);
    const unsigned mode = va_arg(arguments, unsigned);
    va_end(arguments);
    int (*next)(const char*, int, ...);
    *(void**)&next = hidden("open");
    return next(path, flags, mode);
}

/* The same where file offsets have 64 bits anyway. */
VISIBLE int open64(const char* path, int flags, ...) __attribute__((alias("open")));

static int fail(int error) {
    errno = error;
    return -1;
}

static void describe(struct v4l2_pix_format* format) {
    memset(format, 0, sizeof *format);
    format->width = width;
    format->height = height;
    format->pixelformat = V4L2_PIX_FMT_BGR24;
    format->field = V4L2_FIELD_NONE;
    format->bytesperline = 3 * width;
    format->sizeimage = picture_bytes;
}

static int dequeue(struct v4l2_buffer* buffer) {
    const char* const pictures = getenv("VIRTUAL_CAMERA_PICTURES");
    if (pictures != NULL && next_picture >= (unsigned)atoi(pictures)) return fail(ENODEV);
    if (queued_count == 0) return fail(EAGAIN);
    const struct timespec between = {0, 20 * 1000 * 1000};
    nanosleep(&between, NULL);
    const unsigned index = queued[0];
    memmove(queued, queued + 1, --queued_count * sizeof queued[0]);
    for (unsigned i = 0; i < picture_bytes; i += 3) {
        unsigned char* const pixel = memory + index * buffer_bytes + i;
        pixel[0] = (unsigned char)next_picture;
        pixel[1] = 128;
        pixel[2] = (unsigned char)(255 - next_picture);
    }
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    buffer->index = index;
    buffer->bytesused = picture_bytes;
    buffer->length = buffer_bytes;
    buffer->m.offset = index * buffer_bytes;
    buffer->sequence = next_picture++;
    buffer->timestamp.tv_sec = now.tv_sec;
    buffer->timestamp.tv_usec = now.tv_nsec / 1000;
    return 0;
}

static int control(unsigned long request, void* argument) {
    switch (request) {
    case VIDIOC_QUERYCAP: {
        struct v4l2_capability* const capability = argument;
        memset(capability, 0, sizeof *capability);
        strcpy((char*)capability->driver, "virtual");
        capability->capabilities = V4L2_CAP_VIDEO_CAPTURE | V4L2_CAP_STREAMING;
        return 0;
    }
    case VIDIOC_G_FMT:
    case VIDIOC_TRY_FMT:
    case VIDIOC_S_FMT: describe(&((struct v4l2_format*)argument)->fmt.pix); return 0;
    case VIDIOC_G_PARM:
    case VIDIOC_S_PARM: {
        struct v4l2_captureparm* const capture = &((struct v4l2_streamparm*)argument)->parm.capture;
        capture->capability = V4L2_CAP_TIMEPERFRAME;
        capture->timeperframe.numerator = 1;
        capture->timeperframe.denominator = 50;
        return 0;
    }
    case VIDIOC_REQBUFS: {
        struct v4l2_requestbuffers* const buffers = argument;
        if (buffers->count > most_buffers) buffers->count = most_buffers;
        queued_count = 0;
        return 0;
    }
    case VIDIOC_QUERYBUF: {
        struct v4l2_buffer* const buffer = argument;
        if (buffer->index >= most_buffers) return fail(EINVAL);
        buffer->length = buffer_bytes;
        buffer->m.offset = buffer->index * buffer_bytes;
        return 0;
    }
    case VIDIOC_QBUF:
        if (queued_count == most_buffers) return fail(EINVAL);
        queued[queued_count++] = ((struct v4l2_buffer*)argument)->index;
        return 0;
    case VIDIOC_DQBUF: return dequeue(argument);
    case VIDIOC_STREAMON: return 0;
    case VIDIOC_STREAMOFF: queued_count = 0; return 0;
    default: return fail(EINVAL);
    }
}

VISIBLE int ioctl(int file, unsigned long request, ...) {
    va_list arguments;
    va_start(arguments, request);
    void* const argument = va_arg(arguments, void*);
    va_end(arguments);
    if (file == device && device >= 0) return control(request & 0xFFFFFFFFUL, argument);
    int (*next)(int, unsigned long, ...);
    *(void**)&next = hidden("ioctl");
    return next(file, request, argument);
}
