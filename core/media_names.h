#pragma once
// Which file names stand for media: the one list that listing a folder and opening a file share.
// Names only; whether a file is what its name says is found out by reading it.

#include <string>
#include <string_view>
#include <vector>

namespace physprobe {

/// Extensions (lower case, with dot) of files taken for videos when a folder is listed.
const std::vector<std::string>& video_name_extensions();

/// Extensions of the images that folders of numbered frames are made of.
const std::vector<std::string>& image_name_extensions();

/// True if the last component of `path` is not hidden (no leading dot) and ends in one of the
/// extensions, in upper or lower case.
bool is_video_name(std::string_view path);
bool is_image_name(std::string_view path);

/// True if `path` is an image's name with a digit in front of its extension's dot or anywhere
/// before it ("0001.png", "shot2_031.jpg", "frame7b.png").
bool is_numbered_image_name(std::string_view path);

/// The extensions as one text for messages: ".mp4 .m4v …".
std::string join_extensions(const std::vector<std::string>& extensions);

}  // namespace physprobe
