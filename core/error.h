#pragma once
// The one exception type of physprobe. A message says what failed, on which item, what was found,
// what was expected and what to do; third-party errors are translated into it at a folder's edge.

#include <stdexcept>
#include <string>

namespace physprobe {

/// What went wrong, as far as a script has to branch on it; see `exit_code`.
enum class ErrorKind {
  kInternal,      ///< A bug of ours (exit 1).
  kUsage,         ///< Flag, config field, unknown name (exit 2).
  kInput,         ///< Unusable input: missing, empty, malformed, outside the root (exit 3).
  kPartial,       ///< A run finished but some items failed (exit 4).
  kResource,      ///< Unwritable or full output, memory, lock held (exit 5).
  kIncompatible,  ///< Readable, but of another family, encoder or schema (exit 6).
  kCheckFailed,   ///< A check the user asked for did not hold (exit 7).
};

/// The process exit code that stands for `kind` (docs/cli.md has the table).
int exit_code(ErrorKind kind);

/// A short lower-case name ("input", "resource", …) as written to failures.jsonl.
const char* kind_name(ErrorKind kind);

class Error : public std::runtime_error {
 public:
  /// `subject` is the file, item or field at fault ("" if none); what() is "subject: message".
  Error(ErrorKind kind, std::string subject, std::string message);

  ErrorKind kind() const { return kind_; }
  const std::string& subject() const { return subject_; }
  const std::string& message() const { return message_; }

 private:
  ErrorKind kind_;
  std::string subject_;
  std::string message_;
};

}  // namespace physprobe
