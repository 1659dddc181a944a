#pragma once
// The pixels of PNG files: filtered, and compressed by libdeflate, which takes half of zlib's time.
#include <stddef.h>
#include <stdint.h>

/// Filters rows by Paeth, in place: `memory` holds `rows` rows of `row_bytes` samples, without gaps, and has room for one
/// byte more for each row; afterwards each row has its filter's number before it.
///
/// - pixel_bytes: 1 to 8.
/// - swaps: not 0 for samples of 16 bits in the order of a little-endian machine, which PNG has the other way round.
/// Returns 0, or -1 where memory is short.
int refine_png_filter(uint8_t *memory, size_t row_bytes, size_t rows, size_t pixel_bytes, int swaps);

/// The most that refine_png_deflate writes.
size_t refine_png_deflate_bound(size_t count);
/// Compresses to a zlib stream, fast. Returns its length, or 0 where memory is short or `room` is below the bound.
size_t refine_png_deflate(const uint8_t *bytes, size_t count, uint8_t *target, size_t room);

/// CRC-32 as PNG's chunks have it.
uint32_t refine_png_checksum(const uint8_t *bytes, size_t count);
