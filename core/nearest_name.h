#pragma once
// "Did you mean …": the known names nearest to a misspelt one.

#include <string>
#include <vector>

namespace physprobe {

/// Up to `limit` candidates by ascending edit distance (at most a third of the longer name, plus
/// one).
std::vector<std::string> nearest_names(const std::string& name,
                                       const std::vector<std::string>& candidates,
                                       std::size_t limit = 3);

/// "; did you mean 'a' or 'b'?" or, when nothing is near, "; known: a, b, c".
std::string did_you_mean(const std::string& name, const std::vector<std::string>& candidates);

}  // namespace physprobe
