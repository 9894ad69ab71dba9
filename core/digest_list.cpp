#include "physprobe/core/digest_list.h"

#include "physprobe/core/atomic_file.h"
#include "physprobe/core/hashing.h"

#include <fmt/format.h>

#include <algorithm>
#include <sstream>

namespace physprobe {
namespace {

constexpr std::size_t kDigestDigits = 64;
const char* const kBetween = "  ";

std::string format_digest_list(const FileDigests& digests) {
  std::string text;
  for (const auto& [name, digest] : digests)
    text += fmt::format("{}{}{}\n", digest, kBetween, name);
  return text;
}

}  // namespace

bool is_sha256_hex(const std::string& text) {
  return text.size() == kDigestDigits &&
         text.find_first_not_of("0123456789abcdef") == std::string::npos;
}

std::optional<FileDigests> parse_digest_list(const std::string& text) {
  FileDigests digests;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    const std::string digest = line.substr(0, kDigestDigits);
    const std::size_t name_at = kDigestDigits + std::string(kBetween).size();
    if (!is_sha256_hex(digest) || line.size() <= name_at ||
        line.compare(kDigestDigits, name_at - kDigestDigits, kBetween) != 0 ||
        !digests.emplace(line.substr(name_at), digest).second) {
      return std::nullopt;
    }
  }
  if (digests.empty() || text.back() != '\n') return std::nullopt;
  return digests;
}

void write_digest_list(const std::string& directory,
                       const std::string& list,
                       const std::vector<std::string>& files) {
  FileDigests digests;
  for (const std::string& file : files)
    digests[file] = sha256_file(fmt::format("{}/{}", directory, file));
  write_file_atomic(directory + "/" + list, format_digest_list(digests));
}

void extend_digest_list(const std::string& directory,
                        const std::string& list,
                        const std::vector<std::string>& files,
                        const std::vector<std::string>& replaced) {
  std::optional<FileDigests> digests = parse_digest_list(read_file(directory + "/" + list));
  if (!digests) return;
  for (auto entry = digests->begin(); entry != digests->end();) {
    const bool is_replaced =
        std::any_of(replaced.begin(), replaced.end(), [&](const std::string& name) {
          return entry->first == name || entry->first.rfind(name + "/", 0) == 0;
        });
    entry = is_replaced ? digests->erase(entry) : std::next(entry);
  }
  for (const std::string& file : files)
    (*digests)[file] = sha256_file(fmt::format("{}/{}", directory, file));
  write_file_atomic(directory + "/" + list, format_digest_list(*digests));
}

}  // namespace physprobe
