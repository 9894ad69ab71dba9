#include "physprobe/core/media_names.h"

#include <algorithm>

namespace physprobe {

namespace {

std::string_view last_component(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string_view::npos ? path : path.substr(slash + 1);
}

/// The extension in lower case (ASCII), "" for hidden names and names without one.
std::string extension_of(std::string_view path) {
  const std::string_view name = last_component(path);
  const std::size_t dot = name.rfind('.');
  if (name.empty() || name.front() == '.' || dot == std::string_view::npos) return "";
  std::string extension(name.substr(dot));
  for (char& c : extension) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return extension;
}

bool is_one_of(const std::string& extension, const std::vector<std::string>& known) {
  return std::find(known.begin(), known.end(), extension) != known.end();
}

}  // namespace

const std::vector<std::string>& video_name_extensions() {
  static const std::vector<std::string> extensions = {
      ".mp4", ".m4v", ".mov", ".mkv", ".webm", ".avi", ".mpg", ".mpeg", ".ts",   ".m2ts",
      ".flv", ".wmv", ".ogv", ".3gp", ".mxf",  ".gif", ".ivf", ".y4m",  ".h264", ".hevc"};
  return extensions;
}

const std::vector<std::string>& image_name_extensions() {
  static const std::vector<std::string> extensions = {".png", ".jpg", ".jpeg", ".bmp"};
  return extensions;
}

bool is_video_name(std::string_view path) {
  return is_one_of(extension_of(path), video_name_extensions());
}

bool is_image_name(std::string_view path) {
  return is_one_of(extension_of(path), image_name_extensions());
}

bool is_numbered_image_name(std::string_view path) {
  if (!is_image_name(path)) return false;
  const std::string_view name = last_component(path);
  return name.substr(0, name.rfind('.')).find_first_of("0123456789") != std::string_view::npos;
}

std::string join_extensions(const std::vector<std::string>& extensions) {
  std::string text;
  for (const std::string& extension : extensions) text += (text.empty() ? "" : " ") + extension;
  return text;
}

}  // namespace physprobe
