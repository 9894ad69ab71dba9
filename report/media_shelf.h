#pragma once
// Pictures and clips of a run, read from its media/ folder and embedded as data. A film strip is
// embedded once, as a background of a CSS class, however many cards show it: its own, and those of
// the queries that retrieve it. Internal.

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>

namespace physprobe {

class MediaShelf {
 public:
  explicit MediaShelf(std::string run_directory) : directory_(std::move(run_directory)) {}

  /// "data:image/jpeg;base64,…" of a file given relative to the run; nullopt when it is not there
  /// or empty (noted in `missing`). Throws Error(kInput) for a path that leaves the run's media/
  /// folder or a kind of file a browser does not show.
  std::optional<std::string> data_uri(const std::string& relative);

  /// Bytes that embedding this strip would add to the page; 0 when it stands there already; -1 when
  /// there is no such file.
  int64_t strip_cost(const std::string& relative);
  void embed_strip(const std::string& relative);
  /// "m7", or "" when the strip is not embedded.
  std::string strip_class(const std::string& relative) const;
  /// The rules of all embedded strips.
  const std::string& css() const { return css_; }

  int64_t missing() const { return static_cast<int64_t>(missing_.size()); }

  /// A media path as a URL relative to the report, checked like data_uri.
  static std::string relative_url(const std::string& relative);

 private:
  std::string rule(const std::string& relative);
  std::string directory_;
  std::map<std::string, std::string> classes_;
  std::string css_;
  std::set<std::string> missing_;
};

}  // namespace physprobe
