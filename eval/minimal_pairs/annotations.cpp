#include "physprobe/eval/minimal_pairs/annotations.h"

#include "physprobe/core/atomic_file.h"
#include "physprobe/core/error.h"
#include "physprobe/eval/minimal_pairs/python_literal.h"
#include "physprobe/eval/minimal_pairs/text_lines.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <filesystem>

namespace physprobe {
namespace {

namespace fs = std::filesystem;

std::vector<std::string> annotation_files(const std::vector<std::string>& paths) {
  std::vector<std::string> files;
  for (const std::string& path : paths) {
    if (!fs::exists(path)) throw Error(ErrorKind::kInput, path, "does not exist");
    if (!fs::is_directory(path)) {
      if (fs::path(path).extension() == ".parquet") {
        throw Error(ErrorKind::kInput, path,
                    "is a parquet file, which is not read; save it as JSON lines, for example with "
                    "pandas: read_parquet(…).to_json(…, orient='records', lines=True)");
      }
      files.push_back(path);
      continue;
    }
    const std::size_t before = files.size();
    for (const auto& entry : fs::directory_iterator(path)) {
      const std::string name = entry.path().filename().string();
      if (entry.path().extension() == ".jsonl" && name.find("_samples_") == std::string::npos)
        files.push_back(entry.path().string());
    }
    std::sort(files.begin() + static_cast<std::ptrdiff_t>(before), files.end());
    if (files.size() == before)
      throw Error(ErrorKind::kInput, path, "holds no .jsonl file of annotations");
  }
  return files;
}

std::string text_of(const nlohmann::json& record, const std::string& key) {
  const auto found = record.find(key);
  if (found == record.end() || found->is_null()) return "";
  return found->is_string() ? found->get<std::string>() : found->dump();
}

class Reader {
 public:
  Reader(Annotations& annotations, std::string cluster_field)
      : annotations_(annotations), cluster_field_(std::move(cluster_field)) {}

  void read(const std::string& file) {
    const std::string text = read_file(file);
    for (const LineBlock& block : line_blocks(text)) {
      for_each_line(block, [&](int64_t line, std::string_view content) {
        const nlohmann::json record =
            nlohmann::json::parse(content.begin(), content.end(), nullptr, false);
        if (!record.is_object()) {
          problem("broken line", file, line, "", "is no JSON object");
          return;
        }
        add(file, line, record);
      });
    }
  }

 private:
  void problem(const char* kind,
               const std::string& file,
               int64_t line,
               const std::string& id,
               const std::string& what) {
    annotations_.problems.push_back({kind, file, line, id, what});
  }

  void add(const std::string& file, int64_t line, const nlohmann::json& record) {
    const std::string id = text_of(record, "video_id");
    if (id.empty() || !record.contains("candidates") || !record.contains("answer")) {
      problem("missing key", file, line, id, "an annotation needs video_id, candidates and answer");
      return;
    }
    Annotation annotation;
    try {
      const nlohmann::json& candidates = record["candidates"];
      std::vector<std::string> list;
      if (candidates.is_array()) {
        for (const nlohmann::json& candidate : candidates)
          list.push_back(candidate.is_string() ? candidate.get<std::string>() : candidate.dump());
      }
      annotation.candidates = two_candidates(list, text_of(record, "candidates"));
    } catch (const Error& error) {
      problem("malformed annotation", file, line, id, error.what());
      return;
    }
    const std::string answer = text_of(record, "answer");
    annotation.label = candidate_index(annotation.candidates, answer);
    if (annotation.label == kUnparsed) {
      problem("answer not among the candidates", file, line, id,
              fmt::format("the annotated answer '{}' is neither '{}' nor '{}'", answer,
                          annotation.candidates[0], annotation.candidates[1]));
      return;
    }
    annotation.question = text_of(record, "question");
    annotation.source = text_of(record, "source");
    if (annotation.source.empty())
      annotation.source = source_of_path(text_of(record, "video_path"));
    if (!cluster_field_.empty()) annotation.cluster = text_of(record, cluster_field_);
    const auto [known, is_new] = annotations_.by_id.emplace(id, annotation);
    if (!is_new && (known->second.label != annotation.label ||
                    known->second.candidates != annotation.candidates)) {
      problem("contradictory duplicate", file, line, id,
              "an earlier annotation of this id has another answer; the earlier one is used");
    }
  }

  Annotations& annotations_;
  std::string cluster_field_;
};

}  // namespace

Annotations read_annotations(const std::vector<std::string>& paths,
                             const std::string& cluster_field) {
  Annotations annotations;
  Reader reader(annotations, cluster_field);
  for (const std::string& file : annotation_files(paths)) reader.read(file);
  return annotations;
}

std::string source_of_path(const std::string& path) {
  static const std::vector<std::string> kSources = {"pt",      "ssv2",  "language_table",
                                                    "intphys", "grasp", "inflevel",
                                                    "clevrer", "star",  "vinoground"};
  std::string source;
  const fs::path parts = fs::path(path).parent_path();
  for (const fs::path& part : parts) {
    if (std::find(kSources.begin(), kSources.end(), part.string()) != kSources.end())
      source = part.string();
  }
  return source;
}

std::array<std::string, 2> two_candidates(const std::vector<std::string>& list,
                                          const std::string& literal) {
  const std::vector<std::string> found = list.empty() ? parse_python_strings(literal) : list;
  if (found.size() != 2) {
    throw Error(ErrorKind::kInput, "candidates",
                fmt::format("{} candidates, expected two", found.size()));
  }
  return {found[0], found[1]};
}

int candidate_index(const std::array<std::string, 2>& candidates, const std::string& answer) {
  if (answer == candidates[0]) return 0;
  return answer == candidates[1] ? 1 : kUnparsed;
}

}  // namespace physprobe
