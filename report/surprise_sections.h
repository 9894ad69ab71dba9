#pragma once
// The sections of a page that only surprise has: models against their nulls by property, and pair
// by pair what surprised when and where. Internal.

#include <nlohmann/json_fwd.hpp>

#include <cstdint>
#include <string>

namespace physprobe {

/// The first model's mean over properties at the fixed context beside the strongest null's; only
/// for documents of `probe surprise`, whose models have a headline.
std::string render_surprise_headline(const nlohmann::json& results);

/// Each property's scores at the fixed context, Filtered, best of sweep and chosen on other scenes,
/// the model above its nulls, and the trajectory scores; "" for documents without properties.
std::string render_surprise_nulls(const nlohmann::json& results);

/// The specification that the page fills with one pair's surprise over time.
std::string surprise_chart_spec();

struct SurprisePairCards {
  std::string html;      ///< A whole section; "" where the run holds no pairs.jsonl.
  int64_t shown = 0;     ///< Pairs on the page …
  int64_t left_out = 0;  ///< … and left out for size.
};

/// From pairs.jsonl and media/ of the run: for every pair a chart of both members over time, their
/// frames below (possible above impossible), the moment, and where in the frame. Throws
/// Error(kInput) naming a line that is not as docs/surprise.md says.
SurprisePairCards render_surprise_pairs(const std::string& run_directory, int64_t max_bytes);

}  // namespace physprobe
