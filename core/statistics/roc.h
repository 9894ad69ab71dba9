#pragma once
// Areas under the curves of a score that should separate two classes.

#include <vector>

namespace physprobe {

/// P(positive > negative) + P(equal) / 2 over all pairs: the area under the ROC curve, which is the
/// Mann-Whitney statistic. O(n log n). NaN if a class is empty. Throws Error(kInput) naming the
/// first value that is not finite.
double auroc(const std::vector<double>& positive, const std::vector<double>& negative);

/// Trapezoid area under (recall, precision) over all distinct thresholds, end point (0, 1)
/// included. Not average precision: it interpolates linearly and is optimistic (Davis and Goadrich
/// 2006); kept because published numbers are of this kind. NaN if a class is empty; errors as
/// above.
double precision_recall_area(const std::vector<double>& positive,
                             const std::vector<double>& negative);

}  // namespace physprobe
