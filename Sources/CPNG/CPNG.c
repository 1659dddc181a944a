#include "CPNG.h"

#include <libdeflate.h>
#include <stdlib.h>
#include <string.h>

// Of 512x512 pixels of rock level 1 makes 387 kB in 5.5 ms, level 3 390 kB in 9.9 ms, zlib's level 2 402 kB in 12.5 ms.
enum { LEVEL = 1, PAETH = 4 };

// ISO/IEC 15948, 9.4: the neighbour that is nearest to left + above - upper left. Without branches, for the vectoriser.
static uint8_t paeth(int16_t left, int16_t above, int16_t corner) {
    int16_t to_left = (int16_t)(above - corner), to_above = (int16_t)(left - corner);
    int16_t to_corner = (int16_t)(to_left + to_above);
    to_left = to_left < 0 ? -to_left : to_left;
    to_above = to_above < 0 ? -to_above : to_above;
    to_corner = to_corner < 0 ? -to_corner : to_corner;
    int16_t second = to_above <= to_corner ? above : corner;
    return (uint8_t)(to_left <= to_above && to_left <= to_corner ? left : second);
}

static void filter_row(uint8_t *restrict to, const uint8_t *restrict row, const uint8_t *restrict above, size_t count,
                       size_t pixel_bytes) {
    for (size_t i = 0; i < pixel_bytes; i++) to[i] = (uint8_t)(row[i] - above[i]);
    for (size_t i = pixel_bytes; i < count; i++)
        to[i] = (uint8_t)(row[i] - paeth(row[i - pixel_bytes], above[i], above[i - pixel_bytes]));
}

static void copy_row(uint8_t *restrict to, const uint8_t *restrict from, size_t count, int swaps) {
    if (!swaps) {
        memcpy(to, from, count);
        return;
    }
    for (size_t i = 0; i + 1 < count; i += 2) {
        to[i] = from[i + 1];
        to[i + 1] = from[i];
    }
}

// From the last row to the first: a row moves down by as many bytes as there are rows above it, over rows that have moved.
int refine_png_filter(uint8_t *memory, size_t row_bytes, size_t rows, size_t pixel_bytes, int swaps) {
    uint8_t *copies = calloc(2, row_bytes);
    if (copies == NULL) return -1;
    uint8_t *row = copies, *above = copies + row_bytes;
    if (rows > 0) copy_row(row, memory + (rows - 1) * row_bytes, row_bytes, swaps);
    for (size_t y = rows; y-- > 0;) {
        if (y > 0)
            copy_row(above, memory + (y - 1) * row_bytes, row_bytes, swaps);
        else
            memset(above, 0, row_bytes);
        uint8_t *to = memory + y * (row_bytes + 1);
        to[0] = PAETH;
        filter_row(to + 1, row, above, row_bytes, pixel_bytes);
        uint8_t *next = row;
        row = above;
        above = next;
    }
    free(copies);
    return 0;
}

size_t refine_png_deflate_bound(size_t count) { return libdeflate_zlib_compress_bound(NULL, count); }

size_t refine_png_deflate(const uint8_t *bytes, size_t count, uint8_t *target, size_t room) {
    struct libdeflate_compressor *compressor = libdeflate_alloc_compressor(LEVEL);
    if (compressor == NULL) return 0;
    size_t length = libdeflate_zlib_compress(compressor, bytes, count, target, room);
    libdeflate_free_compressor(compressor);
    return length;
}

uint32_t refine_png_checksum(const uint8_t *bytes, size_t count) { return libdeflate_crc32(0, bytes, count); }
