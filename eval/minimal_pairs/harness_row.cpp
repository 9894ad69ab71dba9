#include "physprobe/eval/minimal_pairs/harness_row.h"

#include "physprobe/eval/minimal_pairs/response_parsers.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <array>

namespace physprobe {
namespace {

enum class Field { kOther, kTarget, kFiltered, kResps, kInput, kMedia, kPair, kSingle, kDoc };

Field field_of(const std::string& key) {
  if (key == "target") return Field::kTarget;
  if (key == "filtered_resps") return Field::kFiltered;
  if (key == "resps") return Field::kResps;
  if (key == "input") return Field::kInput;
  if (key == "input_media") return Field::kMedia;
  if (key == "pair_accuracy") return Field::kPair;
  if (key == "single_accuracy") return Field::kSingle;
  return key == "doc" ? Field::kDoc : Field::kOther;
}

/// "0" or "1" as an index; anything else is none.
std::optional<int> index_of(const std::string& text) {
  if (text == "0") return 0;
  if (text == "1") return 1;
  return std::nullopt;
}

class RowReader : public nlohmann::json_sax<nlohmann::json> {
 public:
  explicit RowReader(HarnessRow& row) : row_(row) {}

  bool is_object() const { return is_object_; }
  const std::string& error() const { return error_; }
  std::optional<std::string> filtered, resps;

  bool null() override { return true; }
  bool boolean(bool value) override {
    if (HarnessMetric* metric = metric_here())
      set_number(*metric, value ? std::optional<int>(1) : std::nullopt, !value);
    return true;
  }
  bool number_integer(number_integer_t value) override {
    return number(value == 0 || value == 1 ? std::optional<int>(static_cast<int>(value))
                                           : std::nullopt);
  }
  bool number_unsigned(number_unsigned_t value) override {
    return number(value <= 1 ? std::optional<int>(static_cast<int>(value)) : std::nullopt);
  }
  bool number_float(number_float_t value, const string_t&) override {
    return number(value == 0.0   ? std::optional<int>(0)
                  : value == 1.0 ? std::optional<int>(1)
                                 : std::nullopt);
  }
  bool binary(binary_t&) override { return true; }

  bool string(string_t& value) override {
    switch (field_) {
      case Field::kTarget:
        if (depth_ == 1) row_.target = std::move(value);
        break;
      case Field::kFiltered:
        if (!filtered) filtered = std::move(value);
        break;
      case Field::kResps:
        if (!resps) resps = std::move(value);
        break;
      case Field::kInput:
        if (depth_ == 1) row_.input = std::move(value);
        break;
      case Field::kMedia:
        if (depth_ == 3 && keys_[3] == "path" && row_.media_path.empty())
          row_.media_path = std::move(value);
        break;
      case Field::kPair:
      case Field::kSingle:
        metric_string(value);
        break;
      case Field::kDoc:
        doc_string(value);
        break;
      case Field::kOther:
        break;
    }
    return true;
  }

  bool start_object(std::size_t) override {
    if (depth_ == 0) is_object_ = true;
    ++depth_;
    if (depth_ == 2) {
      if (field_ == Field::kPair) row_.pair.is_object = true;
      if (field_ == Field::kSingle) row_.single.is_object = true;
    }
    return true;
  }
  bool end_object() override { return leave(); }
  bool start_array(std::size_t) override {
    ++depth_;
    return true;
  }
  bool end_array() override { return leave(); }

  bool key(string_t& value) override {
    if (depth_ == 1) {
      field_ = field_of(value);
      row_.keys.push_back(value);
    }
    if (depth_ < static_cast<int>(keys_.size()))
      keys_[static_cast<std::size_t>(depth_)] = std::move(value);
    return true;
  }

  bool parse_error(std::size_t,
                   const std::string&,
                   const nlohmann::detail::exception& error) override {
    const std::string text = error.what();
    const std::size_t tag_end = text.find("] ");
    error_ = tag_end == std::string::npos ? text : text.substr(tag_end + 2);
    return false;
  }

 private:
  bool leave() {
    --depth_;
    return true;
  }
  HarnessMetric* metric_here() {
    if (depth_ != 2) return nullptr;
    return field_ == Field::kPair ? &row_.pair : field_ == Field::kSingle ? &row_.single : nullptr;
  }
  bool number(std::optional<int> value) {
    if (HarnessMetric* metric = metric_here()) set_number(*metric, value, false);
    return true;
  }
  void set_number(HarnessMetric& metric, std::optional<int> value, bool is_false) {
    const std::string& name = keys_[2];
    if (name == "prediction_idx") metric.prediction = is_false ? kUnparsed : value;
    if (name == "answer_idx") metric.answer = value;
    if (name == "rating") metric.rating = is_false ? std::optional<int>(0) : value;
  }
  void metric_string(string_t& value) {
    HarnessMetric& metric = field_ == Field::kPair ? row_.pair : row_.single;
    const std::string& name = keys_[2];
    if (depth_ == 3 && name == "candidates") {
      metric.candidates.push_back(std::move(value));
    } else if (depth_ == 2 && name == "video_id") {
      metric.video_id = std::move(value);
    } else if (depth_ == 2 && name == "video-llm-prediction") {
      metric.response = std::move(value);
    } else if (depth_ == 2) {
      set_number(metric, index_of(value), false);
    }
  }
  void doc_string(string_t& value) {
    HarnessDoc& doc = row_.doc;
    const std::string& name = keys_[2];
    if (depth_ == 3 && name == "candidates") {
      doc.candidates.push_back(std::move(value));
    } else if (depth_ == 2) {
      std::string* target = name == "video_id"     ? &doc.video_id
                            : name == "video_path" ? &doc.video_path
                            : name == "question"   ? &doc.question
                            : name == "answer"     ? &doc.answer
                            : name == "source"     ? &doc.source
                            : name == "candidates" ? &doc.candidates_text
                                                   : nullptr;
      if (target != nullptr) *target = std::move(value);
    }
  }

  HarnessRow& row_;
  int depth_ = 0;
  Field field_ = Field::kOther;
  std::array<std::string, 4> keys_;
  bool is_object_ = false;
  std::string error_;
};

}  // namespace

std::string read_harness_row(std::string_view line, HarnessRow& row) {
  // nlohmann takes a NUL byte for the end and would not look at what follows it.
  if (line.find('\0') != std::string_view::npos) return "contains a NUL byte";
  RowReader reader(row);
  const bool is_json = nlohmann::json::sax_parse(line.begin(), line.end(), &reader);
  if (!is_json) return reader.error().empty() ? "is no JSON" : reader.error();
  if (!reader.is_object()) return "is JSON but no object";
  row.response = reader.filtered ? std::move(reader.filtered) : std::move(reader.resps);
  return "";
}

}  // namespace physprobe
