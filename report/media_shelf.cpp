#include "physprobe/report/media_shelf.h"

#include "physprobe/core/atomic_file.h"
#include "physprobe/core/error.h"
#include "physprobe/report/html.h"

#include <fmt/format.h>

#include <filesystem>

namespace physprobe {
namespace {

constexpr std::size_t kLargestMediaFile = std::size_t{1} << 26;

const char* media_type(const std::string& relative) {
  const std::string extension = std::filesystem::path(relative).extension().string();
  if (extension == ".jpg" || extension == ".jpeg") return "image/jpeg";
  if (extension == ".png") return "image/png";
  if (extension == ".mp4") return "video/mp4";
  if (extension == ".webm") return "video/webm";
  throw Error(ErrorKind::kInput, relative,
              "is no kind of picture or clip a run writes (.jpg, .png, .mp4, .webm)");
}

void check_inside_media(const std::string& relative) {
  const std::filesystem::path path(relative);
  bool is_inside = !path.is_absolute() && path.begin() != path.end() && *path.begin() == "media";
  for (const std::filesystem::path& part : path) is_inside = is_inside && part != "..";
  if (!is_inside) {
    throw Error(ErrorKind::kInput, relative,
                "leaves the run's media/ folder; items.jsonl was not written by a run");
  }
}

}  // namespace

std::optional<std::string> MediaShelf::data_uri(const std::string& relative) {
  check_inside_media(relative);
  const std::string type = media_type(relative);
  const std::string path = directory_ + "/" + relative;
  std::error_code ignored;
  // A file without bytes is what a full disk leaves: nothing to show.
  if (!std::filesystem::is_regular_file(path, ignored) ||
      std::filesystem::file_size(path, ignored) == 0) {
    missing_.insert(relative);
    return std::nullopt;
  }
  return fmt::format("data:{};base64,{}", type, base64(read_file(path, kLargestMediaFile)));
}

std::string MediaShelf::rule(const std::string& relative) {
  const std::optional<std::string> uri = data_uri(relative);
  if (!uri) return "";
  return fmt::format(".m{}{{background-image:url({})}}\n", classes_.size(), *uri);
}

int64_t MediaShelf::strip_cost(const std::string& relative) {
  if (classes_.count(relative) > 0) return 0;
  const std::string text = rule(relative);
  return text.empty() ? -1 : static_cast<int64_t>(text.size());
}

void MediaShelf::embed_strip(const std::string& relative) {
  if (classes_.count(relative) > 0) return;
  const std::string text = rule(relative);
  if (text.empty()) return;
  css_ += text;
  classes_.emplace(relative, fmt::format("m{}", classes_.size()));
}

std::string MediaShelf::strip_class(const std::string& relative) const {
  const auto found = classes_.find(relative);
  return found == classes_.end() ? "" : found->second;
}

std::string MediaShelf::relative_url(const std::string& relative) {
  check_inside_media(relative);
  media_type(relative);
  return percent_encode(relative, "/");
}

}  // namespace physprobe
