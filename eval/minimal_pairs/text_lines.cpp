#include "physprobe/eval/minimal_pairs/text_lines.h"

#include <algorithm>

namespace physprobe {

std::vector<LineBlock> line_blocks(std::string_view text, std::size_t bytes) {
  constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
  if (text.substr(0, kByteOrderMark.size()) == kByteOrderMark)
    text.remove_prefix(kByteOrderMark.size());
  std::vector<LineBlock> blocks;
  int64_t line = 1;
  while (!text.empty()) {
    std::size_t end = text.size();
    if (bytes < text.size()) {
      const std::size_t newline = text.find('\n', bytes);
      if (newline != std::string_view::npos) end = newline + 1;
    }
    blocks.push_back({text.substr(0, end), line});
    line += std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(end), '\n');
    text.remove_prefix(end);
  }
  return blocks;
}

void for_each_line(const LineBlock& block,
                   const std::function<void(int64_t, std::string_view)>& body) {
  std::string_view rest = block.text;
  for (int64_t number = block.first_line; !rest.empty(); ++number) {
    const std::size_t newline = std::min(rest.find('\n'), rest.size());
    std::string_view line = rest.substr(0, newline);
    rest.remove_prefix(std::min(rest.size(), newline + 1));
    if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
    if (line.find_first_not_of(" \t") != std::string_view::npos) body(number, line);
  }
}

}  // namespace physprobe
