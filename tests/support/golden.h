#pragma once
// Where test data lies: golden data shipped with the project, and the optional folders beside it.

#include "support/source_dir.h"

#include <filesystem>
#include <string>

namespace physprobe::testing {

/// Golden data committed under tests/golden/.
inline std::string golden_path(const std::string& relative) {
  return source_dir() + "/tests/golden/" + relative;
}

/// Data that may lie beside a checkout but is never part of it ("media/…", "golden/…"); callers
/// skip with a clear line when `exists` is false.
struct BesideProject {
  std::string path;
  bool exists;
};

inline BesideProject beside_project(const std::string& relative) {
  const std::string path = source_dir() + "/../shared/" + relative;
  return {path, std::filesystem::exists(path)};
}

}  // namespace physprobe::testing
