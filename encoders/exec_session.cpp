#include "physprobe/encoders/exec_session.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace physprobe {
namespace {

constexpr int kMostEnds = 3;

}  // namespace

ExecSession::ExecSession(const ExecOptions& options)
    : options_(options), id_("exec:" + options.command) {
  start();
}

void ExecSession::fail(ErrorKind kind, const std::string& text) {
  const std::string lines = process_ ? process_->last_error_lines() : "";
  if (process_) process_->kill();  // it can be of no more use, and may never end by itself
  process_.reset();
  ++ends_in_a_row_;
  const bool is_hopeless = !description_.empty() && ends_in_a_row_ >= kMostEnds;
  throw Error(
      is_hopeless ? ErrorKind::kResource : kind, id_,
      fmt::format("the process '{}' {}{}{}", options_.command, text,
                  is_hopeless ? fmt::format(" ({} failures in a row: nothing further is tried)",
                                            ends_in_a_row_)
                              : "",
                  lines));
}

void ExecSession::fail_closed(const std::string& purpose) {
  std::string text = process_->end_description() + " while " + purpose;
  const std::string_view rest = process_->received();
  if (!rest.empty()) {
    text += fmt::format("; the last {} bytes on its standard output were no whole answer: {}",
                        rest.size(), quote_bytes(rest));
  }
  fail(ErrorKind::kInput, text);
}

void ExecSession::start() {
  const std::string protocol = std::to_string(kExecProtocol);
  process_ = std::make_unique<ExecProcess>(
      options_.command, std::vector<std::string>{"PHYSPROBE_EXEC=" + protocol,
                                                 "PHYSPROBE_DEVICE=" + options_.device});
  ExecMessage hello;
  hello.kind = "hello";
  hello.fields["protocol"] = protocol;
  const ExecMessage answer = exchange(hello, "model", "starting", options_.start_timeout_seconds);
  const auto text = answer.fields.find("model");
  if (text == answer.fields.end()) {
    fail(ErrorKind::kIncompatible, "answered hello without a 'model' among its metadata");
  }
  if (!description_.empty()) {
    if (text->second == description_) return;
    fail(ErrorKind::kIncompatible,
         "describes another model since it was started again: " + quote_bytes(text->second));
  }
  ExecModel model;
  try {
    model = parse_exec_model("", text->second);
  } catch (const Error& error) {
    fail(error.kind(), "serves a model that cannot be used: " + error.message());
  }
  if (!options_.version.empty() && options_.version != model.version) {
    fail(ErrorKind::kIncompatible,
         fmt::format("serves version '{}' of '{}', but version '{}' is asked for; start that one, "
                     "or change options.version",
                     model.version, model.name, options_.version));
  }
  if (!options_.name.empty()) model.name = options_.name;
  model_ = model;
  description_ = text->second;
  id_ = "exec-" + model_.name + "-" + model_.version;
}

ExecMessage ExecSession::receive(const std::string& purpose,
                                 Deadline deadline,
                                 int64_t timeout_seconds) {
  const auto wait_for = [&](std::size_t size) {
    switch (process_->receive(size, deadline)) {
      case ExecProcess::Outcome::kOk:
        return;
      case ExecProcess::Outcome::kClosed:
        fail_closed(purpose);
      case ExecProcess::Outcome::kTimeout:
        fail(ErrorKind::kInput,
             fmt::format("gave no answer within {} s while {}; if it is only slow, raise "
                         "options.timeout_seconds or options.start_timeout_seconds",
                         timeout_seconds, purpose));
    }
  };
  // A few bytes that are no head are reported at once, not when sixteen have come.
  wait_for(1);
  process_->receive(kExecHeadBytes, std::min(deadline, deadline_after(1.0)));
  if (process_->received().size() < kExecHeadBytes && process_->received().front() == 'P')
    wait_for(kExecHeadBytes);
  uint64_t length = 0;
  try {
    length = parse_exec_head(process_->received().substr(0, kExecHeadBytes));
  } catch (const Error& error) {
    fail(error.kind(), std::string(error.what()));
  }
  wait_for(kExecHeadBytes + length);
  try {
    ExecMessage message = parse_exec_image(process_->received().substr(kExecHeadBytes, length));
    if (process_->received().size() > kExecHeadBytes + length) {
      fail(ErrorKind::kInput,
           "wrote more than one answer to one request: " +
               quote_bytes(process_->received().substr(kExecHeadBytes + length)));
    }
    process_->drop_received();
    return message;
  } catch (const Error& error) {
    if (!process_) throw;
    fail(ErrorKind::kInput, "gave an answer that cannot be read: " + std::string(error.what()));
  }
}

ExecMessage ExecSession::exchange(const ExecMessage& request,
                                  const std::string& expected,
                                  const std::string& purpose,
                                  int64_t timeout_seconds) {
  const Deadline deadline = deadline_after(static_cast<double>(timeout_seconds));
  // A process that ended may have said why before: its answer counts more than the broken pipe.
  if (process_->send(format_exec_message(request), deadline) == ExecProcess::Outcome::kTimeout &&
      process_->received().empty()) {
    fail(ErrorKind::kInput,
         fmt::format("did not take the request within {} s while {}", timeout_seconds, purpose));
  }
  ExecMessage answer = receive(purpose, deadline, timeout_seconds);
  if (answer.kind == "error") {
    if (expected == "model") fail(ErrorKind::kInput, "cannot start: " + answer.fields["message"]);
    ends_in_a_row_ = 0;
    const std::string lines = process_->last_error_lines();
    throw Error(ErrorKind::kInput, id_,
                fmt::format("the model answered an error while {}: {}{}", purpose,
                            answer.fields["message"], lines));
  }
  if (answer.kind != expected) {
    fail(ErrorKind::kInput, fmt::format("gave an answer of kind '{}' while {}; expected '{}'",
                                        answer.kind, purpose, expected));
  }
  const auto asked = request.fields.find("request");
  if (asked != request.fields.end() && answer.fields["request"] != asked->second) {
    fail(ErrorKind::kInput, fmt::format("answered request '{}' when asked request '{}'",
                                        answer.fields["request"], asked->second));
  }
  return answer;
}

ExecMessage ExecSession::ask(ExecMessage request,
                             const std::string& expected,
                             const std::string& purpose) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (!process_) start();
  request.fields["request"] = std::to_string(++requests_);
  ExecMessage answer = exchange(request, expected, purpose, options_.timeout_seconds);
  ends_in_a_row_ = 0;
  return answer;
}

}  // namespace physprobe
