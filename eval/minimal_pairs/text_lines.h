#pragma once
// A text cut into runs of whole lines, so that a large log is read by all cores and every message
// still names its line. Internal to eval/minimal_pairs.

#include <cstdint>
#include <functional>
#include <string_view>
#include <vector>

namespace physprobe {

struct LineBlock {
  std::string_view text;
  int64_t first_line = 1;
};

/// Blocks of about `bytes` each, cut after line ends.
std::vector<LineBlock> line_blocks(std::string_view text, std::size_t bytes = std::size_t{1} << 19);

/// Calls `body(line number, line)` for each line that is not blank; line ends (LF, CRLF) are taken
/// off.
void for_each_line(const LineBlock& block,
                   const std::function<void(int64_t, std::string_view)>& body);

}  // namespace physprobe
