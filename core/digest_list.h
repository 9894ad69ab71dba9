#pragma once
// A list of digests of a folder's files in the form of sha256sum: `sha256sum -c LIST` checks it
// without this program.

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace physprobe {

using FileDigests = std::map<std::string, std::string>;  ///< SHA-256 by name.

/// True for 64 lower-case hexadecimal digits.
bool is_sha256_hex(const std::string& text);

/// nullopt when `text` is not a list of digests and names, each name once.
std::optional<FileDigests> parse_digest_list(const std::string& text);

/// Writes DIRECTORY/LIST over `files` (names inside `directory`), sorted; atomic. Throws
/// Error(kInput) for a file that cannot be read, Error(kResource).
void write_digest_list(const std::string& directory,
                       const std::string& list,
                       const std::vector<std::string>& files);

/// Adds `files` to an existing list, in place of every entry that is one of `replaced` or lies
/// under it. What is no such list stays as it is.
void extend_digest_list(const std::string& directory,
                        const std::string& list,
                        const std::vector<std::string>& files,
                        const std::vector<std::string>& replaced);

}  // namespace physprobe
