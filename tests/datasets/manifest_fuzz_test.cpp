#include "physprobe/core/error.h"
#include "physprobe/core/rng.h"
#include "physprobe/core/utf8.h"
#include "physprobe/datasets/dataset.h"

#include <gtest/gtest.h>

#include "datasets/dataset_folder.h"

namespace physprobe {
namespace {

using testing::DatasetFolder;

/// One to eight edits: a byte changed, a stretch doubled, cut out or overwritten by syntax.
std::string mutate(std::string text, Rng& rng) {
  static const std::string kSyntax[] = {"\"",  ",",  "\n", "\r",           "{",     "}",   "[", ":",
                                        "\\u", "..", "/",  "\xEF\xBB\xBF", "1e999", "null"};
  const uint64_t edits = 1 + rng.below(8);
  for (uint64_t edit = 0; edit < edits && !text.empty(); ++edit) {
    const std::size_t at = rng.below(text.size());
    const std::size_t length = 1 + rng.below(std::min<std::size_t>(text.size() - at, 16));
    switch (rng.below(4)) {
      case 0:
        text[at] = static_cast<char>(rng.below(256));
        break;
      case 1:
        text.insert(at, text.substr(at, length));
        break;
      case 2:
        text.erase(at, length);
        break;
      default:
        text.insert(at, kSyntax[rng.below(std::size(kSyntax))]);
    }
  }
  return text;
}

/// Whatever the bytes, a manifest gives problems or items that keep every promise of dataset.h.
void expect_orderly(const DatasetFolder& folder, const std::string& name) {
  Dataset dataset;
  const std::vector<DatasetProblem> problems = validate_dataset(folder / name, {}, &dataset);
  ASSERT_FALSE(problems.empty() && dataset.items.empty());
  int64_t line = 0;
  for (const DatasetProblem& problem : problems) {
    ASSERT_FALSE(problem.text.empty());
    ASSERT_GE(problem.line, line);
    line = problem.line;
  }
  for (const DatasetItem& item : dataset.items) {
    ASSERT_FALSE(item.id.empty());
    ASSERT_FALSE(first_invalid_utf8(item.id).has_value());
    ASSERT_EQ(item.path.rfind(folder.path() + "/", 0), 0U) << item.path;
    ASSERT_TRUE(std::filesystem::exists(item.path)) << item.path;
    if (item.start_seconds && item.stop_seconds) {
      ASSERT_LT(*item.start_seconds, *item.stop_seconds);
    }
  }
}

void run_fuzz(const std::string& name, const std::string& seed_text, int rounds) {
  DatasetFolder folder;
  folder.add("a.mp4").add("b.mp4");
  Rng rng(derive_seed(1, name.c_str()));
  for (int round = 0; round < rounds; ++round) {
    const std::string text = mutate(seed_text, rng);
    folder.add(name, text);
    SCOPED_TRACE(::testing::Message() << "round " << round << ": " << text);
    expect_orderly(folder, name);
    if (::testing::Test::HasFatalFailure()) return;
  }
}

constexpr const char* kCsv =
    "\xEF\xBB\xBFid,path,label,pair,start_seconds,stop_seconds,note\r\n"
    "one,a.mp4,real,p,0.5,1.5,\"said \"\"no\"\", left\"\r\n"
    "two,b.mp4,fake,p,,,\"two\nlines \xC3\xA9\"\r\n";
constexpr const char* kJson =
    "{\"id\":\"one\",\"path\":\"a.mp4\",\"start_seconds\":0.5,\"stop_seconds\":1.5}\n"
    "{\"id\":\"two\",\"path\":\"b.mp4\",\"meta\":{\"k\":[1,null]},\"note\":\"\\u00e9\\n\"}\n";

TEST(ManifestFuzz, MutatedCsvNeverBreaksAPromise) {
  run_fuzz("list.csv", kCsv, 150);
}
TEST(ManifestFuzz, MutatedJsonLinesNeverBreakAPromise) {
  run_fuzz("list.jsonl", kJson, 150);
}
TEST(ManifestFuzzSlow, MutatedCsvNeverBreaksAPromise) {
  run_fuzz("long.csv", kCsv, 5000);
}
TEST(ManifestFuzzSlow, MutatedJsonLinesNeverBreakAPromise) {
  run_fuzz("long.jsonl", kJson, 5000);
}

}  // namespace
}  // namespace physprobe
