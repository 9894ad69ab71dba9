#pragma once
// A served model from its first answer to its last: starts the process, asks, starts it again after
// a crash, and words everything that can go wrong with what the process said last. Internal.

#include "physprobe/core/error.h"
#include "physprobe/encoders/exec_model.h"
#include "physprobe/encoders/exec_process.h"
#include "physprobe/encoders/exec_protocol.h"

#include <memory>
#include <mutex>
#include <string>

namespace physprobe {

/// May be used from several threads: one request at a time.
class ExecSession {
 public:
  /// Starts the process and reads its description. Throws Error(kInput) when it does not answer,
  /// Error(kIncompatible) when it is another version or speaks another protocol.
  explicit ExecSession(const ExecOptions& options);

  const ExecModel& model() const { return model_; }
  const ExecOptions& options() const { return options_; }
  /// "exec-NAME-VERSION": the encoder's id, and the subject of errors.
  const std::string& id() const { return id_; }

  /// The answer of kind `expected`. `purpose` says what is asked ("encoding 8 frames"). Throws
  /// Error(kInput) when the process crashed, hung, answered nonsense or an error; a process that
  /// cannot go on is ended and started anew for the next request. The third such end without an
  /// answer in between is Error(kResource): the next item would meet it as well.
  ExecMessage ask(ExecMessage request, const std::string& expected, const std::string& purpose);

 private:
  void start();
  ExecMessage exchange(const ExecMessage& request,
                       const std::string& expected,
                       const std::string& purpose,
                       int64_t timeout_seconds);
  ExecMessage receive(const std::string& purpose, Deadline deadline, int64_t timeout_seconds);
  [[noreturn]] void fail(ErrorKind kind, const std::string& text);
  [[noreturn]] void fail_closed(const std::string& purpose);

  ExecOptions options_;
  std::string id_;
  std::string description_;  ///< The first answer's text; every later start must give the same.
  ExecModel model_;
  std::unique_ptr<ExecProcess> process_;
  int64_t requests_ = 0;
  int ends_in_a_row_ = 0;
  std::mutex mutex_;
};

}  // namespace physprobe
