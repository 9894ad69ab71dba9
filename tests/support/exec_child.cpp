// A model served to physprobe as a user would write it without python/physprobe.py: from
// docs/exec_protocol.md alone, with nothing of the library, so that the two sides cannot share a
// mistake. Misbehaves on request:
//   physprobe_exec_child [MODE [DESCRIPTION]]   DESCRIPTION: JSON merged into the model's own

#include <nlohmann/json.hpp>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <map>
#include <string>
#include <unistd.h>
#include <vector>

namespace {

using Json = nlohmann::ordered_json;

struct Array {
  std::string dtype;
  std::vector<int64_t> shape;
  std::string bytes;
};

struct Message {
  std::map<std::string, std::string> fields;
  std::map<std::string, Array> arrays;
};

bool read_fully(void* data, std::size_t size) {
  return std::fread(data, 1, size, stdin) == size;
}

bool receive(Message& message) {
  char mark[8];
  uint64_t size = 0;
  if (!read_fully(mark, sizeof(mark))) return false;
  if (std::memcmp(mark, "PPEXEC/1", 8) != 0 || !read_fully(&size, sizeof(size))) std::exit(9);
  std::string image(size, '\0');
  if (!read_fully(image.data(), size)) std::exit(9);
  uint64_t header_size = 0;
  std::memcpy(&header_size, image.data(), 8);
  const Json header = Json::parse(image.substr(8, header_size));
  for (const auto& [name, entry] : header.items()) {
    if (name == "__metadata__") {
      message.fields = entry.get<std::map<std::string, std::string>>();
      continue;
    }
    const auto begin = entry["data_offsets"][0].get<std::size_t>();
    const auto end = entry["data_offsets"][1].get<std::size_t>();
    message.arrays[name] = {entry["dtype"], entry["shape"].get<std::vector<int64_t>>(),
                            image.substr(8 + header_size + begin, end - begin)};
  }
  return true;
}

std::string image_of(const Message& message) {
  Json header = Json::object();
  header["__metadata__"] = message.fields;
  std::size_t position = 0;
  std::string data;
  for (const auto& [name, array] : message.arrays) {
    header[name] = {{"dtype", array.dtype},
                    {"shape", array.shape},
                    {"data_offsets", {position, position + array.bytes.size()}}};
    position += array.bytes.size();
    data += array.bytes;
  }
  const std::string text = header.dump();
  const uint64_t size = text.size();
  std::string image(8, '\0');
  std::memcpy(image.data(), &size, 8);
  return image + text + data;
}

void send(const std::string& image) {
  const uint64_t size = image.size();
  std::fwrite("PPEXEC/1", 1, 8, stdout);
  std::fwrite(&size, 1, sizeof(size), stdout);
  std::fwrite(image.data(), 1, image.size(), stdout);
  std::fflush(stdout);
}

constexpr int64_t kHeight = 40;
constexpr int64_t kWidth = 28;

/// Two taps: the frame as one token, and one token a channel, of which the first counts as a class
/// token.
Json description() {
  return Json{{"name", "child"},
              {"version", "1"},
              {"taps",
               {{{"name", "frame"}, {"width", 3 * kHeight * kWidth}},
                {{"name", "channels"},
                 {"width", kHeight * kWidth},
                 {"prefix_tokens", 1},
                 {"pooled", "first"}}}},
              {"preprocess",
               {{"resize", "squash"},
                {"height", kHeight},
                {"width", kWidth},
                {"filter", "bicubic"},
                {"arithmetic", "float_antialias"},
                {"scale_to_unit", true}}},
              {"untrained", true},
              {"predictor", true}};
}

/// The frames scaled by `factor`, as float32.
std::string scaled(const Array& frames, float factor) {
  if (frames.dtype == "U8") {
    std::string bytes;
    for (const char value : frames.bytes) {
      const float number = factor * static_cast<float>(static_cast<unsigned char>(value));
      bytes.append(reinterpret_cast<const char*>(&number), sizeof(number));
    }
    return bytes;
  }
  std::vector<float> values(frames.bytes.size() / sizeof(float));
  std::memcpy(values.data(), frames.bytes.data(), frames.bytes.size());
  for (float& value : values) value *= factor;
  return std::string(reinterpret_cast<const char*>(values.data()), frames.bytes.size());
}

/// Of every two frames the first: what a model that sees pairs of frames answers here.
void keep_first_of_pairs(Array& tokens, int64_t steps, int64_t values) {
  const std::size_t frame_bytes = static_cast<std::size_t>(values) * sizeof(float);
  std::string kept;
  for (std::size_t i = 0; i < static_cast<std::size_t>(steps); ++i) {
    kept += tokens.bytes.substr(2 * i * frame_bytes, frame_bytes);
  }
  tokens.bytes = kept;
}

class Model {
 public:
  explicit Model(std::string mode) : mode_(std::move(mode)) {}

