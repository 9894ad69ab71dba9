#pragma once
// Small dense linear algebra for prediction residuals, in double and in a fixed order: an
// orthonormal basis by one-sided Jacobi rotations, which resolves singular values far below what a
// Gram matrix can (1e-10 of the largest matters here), and a change of coordinates that shrinks
// wide rows. Internal to probes/.

#include <cstdint>
#include <vector>

namespace physprobe {

using Column = std::vector<double>;
using Columns = std::vector<Column>;

/// sum a_i b_i over equal lengths.
double dot(const Column& a, const Column& b);

/// Coordinates of the `count` rows of length `size` in an orthonormal basis of their span: every
/// inner product and difference keeps its length, each vector has at most `count` entries.
/// Householder reflections.
Columns span_coordinates(const double* rows, int64_t count, int64_t size);

/// Orthonormal directions spanning `columns` (equal lengths); directions whose singular value is at
/// most `relative_cut` of the largest are dropped. Empty if all columns are zero.
Columns orthonormal_basis(Columns columns, double relative_cut);

/// `target` minus its projection on an orthonormal basis.
Column reject(Column target, const Columns& basis);

/// Solves A x = b in place for each column b; `matrix` is symmetric positive definite, row-major n
/// x n.
void solve_positive_definite(std::vector<double> matrix, int64_t n, Columns& right_sides);

}  // namespace physprobe
