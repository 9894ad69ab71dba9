#pragma once
// Text into HTML: escaping, links and the one way numbers are printed. Every word of a user passes
// through here. Internal.

#include <nlohmann/json_fwd.hpp>

#include <string>
#include <string_view>

namespace physprobe {

/// & < > " ' escaped; control characters that HTML forbids become U+FFFD.
std::string escape_html(std::string_view text);

/// Escaped and isolated from the direction of the text around it.
std::string bdi(std::string_view text);

/// RFC 3986 percent encoding; `keep` lists reserved characters that stay.
std::string percent_encode(std::string_view text, std::string_view keep = "");

/// "item-<id>", the fragment of an item's permanent link, as it stands in an href (encoded) or in
/// an id attribute (plain).
std::string item_href(std::string_view id);

std::string base64(std::string_view bytes);

/// `digits` after the point, U+2212 as minus; "–" for null.
std::string format_number(const nlohmann::json& value, int digits);
/// "3,000".
std::string format_count(int64_t count);
/// "[41.0, 74.0]", "" when an end is undefined.
std::string format_interval(const nlohmann::json& interval, int digits);

/// `<td data-v="full digits">57.6<span class="ci">[41.0, 74.0]</span></td>`: what is read, and all
/// digits for the CSV.
std::string number_cell(const nlohmann::json& value,
                        int digits,
                        const nlohmann::json* interval = nullptr);

/// JSON that may stand inside a <script> element: no "<" survives.
std::string script_json(const nlohmann::json& value);

}  // namespace physprobe
