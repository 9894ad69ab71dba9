// Everything a served model can do wrong: each its own error, with what the process said last.

#include "physprobe/core/error.h"
#include "physprobe/encoders/encoder_factory.h"

#include <gtest/gtest.h>

#include "exec_child.h"

namespace physprobe {
namespace {

using nlohmann::json;
using testing::exec_config;
using testing::exec_frames;

struct Failure {
  ErrorKind kind = ErrorKind::kInternal;
  std::string text;
};

/// The error of encoding one frame; starting must succeed.
Failure failure_of(const Encoder& encoder) {
  try {
    encoder.encode(exec_frames(1), {{"frame"}, true, 0});
  } catch (const Error& error) {
    return {error.kind(), error.what()};
  }
  return {ErrorKind::kInternal, "no error"};
}

Failure failure_of_mode(const std::string& mode) {
  return failure_of(*make_encoder(exec_config(mode)));
}

Failure failure_to_start(const json& config) {
  try {
    make_encoder(config);
  } catch (const Error& error) {
    return {error.kind(), error.what()};
  }
  return {ErrorKind::kInternal, "no error"};
}

void expect(const Failure& failure, ErrorKind kind, const std::vector<std::string>& parts) {
  EXPECT_EQ(failure.kind, kind) << failure.text;
  for (const std::string& part : parts)
    EXPECT_NE(failure.text.find(part), std::string::npos) << part << "\nin: " << failure.text;
}

TEST(ExecFailures, ACrashNamesSignalRequestAndLastLines) {
  expect(failure_of_mode("crash"), ErrorKind::kInput,
         {"exec-child-1: ", "was ended by signal 6", "while encoding 1 frames of 40x28",
          "\n  | about to crash"});
}

TEST(ExecFailures, AnEndNamesTheExitCode) {
  expect(failure_of_mode("exit"), ErrorKind::kInput, {"ended with exit code 3 while encoding"});
}

TEST(ExecFailuresSlow, AHangIsEndedAtTheTimeLimit) {
  json config = exec_config("hang");
  config["options"]["timeout_seconds"] = 1;
  expect(failure_of(*make_encoder(config)), ErrorKind::kInput,
         {"gave no answer within 1 s while encoding", "options.timeout_seconds"});
  config = exec_config("never_starts");
  config["options"]["start_timeout_seconds"] = 1;
  expect(failure_to_start(config), ErrorKind::kInput,
         {"gave no answer within 1 s while starting", "options.start_timeout_seconds"});
}

TEST(ExecFailures, PrintsOnStandardOutputAreQuoted) {
  expect(failure_of_mode("prints"), ErrorKind::kInput,
         {"wrote 'epoch 3: loss 0.", "only messages may go there", "standard error"});
}

TEST(ExecFailures, WrongAnswersAreNamed) {
  expect(failure_of_mode("wrong_shape"), ErrorKind::kInput,
         {"'frame' as Float (1, 1, 3360, 1), expected floating-point (1, 1, N, 3360)"});
  expect(failure_of_mode("missing_tap"), ErrorKind::kInput, {"without 'frame'; it sent no tensor"});
  expect(failure_of_mode("extra_tap"), ErrorKind::kInput, {"'surplus', which was not asked for"});
  expect(failure_of_mode("nan"), ErrorKind::kInput,
         {"'frame' with a value that is not finite", "nan at (0, 0, 0, 4)"});
  expect(failure_of_mode("wrong_kind"), ErrorKind::kInput, {"kind 'tokenz'", "expected 'tokens'"});
  expect(failure_of_mode("wrong_request"), ErrorKind::kInput,
         {"answered request '0' when asked request '1'"});
  expect(failure_of_mode("torn"), ErrorKind::kInput,
         {"ended with exit code 0", "were no whole answer: 'PPEXEC/1"});
  expect(failure_of_mode("malformed"), ErrorKind::kInput, {"cannot be read", "header"});
}

TEST(ExecFailures, AnErrorOfTheModelIsPassedOn) {
  const auto encoder = make_encoder(exec_config("error"));
  for (int i = 0; i < 5; ++i) {
    // The process lives on, however often: nothing hopeless about it.
    expect(failure_of(*encoder), ErrorKind::kInput,
           {"the model answered an error while encoding", "out of ideas"});
  }
}

TEST(ExecFailures, ASecondAnswerIsNoticed) {
  const auto encoder = make_encoder(exec_config("twice"));
  const auto ask = [&] { return encoder->encode(exec_frames(1), {{"frame"}, true, 0}); };
  // It may come with the first answer or before the next request is sent.
  std::string text;
  try {
    ask();
    ask();
  } catch (const Error& error) {
    text = error.what();
  }
  EXPECT_TRUE(text.find("more than one answer") != std::string::npos ||
              text.find("answered request '1' when asked request '2'") != std::string::npos)
      << text;
}

TEST(ExecFailures, AProcessThatEndedIsStartedAnew) {
  const auto encoder = make_encoder(exec_config("crash_second"));
  const auto ask = [&] { return encoder->encode(exec_frames(1), {{"frame"}, true, 0}); };
  for (int round = 0; round < 4; ++round) {
    EXPECT_NO_THROW(ask());
    EXPECT_THROW(ask(), Error);
  }
}

TEST(ExecFailures, TheThirdEndInARowEndsTheRun) {
  const auto encoder = make_encoder(exec_config("crash"));
  EXPECT_EQ(failure_of(*encoder).kind, ErrorKind::kInput);
  EXPECT_EQ(failure_of(*encoder).kind, ErrorKind::kInput);
  expect(failure_of(*encoder), ErrorKind::kResource, {"3 failures in a row"});
}

TEST(ExecFailures, ARestartMustServeTheSameModel) {
  const auto encoder = make_encoder(exec_config("changes_its_mind"));
  expect(failure_of(*encoder), ErrorKind::kInput, {"signal 6"});
  expect(failure_of(*encoder), ErrorKind::kIncompatible, {"describes another model"});
}

TEST(ExecFailures, CommandsThatCannotStartSayWhy) {
  const auto starting = [](const std::string& command) {
    return failure_to_start({{"family", "exec"}, {"options", {{"command", command}}}});
  };
  expect(starting("no-such-program-here"), ErrorKind::kInput,
         {"exit code 127 while starting", "\n  | ", "not found"});
  expect(starting("exit 5"), ErrorKind::kInput, {"exit code 5", "nothing on standard error"});
  expect(starting("echo hello"), ErrorKind::kInput, {"wrote 'hello\\n'"});
  expect(starting("cat"), ErrorKind::kInput, {"kind 'hello'", "expected 'model'"});
  expect(starting("head -c 64 /dev/zero"), ErrorKind::kInput, {"wrote '\\x00"});
  expect(starting("printf PPEXEC/9--------"), ErrorKind::kIncompatible,
         {"speaks protocol '9', this program speaks 1"});
  expect(starting("printf 'PPEXEC/1\\377\\377\\377\\377\\377\\377\\377\\377'"), ErrorKind::kInput,
         {"announced an answer of 18446744073709551615 bytes"});
}

TEST(ExecFailures, AnotherVersionThanAskedForIsRefused) {
  json config = exec_config();
  config["options"]["version"] = "1";
  EXPECT_NO_THROW(make_encoder(config));
  config["options"]["version"] = "2";
  expect(failure_to_start(config), ErrorKind::kIncompatible,
         {"serves version '1' of 'child', but version '2' is asked for", "options.version"});
}

TEST(ExecFailures, DescriptionsAreReadStrictly) {
  const auto described = [](const json& description) {
    return failure_to_start(exec_config("ok", description));
  };
  const auto refuses = [&](const json& description, const std::string& part) {
    expect(described(description), ErrorKind::kIncompatible,
           {"serves a model that cannot be used", part});
  };
  refuses({{"tapz", 1}}, "unknown key 'tapz'; did you mean 'taps'");
  refuses({{"name", nullptr}}, "'name' is ''");
  refuses({{"name", "a b"}}, "'name' is 'a b'");
  refuses({{"version", ""}}, "'version' is ''");
  refuses({{"version", 2}}, "'version' is 2; expected text");
  refuses({{"digest", "ABC"}}, "64 lower-case hexadecimal");
  refuses({{"taps", json::array()}}, "at least one tap");
  refuses({{"taps", {{{"name", "a"}}}}}, "'width' is missing");
  refuses({{"taps", {{{"name", "pixel"}, {"width", 3}}}}}, "every encoder has");
  refuses({{"taps", {{{"name", "a"}, {"width", 3}}, {{"name", "a"}, {"width", 3}}}}}, "twice");
  refuses({{"taps", {{{"name", "a"}, {"width", 3}, {"grid", {0, 2}}}}}}, "rows and columns");
  refuses({{"taps", {{{"name", "a"}, {"width", 3}, {"pooled", "max"}}}}}, "one of mean, first");
  refuses({{"default_taps", {"frme"}}}, "did you mean 'frame'");
  refuses({{"retrieval_tap", "chanels"}}, "did you mean 'channels'");
  refuses({{"preprocess", {{"heigth", 40}}}}, "'height'");
  refuses({{"preprocess", {{"resize", "squeeze"}}}}, "expected one of");
  refuses({{"untrained", "yes"}}, "true or false");
  refuses({{"frames_per_step", 0}}, "from 1 to");
}

TEST(ExecFailures, FramesThatDoNotFillAStepAreRefused) {
  const auto encoder = make_encoder(exec_config("ok", {{"frames_per_step", 2}}));
  expect(failure_of(*encoder), ErrorKind::kUsage, {"sees 2 frames at a time, got 1"});
}

}  // namespace
}  // namespace physprobe
