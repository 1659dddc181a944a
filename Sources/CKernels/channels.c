#include "vectors.h"

typedef struct {
    const float *x, *bias;
    float *y;
    int64_t channels, inner, bias_stride, rows, columns;
} operands;

CLONES static void add_row(const float *x, float bias, float *y, int64_t n) {
#pragma clang loop vectorize(assume_safety)
    for (int64_t i = 0; i < n; i++) y[i] = x[i] + bias;
}

CLONES static void fill_row(float bias, float *y, int64_t n) {
    for (int64_t i = 0; i < n; i++) y[i] = bias;
}

static void channel_add_rows(void *context, int64_t begin, int64_t end) {
    const operands *o = context;
    for (int64_t row = begin; row < end; row++) {
        float bias = o->bias[row / o->channels * o->bias_stride + row % o->channels];
        if (o->x) add_row(o->x + row * o->inner, bias, o->y + row * o->inner, o->inner);
        else fill_row(bias, o->y + row * o->inner, o->inner);
    }
}

CLONES static void add_vector(const float *x, const float *restrict bias, float *y, int64_t n) {
#pragma clang loop vectorize(assume_safety)
    for (int64_t i = 0; i < n; i++) y[i] = x[i] + bias[i];
}

// Without extent, as the rows of a linear layer are: all channels of an image at a time.
static void channel_add_images(void *context, int64_t begin, int64_t end) {
    const operands *o = context;
    for (int64_t image = begin; image < end; image++) {
        const float *bias = o->bias + image * o->bias_stride;
        float *y = o->y + image * o->channels;
        if (o->x) add_vector(o->x + image * o->channels, bias, y, o->channels);
        else memcpy(y, bias, (size_t)o->channels * sizeof(float));
    }
}

void rk_channel_add(const float *x, const float *bias, int64_t bias_stride, float *y, int64_t outer, int64_t channels,
                    int64_t inner) {
    operands o = {.x = x, .bias = bias, .y = y, .channels = channels, .inner = inner, .bias_stride = bias_stride};
    if (inner == 1) rk_parallel(outer, grain_of(channels), channel_add_images, &o);
    else rk_parallel(outer * channels, grain_of(inner), channel_add_rows, &o);
}

CLONES static float row_sum(const float *restrict x, int64_t n) {
    float lanes[LANES] = {0};
    int64_t i = 0;
    for (; i + LANES <= n; i += LANES)
        for (int l = 0; l < LANES; l++) lanes[l] += x[i + l];
    float total = sum_lanes(lanes);
    for (; i < n; i++) total += x[i];
    return total;
}

static void inner_sum_rows(void *context, int64_t begin, int64_t end) {
    const operands *o = context;
    for (int64_t row = begin; row < end; row++) o->y[row] = row_sum(o->x + row * o->inner, o->inner);
}

void rk_inner_sum(const float *x, float *sums, int64_t rows, int64_t inner) {
    if (inner == 1) {
        rk_copy_rows(x, rows, sums, rows, 1, rows);
        return;
    }
    operands o = {.x = x, .y = sums, .inner = inner};
    rk_parallel(rows, grain_of(inner), inner_sum_rows, &o);
}

CLONES void rk_outer_sum(const float *x, float *sums, int64_t outer, int64_t columns) {
    memset(sums, 0, (size_t)columns * sizeof(float));
    for (int64_t o = 0; o < outer; o++)
        for (int64_t c = 0; c < columns; c++) sums[c] += x[o * columns + c];
}

typedef struct {
    const float *x;
    float *y;
    int64_t x_stride, y_stride, width, pieces;
} rows_to_copy;

static void copy_pieces(void *context, int64_t begin, int64_t end) {
    const rows_to_copy *o = context;
    for (int64_t piece = begin; piece < end; piece++) {
        int64_t row = piece / o->pieces, first = o->width * (piece % o->pieces) / o->pieces;
        int64_t last = o->width * (piece % o->pieces + 1) / o->pieces;
        memcpy(o->y + row * o->y_stride + first, o->x + row * o->x_stride + first,
               (size_t)(last - first) * sizeof(float));
    }
}

void rk_copy_rows(const float *x, int64_t x_stride, float *y, int64_t y_stride, int64_t rows, int64_t width) {
    // Rows may be few and long: the images of a batch.
    int64_t pieces = width / GRAIN + 1;
    rows_to_copy o = {x, y, x_stride, y_stride, width, pieces};
    rk_parallel(rows * pieces, grain_of(width / pieces), copy_pieces, &o);
}

// Columns begin..<end of x, 8 rows at a time.
CLONES static void transpose_band(const float *restrict x, float *restrict y, int64_t rows, int64_t columns,
                                  int64_t begin, int64_t end) {
    for (int64_t row = 0; row < rows; row += 8)
        for (int64_t c = begin; c < end; c += 8) {
            if (row + 8 <= rows && c + 8 <= end) {
                f8 r[8];
                for (int i = 0; i < 8; i++) r[i] = load8(x + (row + i) * columns + c);
                transpose8(r);
                for (int i = 0; i < 8; i++) store8(y + (c + i) * rows + row, r[i]);
            } else {
                for (int64_t j = c; j < (c + 8 < end ? c + 8 : end); j++)
                    for (int64_t i = row; i < (row + 8 < rows ? row + 8 : rows); i++)
                        y[j * rows + i] = x[i * columns + j];
            }
        }
}

// Bands of so many columns: whole lines of both sides.
enum { BAND = 16 };

static void transpose_bands(void *context, int64_t begin, int64_t end) {
    const operands *o = context;
    int64_t bands = (o->columns + BAND - 1) / BAND, size = o->rows * o->columns;
    for (int64_t index = begin; index < end; index++) {
        int64_t plane = index / bands * size, first = index % bands * BAND;
        transpose_band(o->x + plane, o->y + plane, o->rows, o->columns, first,
                       first + BAND < o->columns ? first + BAND : o->columns);
    }
}

void rk_transpose(const float *x, float *y, int64_t batch, int64_t rows, int64_t columns) {
    operands o = {.x = x, .y = y, .rows = rows, .columns = columns};
    rk_parallel(batch * ((columns + BAND - 1) / BAND), grain_of(rows * BAND), transpose_bands, &o);
}
