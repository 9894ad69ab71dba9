#include "physprobe/core/error.h"

#include <utility>

namespace physprobe {

int exit_code(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::kInternal:
      return 1;
    case ErrorKind::kUsage:
      return 2;
    case ErrorKind::kInput:
      return 3;
    case ErrorKind::kPartial:
      return 4;
    case ErrorKind::kResource:
      return 5;
    case ErrorKind::kIncompatible:
      return 6;
    case ErrorKind::kCheckFailed:
      return 7;
  }
  return 1;
}

const char* kind_name(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::kInternal:
      return "internal";
    case ErrorKind::kUsage:
      return "usage";
    case ErrorKind::kInput:
      return "input";
    case ErrorKind::kPartial:
      return "partial";
    case ErrorKind::kResource:
      return "resource";
    case ErrorKind::kIncompatible:
      return "incompatible";
    case ErrorKind::kCheckFailed:
      return "check_failed";
  }
  return "internal";
}

Error::Error(ErrorKind kind, std::string subject, std::string message)
    : std::runtime_error(subject.empty() ? message : subject + ": " + message),
      kind_(kind),
      subject_(std::move(subject)),
      message_(std::move(message)) {}

}  // namespace physprobe
