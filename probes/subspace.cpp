#include "physprobe/probes/subspace.h"

#include "physprobe/core/error.h"

#include <algorithm>
#include <cmath>

namespace physprobe {
namespace {

double tail_dot(const Column& a, const Column& b, size_t begin) {
  // Four running sums: fixed order, and not one long chain of dependent additions.
  double sums[4] = {};
  size_t i = begin;
  for (; i + 4 <= a.size(); i += 4) {
    for (size_t lane = 0; lane < 4; ++lane) sums[lane] += a[i + lane] * b[i + lane];
  }
  for (; i < a.size(); ++i) sums[0] += a[i] * b[i];
  return (sums[0] + sums[1]) + (sums[2] + sums[3]);
}

/// Householder reflections that leave the k-th of n columns with at most k + 1 leading entries; all
/// other entries are then cut off.
void triangularise(Columns& columns) {
  const size_t n = columns.size();
  Column reflector;
  for (size_t k = 0; k < n; ++k) {
    const double norm = std::sqrt(tail_dot(columns[k], columns[k], k));
    if (norm == 0.0) continue;
    const double pivot = columns[k][k] > 0.0 ? -norm : norm;
    reflector = columns[k];
    reflector[k] -= pivot;
    const double half_square = 0.5 * tail_dot(reflector, reflector, k);
    for (size_t j = k + 1; j < n; ++j) {
      const double factor = tail_dot(reflector, columns[j], k) / half_square;
      for (size_t i = k; i < reflector.size(); ++i) columns[j][i] -= factor * reflector[i];
    }
    columns[k][k] = pivot;
    std::fill(columns[k].begin() + static_cast<std::ptrdiff_t>(k) + 1, columns[k].end(), 0.0);
  }
  for (Column& column : columns) column.resize(n);
}

void rotate(Column& a, Column& b, double cosine, double sine) {
  for (size_t i = 0; i < a.size(); ++i) {
    const double x = a[i];
    const double y = b[i];
    a[i] = cosine * x - sine * y;
    b[i] = sine * x + cosine * y;
  }
}

}  // namespace

double dot(const Column& a, const Column& b) {
  return tail_dot(a, b, 0);
}

Columns span_coordinates(const double* rows, int64_t count, int64_t size) {
  // One piece of the coordinates at a time under the triangle found so far: all columns of a piece
  // stay in the cache, and no copy of the rows is made.
  constexpr int64_t kPiece = 1024;
  const auto n = static_cast<size_t>(count);
  if (size <= count) {
    Columns columns;
    for (int64_t i = 0; i < count; ++i) {
      columns.emplace_back(rows + i * size, rows + (i + 1) * size);
    }
    return columns;
  }
  Columns columns(n, Column(n, 0.0));
  for (int64_t begin = 0; begin < size; begin += kPiece) {
    const int64_t end = std::min(size, begin + kPiece);
    for (int64_t i = 0; i < count; ++i) {
      Column& column = columns[static_cast<size_t>(i)];
      column.insert(column.end(), rows + i * size + begin, rows + i * size + end);
    }
    triangularise(columns);
  }
  return columns;
}

Columns orthonormal_basis(Columns columns, double relative_cut) {
  constexpr int kMaxSweeps = 60;
  constexpr double kOrthogonal = 1e-15;
  // Columns this small beside the largest are rounding; rotating them further would never settle.
  constexpr double kNegligible = 1e-14;
  const auto largest_square = [&] {
    double largest = 0.0;
    for (const Column& column : columns) largest = std::max(largest, dot(column, column));
    return largest;
  };
  for (int sweep = 0; sweep < kMaxSweeps; ++sweep) {
    const double floor = largest_square() * kNegligible * kNegligible;
    bool settled = true;
    for (size_t i = 0; i < columns.size(); ++i) {
      for (size_t j = i + 1; j < columns.size(); ++j) {
        const double a = dot(columns[i], columns[i]);
        const double b = dot(columns[j], columns[j]);
        const double c = dot(columns[i], columns[j]);
        if (a <= floor || b <= floor || std::abs(c) <= kOrthogonal * std::sqrt(a) * std::sqrt(b)) {
          continue;
        }
        settled = false;
        const double zeta = (b - a) / (2.0 * c);
        const double tangent =
            (zeta >= 0.0 ? 1.0 : -1.0) / (std::abs(zeta) + std::sqrt(1.0 + zeta * zeta));
        const double cosine = 1.0 / std::sqrt(1.0 + tangent * tangent);
        rotate(columns[i], columns[j], cosine, cosine * tangent);
      }
    }
    if (settled) break;
  }
  const double cut = std::sqrt(largest_square()) * relative_cut;
  Columns basis;
  for (Column& column : columns) {
    const double norm = std::sqrt(dot(column, column));
    if (!(norm > cut)) continue;
    for (double& value : column) value /= norm;
    basis.push_back(std::move(column));
  }
  return basis;
}

Column reject(Column target, const Columns& basis) {
  // Twice: the second pass removes what rounding left of the first.
  for (int pass = 0; pass < 2; ++pass) {
    for (const Column& direction : basis) {
      const double along = dot(direction, target);
      for (size_t i = 0; i < target.size(); ++i) target[i] -= along * direction[i];
    }
  }
  return target;
}

void solve_positive_definite(std::vector<double> matrix, int64_t n, Columns& right_sides) {
  const auto size = static_cast<size_t>(n);
  const auto at = [&](size_t i, size_t j) -> double& { return matrix[i * size + j]; };
  for (size_t j = 0; j < size; ++j) {
    for (size_t i = j; i < size; ++i) {
      double sum = at(i, j);
      for (size_t k = 0; k < j; ++k) sum -= at(i, k) * at(j, k);
      if (i > j) {
        at(i, j) = sum / at(j, j);
      } else if (sum > 0.0) {
        at(j, j) = std::sqrt(sum);
      } else {
        throw Error(ErrorKind::kInternal, "linear system", "the matrix is not positive definite");
      }
    }
  }
  for (Column& x : right_sides) {
    for (size_t i = 0; i < size; ++i) {
      for (size_t k = 0; k < i; ++k) x[i] -= at(i, k) * x[k];
      x[i] /= at(i, i);
    }
    for (size_t i = size; i-- > 0;) {
      for (size_t k = i + 1; k < size; ++k) x[i] -= at(k, i) * x[k];
      x[i] /= at(i, i);
    }
  }
}

}  // namespace physprobe
