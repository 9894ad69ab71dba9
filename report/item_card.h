#pragma once
// One video as a card: its clip, its film strip with the step-by-step angle beneath, its numbers
// per tap, the cases retrieved for it. The same card stands on the page and in report_data/; only
// where the pictures come from differs. Internal.

#include "physprobe/report/run_files.h"

#include <nlohmann/json_fwd.hpp>

#include <functional>
#include <string>

namespace physprobe {

/// Where a film strip comes from: a class of the page's style sheet, or a style of its own. Both
/// empty: not shown.
struct Picture {
  std::string css_class;
  std::string style;
};

struct CardLook {
  std::function<Picture(const std::string& strip_path)> strip;
  std::function<std::string(const std::string& clip_path)>
      clip;  ///< The src of the video, "" for none.
};

/// HTML of one line of items.jsonl. Throws nlohmann exceptions where the line is not as
/// docs/run_format.md says.
std::string render_item_card(const RunFiles& run, const nlohmann::json& line, const CardLook& look);

}  // namespace physprobe
