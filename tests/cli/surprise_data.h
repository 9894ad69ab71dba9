#pragma once
// A data set of violation of expectation, small enough to be scored in a test.

#include "support/small_items.h"

#include <fmt/format.h>

#include <string>

namespace physprobe::testing {

/// FOLDER/data: two pairs of one property as folders of eleven frames with a manifest;
/// FOLDER/model.yaml: the predictor that copies pixels, at 32 x 32.
inline void write_surprise_data(const std::string& folder) {
  std::string manifest = "id,path,label,pair,task\n";
  for (int i = 0; i < 4; ++i) {
    const std::string id = fmt::format("v{}", i);
    write_small_item(folder + "/data/" + id, static_cast<uint64_t>(i + 1), 11);
    manifest +=
        fmt::format("{},{},{},p{},drift\n", id, id, i % 2 == 0 ? "possible" : "impossible", i / 2);
  }
  write_file_atomic(folder + "/data/manifest.csv", manifest);
  write_file_atomic(folder + "/model.yaml",
                    "family: pixels\npreprocess: {height: 32, width: 32}\n");
}

/// `probe surprise` over that folder, without the program's name.
inline std::vector<std::string> surprise_command(const std::string& folder,
                                                 const std::vector<std::string>& more) {
  std::vector<std::string> all = {"probe",    "surprise", "--encoder", folder + "/model.yaml",
                                  "--window", "8",        "--context", "2,4",
                                  "--seed",   "1",        "-q"};
  all.insert(all.end(), more.begin(), more.end());
  return all;
}

}  // namespace physprobe::testing
