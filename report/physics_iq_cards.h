#pragma once
// A card for every generated video of a Physics-IQ evaluation: real, generated and overlap side by
// side, heat map and masks over time, curves frame by frame. Internal.

#include "physprobe/report/media_shelf.h"

#include <nlohmann/json_fwd.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace physprobe {

/// Where a media file is shown from: embedded while there is room, else beside the page.
class MediaRoom {
 public:
  MediaRoom(const std::string& directory, int64_t bytes) : shelf_(directory), bytes_(bytes) {}
  /// What stands in a src attribute; "" if the line names no such file.
  std::string source(const nlohmann::json& media, const char* key);
  int64_t left_out() const { return left_out_; }

 private:
  MediaShelf shelf_;
  int64_t bytes_;
  int64_t left_out_ = 0;
};

/// One card a line of items.jsonl, in this order.
std::string physics_iq_cards(const std::vector<nlohmann::json>& lines, MediaRoom& room);

/// The cards' style sheet.
const char* physics_iq_style();
/// Shows a clip's controls once it is played; without scripts they are always there.
std::string_view physics_iq_script();

/// Room that a card takes without its media.
constexpr int64_t kPhysicsIqCardBytes = 12'000;

}  // namespace physprobe
