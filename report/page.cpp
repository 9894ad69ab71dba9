#include "physprobe/report/page.h"

#include "physprobe/core/error.h"
#include "physprobe/core/hashing.h"
#include "physprobe/report/assets.h"
#include "physprobe/report/html.h"

#include <fmt/format.h>

namespace physprobe {
namespace {

std::string policy(std::string_view scripts) {
  // report_data/ lies beside the page: 'self' when it is served, file: when it is opened from disk.
  return fmt::format(
      "default-src 'none'; script-src {} {} 'self' file:; style-src 'unsafe-inline'; img-src data: "
      "blob: 'self' file:; "
      "media-src data: 'self' file:; base-uri 'none'; form-action 'none'",
      csp_hash(asset_vega()), csp_hash(scripts));
}

}  // namespace

std::string csp_hash(std::string_view script) {
  const std::string hex = sha256_hex(script);
  std::string bytes;
  for (std::size_t i = 0; i < hex.size(); i += 2)
    bytes += static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16));
  return "'sha256-" + base64(bytes) + "'";
}

PageKind run_page() {
  return {"report/assets/page.html", asset_page(), asset_scripts()};
}

PageKind pairs_page() {
  return {"report/assets/pairs.html", asset_pairs_page(), asset_pairs_scripts()};
}

std::string compose_page(const std::map<std::string, std::string>& slots, const PageKind& kind) {
  const std::map<std::string, std::string> own = {{"policy", policy(kind.scripts)},
                                                  {"css", std::string(asset_css())},
                                                  {"vega", std::string(asset_vega())},
                                                  {"scripts", std::string(kind.scripts)}};
  const std::string_view page = kind.page;
  std::string out;
  std::size_t position = 0;
  while (true) {
    const std::size_t open = page.find("{{", position);
    if (open == std::string_view::npos) break;
    const std::size_t close = page.find("}}", open);
    const std::string name(page.substr(open + 2, close - open - 2));
    out += page.substr(position, open - position);
    if (const auto slot = slots.find(name); slot != slots.end()) {
      out += slot->second;
    } else if (const auto found = own.find(name); found != own.end()) {
      out += found->second;
    } else {
      throw Error(ErrorKind::kInternal, std::string(kind.name), "slot '" + name + "' has no text");
    }
    position = close + 2;
  }
  out += page.substr(position);
  return out;
}

}  // namespace physprobe
