#pragma once
// JPEG files as quantised DCT coefficients, by libjpeg's own reading and writing of them.
//
// libjpeg reports errors by leaving through longjmp, which must not pass Swift frames: every function here catches it
// and returns an error instead. A handle belongs to one thread at a time.
#include <stddef.h>
#include <stdint.h>

typedef struct refine_jpeg refine_jpeg;

typedef enum {
    REFINE_JPEG_GREY = 1,
    REFINE_JPEG_YCC = 2,
    REFINE_JPEG_RGB = 3,
    REFINE_JPEG_CMYK = 4,
    REFINE_JPEG_YCCK = 5,
    REFINE_JPEG_OTHER = 0,
} refine_jpeg_colour;

typedef struct {
    int width, height;
    int components;
    refine_jpeg_colour colour;
    int has_adobe_marker;
    int is_progressive;
    int is_arithmetic;
    int restart_interval;   // MCUs
} refine_jpeg_info;

typedef struct {
    int horizontal, vertical;   // sampling factors
    int columns, rows;          // in blocks of 8x8, without the encoder's padding
    const uint16_t *table;      // 64 divisors in natural order
} refine_jpeg_component;

typedef struct {
    int code;               // 0xE0...0xEF, or 0xFE for a comment
    const uint8_t *bytes;
    unsigned count;
} refine_jpeg_marker;

/// Reads all coefficients. `file` must outlive the handle. NULL where libjpeg gives up.
refine_jpeg *refine_jpeg_open(const uint8_t *file, size_t count);
void refine_jpeg_close(refine_jpeg *jpeg);

refine_jpeg_info refine_jpeg_get_info(const refine_jpeg *jpeg);
/// The component at `index`, which must exist. `table` is NULL where the file has none for it.
refine_jpeg_component refine_jpeg_get_component(const refine_jpeg *jpeg, int index);
/// Application and comment markers in the file's order. Returns how many there are; writes at most `room`.
int refine_jpeg_get_markers(const refine_jpeg *jpeg, refine_jpeg_marker *markers, int room);

/// A row of blocks of a component, 64 coefficients each in natural order, valid until the next call. NULL on an error.
int16_t *refine_jpeg_blocks(refine_jpeg *jpeg, int component, int row, int writable);

/// Writes the coefficients as they are now, with the file's tables, sampling, mode and restart interval, and these
/// markers alone. 0, or -1 on an error. The bytes are the caller's, to be given back by refine_jpeg_free.
int refine_jpeg_write(refine_jpeg *jpeg, const refine_jpeg_marker *markers, int count, uint8_t **bytes, size_t *size);
void refine_jpeg_free(uint8_t *bytes);
