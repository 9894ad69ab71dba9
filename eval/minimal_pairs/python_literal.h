#pragma once
// Lists of strings as Python prints them: annotations of published data sets hold their candidate
// answers in this form.

#include <string>
#include <string_view>
#include <vector>

namespace physprobe {

/// The strings of a list or tuple literal such as ['Yes', "it doesn't"]: both quotes, all backslash
/// escapes but \N{…}, adjacent literals joined, a comma at the end allowed. Throws Error(kInput)
/// with the position for anything else.
std::vector<std::string> parse_python_strings(std::string_view text);

}  // namespace physprobe
