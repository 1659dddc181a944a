#pragma once
#include <stdint.h>

// Vector loops of the plate solver (Inpainting/PlateSolver.swift), which minimises over the pixels of a hole
//     bend * |L u|^2 + tension * <u, L u>,     L = the graph Laplacian of the 4-neighbour grid,
// so the system matrix is A = bend * L * L + tension * L, rows and columns restricted to the hole.
//
// A field is `height` rows of `stride` floats; pixel (x, y) is field[y * stride + x]. Each field has a guard row above
// and below and a guard column left and right that repeat the outermost pixels (no flux through the border). Every
// function needs valid guards on its inputs and leaves valid guards on the fields it writes, except where stated.

/// One level of the multigrid hierarchy.
typedef struct {
    int32_t width, height, stride;
    const float *mask;             ///< field, 1 = unknown, 0 = known; guards are 0
    const int32_t *first, *last;   ///< per row: [first, last) holds all its unknowns; first >= last: none
    float bend, tension;
    float *scratch;                ///< 4 rows of `stride` floats
} rc_plate_grid;

/// u += (d = beta * d + alpha * (b - A u)) on the hole; one step of a Chebyshev iteration. d needs no guards.
void rc_plate_relax(const rc_plate_grid *grid, float *u, const float *b, float *d, float alpha, float beta);

/// u = d = alpha * b on the hole: the same step from u = 0. b must be 0 outside of the hole.
void rc_plate_relax_from_zero(const rc_plate_grid *grid, float *u, const float *b, float *d, float alpha);

/// r = b - A u on the hole, 0 elsewhere; b may be NULL for 0. Outside of the hole u may hold known values.
void rc_plate_residual(const rc_plate_grid *grid, const float *u, const float *b, float *r);

/// coarse b = P^T r with P the bi-quadratic B-spline refinement (1 3 3 1)/4 in each direction; zeroes coarse u.
/// Changes the guards of r.
void rc_plate_restrict(const rc_plate_grid *fine, const rc_plate_grid *coarse, float *r, float *coarse_b);

/// u += P e on the hole, e a field of the coarse grid.
void rc_plate_prolong(const rc_plate_grid *fine, const rc_plate_grid *coarse, const float *e, float *u);

/// Sum over the hole of a * b, in double precision.
double rc_plate_dot(const rc_plate_grid *grid, const float *a, const float *b);

/// y += alpha * x on the hole; guards of y stay valid.
void rc_plate_axpy(const rc_plate_grid *grid, float alpha, const float *x, float *y);

/// y = x + beta * y on the hole; guards of y stay valid.
void rc_plate_xpby(const rc_plate_grid *grid, const float *x, float beta, float *y);

/// Largest |a| over the hole.
float rc_plate_max(const rc_plate_grid *grid, const float *a);