  Message encode(const Message& request) const {
    const Array& frames = request.arrays.at("frames");
    const auto seed = request.fields.find("untrained_seed");
    const float factor =
        seed == request.fields.end() ? 1.0F : 2.0F + static_cast<float>(std::stoll(seed->second));
    Message answer;
    answer.fields["kind"] = mode_ == "wrong_kind" ? "tokenz" : "tokens";
    const int64_t batch = frames.shape[0];
    const int64_t steps = mode_ == "pairs" ? frames.shape[1] / 2 : frames.shape[1];
    const int64_t values = frames.shape[2] * frames.shape[3] * frames.shape[4];
    for (const auto& tap : Json::parse(request.fields.at("taps"))) {
      const int64_t tokens = tap == "frame" ? 1 : 3;
      answer.arrays[tap] = {"F32", {batch, steps, tokens, values / tokens}, scaled(frames, factor)};
      if (mode_ == "pairs") keep_first_of_pairs(answer.arrays[tap], batch * steps, values);
    }
    if (mode_ == "wrong_shape") {
      Array& first = answer.arrays.begin()->second;
      first.shape = {batch, steps, first.shape[2] * first.shape[3], 1};
    }
    if (mode_ == "missing_tap") answer.arrays.erase(answer.arrays.begin());
    if (mode_ == "extra_tap") answer.arrays["surplus"] = answer.arrays.begin()->second;
    if (mode_ == "nan") {
      const float nan = std::numeric_limits<float>::quiet_NaN();
      std::memcpy(answer.arrays.begin()->second.bytes.data() + 4 * sizeof(float), &nan,
                  sizeof(nan));
    }
    return answer;
  }

  /// Targets: every frame is one token, its values halved.
  Message targets(const Message& request) const {
    const Array& frames = request.arrays.at("frames");
    Message answer;
    answer.fields["kind"] = "targets";
    const int64_t values = frames.shape[2] * frames.shape[3] * frames.shape[4];
    answer.arrays["targets"] = {
        "F32", {frames.shape[0], frames.shape[1], values}, scaled(frames, 0.5F)};
    return answer;
  }

  /// Predictions: the last context frame again for every target, halved.
  Message predict(const Message& request) const {
    const Array& frames = request.arrays.at("frames");
    const int64_t targets = request.arrays.at("target_ids").shape[0];
    const int64_t values = frames.shape[2] * frames.shape[3] * frames.shape[4];
    const std::string halves = scaled(frames, 0.5F);
    const std::size_t frame_bytes = static_cast<std::size_t>(values) * sizeof(float);
    Message answer;
    answer.fields["kind"] = "predictions";
    std::string bytes;
    for (int64_t clip = 0; clip < frames.shape[0]; ++clip) {
      const auto last = static_cast<std::size_t>((clip + 1) * frames.shape[1] - 1);
      for (int64_t i = 0; i < targets; ++i) bytes += halves.substr(last * frame_bytes, frame_bytes);
    }
    answer.arrays["predictions"] = {"F32", {frames.shape[0], targets, values}, bytes};
    return answer;
  }

  /// Sends `answer`, or what the mode makes of it.
  void reply(Message answer, const Message& request) {
    const auto number = request.fields.find("request");
    if (number != request.fields.end()) answer.fields["request"] = number->second;
    if (answer.fields["kind"] != "model") {
      ++encoded_;
      if (mode_ == "crash" || (mode_ == "crash_second" && encoded_ == 2)) {
        std::fprintf(stderr, "about to crash\n");
        std::abort();
      }
      if (mode_ == "exit") std::exit(3);
      if (mode_ == "hang") sleep(3600);
      if (mode_ == "prints") std::printf("epoch 3: loss 0.1\n");
      if (mode_ == "wrong_request") answer.fields["request"] = "0";
      if (mode_ == "error") {
        answer = {{{"kind", "error"}, {"request", number->second}, {"message", "out of ideas"}},
                  {}};
      }
      if (mode_ == "chatty") {
        for (int i = 0; i < 100'000; ++i) std::fprintf(stderr, "line %d\n", i);
      }
      if (mode_ == "torn") {
        const std::string image = image_of(answer);
        const uint64_t size = image.size();
        std::fwrite("PPEXEC/1", 1, 8, stdout);
        std::fwrite(&size, 1, sizeof(size), stdout);
        std::fwrite(image.data(), 1, image.size() / 2, stdout);
        std::exit(0);
      }
      if (mode_ == "malformed") {
        std::string image = image_of(answer);
        image[8] = '!';
        send(image);
        return;
      }
    }
    send(image_of(answer));
    if (mode_ == "twice" && encoded_ > 0) send(image_of(answer));
  }

 private:
  std::string mode_;
  int encoded_ = 0;
};

}  // namespace

int main(int argc, char** argv) {
  const std::string mode = argc > 1 ? argv[1] : "ok";
  Json model = description();
  if (argc > 2) model.merge_patch(Json::parse(argv[2]));
  if (mode == "pairs") model["frames_per_step"] = 2;
  if (mode == "never_starts") sleep(3600);
  if (mode == "changes_its_mind") model["name"] = "child-" + std::to_string(getpid());
  std::fprintf(stderr, "serving on device '%s'\n", std::getenv("PHYSPROBE_DEVICE"));
  const std::string behaviour = mode == "changes_its_mind" ? "crash" : mode;
  Model serving(behaviour);
  for (Message request; receive(request); request = {}) {
    const std::string kind = request.fields.at("kind");
    Message answer;
    if (kind == "hello") {
      answer.fields = {{"kind", "model"}, {"model", model.dump()}};
    } else if (kind == "encode") {
      answer = serving.encode(request);
    } else if (kind == "targets") {
      answer = serving.targets(request);
    } else {
      answer = serving.predict(request);
    }
    serving.reply(answer, request);
  }
  return 0;
}
