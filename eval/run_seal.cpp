#include "physprobe/eval/run_seal.h"

#include "physprobe/core/atomic_file.h"
#include "physprobe/core/digest_list.h"
#include "physprobe/core/error.h"
#include "physprobe/core/hashing.h"
#include "physprobe/core/json_lines.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <filesystem>
#include <optional>

namespace physprobe {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kDigestDigits = 64;
const char* const kFieldBegin = ",\n  \"sha256\": \"";
const char* const kFieldEnd = "\"\n}\n";

/// The lone digest of results.json that earlier versions wrote.
bool is_lone_digest(const std::string& text) {
  return text.size() == kDigestDigits + 1 && text.back() == '\n' &&
         is_sha256_hex(text.substr(0, kDigestDigits));
}

/// "" if the file is as its digest says.
std::string check_file(const std::string& directory,
                       const std::string& name,
                       const std::string& digest,
                       const std::string& source) {
  const std::string path = directory + "/" + name;
  if (!fs::exists(path)) return path + ": is missing; " + source + " lists it";
  try {
    if (sha256_file(path) == digest) return "";
  } catch (const Error& error) {
    return error.what();
  }
  return fmt::format("{}: differs from the digest in {}: it was changed after the run", path,
                     source);
}

std::string check_self_sealed(const std::string& path) {
  if (!fs::exists(path)) return path + ": is missing";
  const std::string text = read_file(path);
  const std::size_t tail =
      std::string(kFieldBegin).size() + kDigestDigits + std::string(kFieldEnd).size();
  const std::string changed =
      path + ": differs from the digest in itself: it was changed after the run";
  if (text.size() < tail) return changed;
  const std::string head = text.substr(0, text.size() - tail);
  const std::string body = head + "\n}\n";
  return text == head + kFieldBegin + sha256_hex(body) + kFieldEnd ? "" : changed;
}

/// The strips and clips that items.jsonl names.
void check_media(const std::string& directory, std::vector<std::string>& problems) {
  const std::string path = directory + "/items.jsonl";
  if (!fs::exists(path)) return;
  try {
    for_each_json_line(path, [&](int64_t, const nlohmann::json& line) {
      if (!line.contains("media")) return;
      const nlohmann::json& media = line.at("media");
      for (const char* kind : {"strip", "clip"}) {
        const std::string digest = media.value(std::string(kind) + "_sha256", std::string());
        if (digest.empty()) continue;  // an item of an earlier version
        const std::string problem =
            check_file(directory, media.at(kind).get<std::string>(), digest, "items.jsonl");
        if (!problem.empty()) problems.push_back(problem);
      }
    });
  } catch (const std::exception&) {
    // A file that is no longer JSON differs from its digest and is named already.
  }
}

}  // namespace

std::string self_sealed_json(const nlohmann::ordered_json& value) {
  const std::string body = dump_json_pretty(value);
  return body.substr(0, body.size() - std::string("\n}\n").size()) + kFieldBegin +
         sha256_hex(body) + kFieldEnd;
}

std::vector<std::string> check_run_files(const std::string& directory) {
  const std::string seal = directory + "/COMPLETE";
  if (!fs::exists(seal)) {
    return {
        "COMPLETE is missing: the run was interrupted; start the same command again to continue"};
  }
  const std::string text = read_file(seal);
  std::vector<std::string> problems;
  const auto add = [&](const std::string& problem) {
    if (!problem.empty()) problems.push_back(problem);
  };
  if (is_lone_digest(text)) {
    add(check_file(directory, "results.json", text.substr(0, kDigestDigits), "COMPLETE"));
    return problems;
  }
  const std::optional<FileDigests> digests = parse_digest_list(text);
  if (!digests) return {seal + ": is damaged: it is no list of digests and file names"};
  for (const auto& [name, digest] : *digests) add(check_file(directory, name, digest, "COMPLETE"));
  for (const char* name :
       {"results.json", "results.csv", "items.jsonl", "failures.jsonl", "report.html"}) {
    const bool is_optional = std::string(name) == "report.html";
    if (digests->count(name) == 0 && (!is_optional || fs::exists(directory + "/" + name)))
      add(directory + "/" + name + ": is not covered by COMPLETE, which was changed after the run");
  }
  add(check_self_sealed(directory + "/run.json"));
  if (fs::exists(directory + "/plan.json")) add(check_self_sealed(directory + "/plan.json"));
  check_media(directory, problems);
  return problems;
}

}  // namespace physprobe
