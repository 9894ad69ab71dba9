#include "physprobe/eval/item_failure.h"

namespace physprobe {

bool ends_the_run(const Error& error, const DatasetItem& item) {
  if (error.kind() == ErrorKind::kInternal) return true;
  if (error.kind() != ErrorKind::kResource) return false;
  // A limit that this very file exceeds is named with its path; what the system refused is not a
  // matter of the file.
  const bool is_about_item = error.subject().rfind(item.path, 0) == 0;
  const bool is_exhaustion = error.message().find("out of memory") != std::string::npos ||
                             error.message().find("oo many open files") != std::string::npos;
  return !is_about_item || is_exhaustion;
}

}  // namespace physprobe
