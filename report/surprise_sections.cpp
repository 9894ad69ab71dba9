#include "physprobe/report/surprise_sections.h"

#include "physprobe/core/atomic_file.h"
#include "physprobe/core/error.h"
#include "physprobe/report/assets.h"
#include "physprobe/report/html.h"
#include "physprobe/report/media_shelf.h"
#include "physprobe/report/pair_table.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <filesystem>
#include <sstream>
#include <vector>

namespace physprobe {
namespace {

using Json = nlohmann::json;

constexpr std::size_t kMostPairsText = std::size_t{1} << 28;

/// Surprise over time, of both members: the chart's place, its data as a table, and what saves
/// them.
std::string timeline(const Json& pair) {
  const Json& calm = pair.at("possible");
  const Json& struck = pair.at("impossible");
  const Json& longer = calm.at("seconds").size() >= struck.at("seconds").size() ? calm : struck;
  const auto cell = [](const Json& member, std::size_t slot) {
    const Json& surprise = member.at("surprise");
    return slot < surprise.size() && surprise[slot].is_number()
               ? fmt::format("<td>{}</td>", surprise[slot].get<double>())
               : std::string("<td></td>");
  };
  std::string rows;
  for (std::size_t slot = 0; slot < longer.at("seconds").size(); ++slot) {
    rows +=
        fmt::format("<tr><th scope=\"row\">{}</th>{}{}</tr>",
                    longer.at("seconds")[slot].get<double>(), cell(calm, slot), cell(struck, slot));
  }
  const Json& moment = pair.at("moment");
  return fmt::format(
      "<div class=\"plot surprise\" data-moment=\"{}\" role=\"img\" aria-label=\"Surprise over "
      "time of both videos\"></div><p class=\"save\" hidden><button type=\"button\" "
      "data-save=\"svg\">Save as SVG</button> <button type=\"button\" data-save=\"csv\">Save as "
      "CSV</button></p><details class=\"data\"><summary>Surprise as a table, context of {} "
      "frames</summary><div class=\"scroll\"><table class=\"series\"><thead><tr><th "
      "scope=\"col\">time, s</th><th scope=\"col\">possible</th><th scope=\"col\">impossible"
      "</th></tr></thead><tbody>{}</tbody></table></div></details>",
      moment.is_object() ? fmt::format("{}", moment.at("seconds").get<double>()) : std::string(),
      pair.at("context").get<int64_t>(), rows);
}

std::string picture(MediaShelf& shelf, const Json& path, const char* css, const std::string& text) {
  if (!path.is_string()) return "";
  const auto uri = shelf.data_uri(path.get<std::string>());
  if (!uri) return "";
  return fmt::format("<img class=\"{}\" src=\"{}\" alt=\"{}\">", css, *uri, escape_html(text));
}

std::string member_html(MediaShelf& shelf,
                        const Json& member,
                        const char* kind,
                        const Json& moment) {
  const auto id = member.at("id").get<std::string>();
  std::string html = fmt::format(
      "<div class=\"member {0}\"><p><b>{0}</b> {1} <small>mean surprise {2}</small></p>", kind,
      bdi(id), format_number(member.at("mean"), 5));
  if (member.at("media").is_object() && member.at("media").contains("strip")) {
    const std::string strip =
        picture(shelf, member.at("media").at("strip"), "frames", "Frames of " + id + ", in order");
    if (!strip.empty()) html += "<div class=\"filmstrip\">" + strip + "</div>";
  }
  if (moment.is_object()) {
    html += picture(shelf, member.at("moment_image"), "where",
                    fmt::format("{} at {:.2f} s as the model sees it, and where it surprises", id,
                                moment.at("seconds").get<double>()));
  }
  return html + "</div>";
}

std::string pair_card(MediaShelf& shelf, const Json& pair) {
  const Json& moment = pair.at("moment");
  const auto name = pair.at("pair").get<std::string>();
  std::string html = fmt::format(
      "<article class=\"card voe\" id=\"{}\"><h3>{} <small>{}</small></h3><p "
      "class=\"verdict{}\">{}: "
      "the impossible video surprises {} on average (difference {}).",
      escape_html("pair-" + name), bdi(name), bdi(pair.at("property").get<std::string>()),
      pair.at("right").get<bool>() ? "" : " bad", pair.at("right").get<bool>() ? "Right" : "Wrong",
      pair.at("right").get<bool>() ? "more" : "no more", format_number(pair.at("gap"), 5));
  if (moment.is_object()) {
    html += fmt::format(" Largest gap at <b>{:.2f} s</b> ({}).", moment.at("seconds").get<double>(),
                        format_number(moment.at("gap"), 5));
  }
  html += "</p>" + timeline(pair);
  html += member_html(shelf, pair.at("possible"), "possible", moment) +
          member_html(shelf, pair.at("impossible"), "impossible", moment);
  return html + "</article>";
}

std::string value_cell(const Json& score) {
  if (!score.is_object()) return "<td>–</td>";
  return score.contains("interval") ? number_cell(score.at("value"), 1, &score.at("interval"))
                                    : number_cell(score.at("value"), 1);
}

/// ", interval [low, high]" of the mean over properties; documents of other versions have none.
std::string headline_interval(const Json& model) {
  const Json& headline = model.at("headline");
  if (!headline.contains("fixed_context_interval")) return "";
  return fmt::format("; interval {}", format_interval(headline.at("fixed_context_interval"), 1));
}

/// The flat score of a model, property and kind.
const Json* flat_score(const Json& results,
                       const Json& model,
                       const std::string& property,
                       const Json& kind) {
  for (const Json& score : results.at("scores")) {
    if (score.at("model") == model && score.at("task") == property && score.at("name") == kind)
      return &score;
  }
  return nullptr;
}

}  // namespace

std::string render_surprise_headline(const Json& results) {
  const Json& model = results.at("models").at(0);
  const auto fixed = results.at("kinds").back().at("name").get<std::string>();
  const auto properties = static_cast<int64_t>(model.at("properties").size());
  const auto problems = results.at("counts").at("problems").get<int64_t>();
  const std::string counts =
      fmt::format("<p class=\"counts\"><span{}><b>{}</b> problems in the files</span></p>",
                  problems > 0 ? " class=\"bad\"" : "", format_count(problems));
  std::string html = fmt::format("<p class=\"kicker\">{} · {}</p>",
                                 pair_text(results.at("protocol")), pair_text(results.at("name")));
  if (properties == 0) return html + "<h1 class=\"finding\">No pair could be scored.</h1>" + counts;
  html += fmt::format(
      "<h1 class=\"finding\">The possible video surprises {} less in <em>{} %</em> of pairs",
      pair_text(model.at("name")), format_number(model.at("headline").at("fixed_context"), 1));
  const Json* strongest = nullptr;
  for (const Json& other : results.at("models")) {
    if (other.value("role", std::string()) != "null" ||
        !other.at("headline").at("fixed_context").is_number())
      continue;
    if (strongest == nullptr || other.at("headline").at("fixed_context").get<double>() >
                                    strongest->at("headline").at("fixed_context").get<double>())
      strongest = &other;
  }
  if (strongest != nullptr) {
    html += fmt::format("; the strongest null, {}, in {} %", pair_text(strongest->at("name")),
                        format_number(strongest->at("headline").at("fixed_context"), 1));
  }
  html += fmt::format(
      ".</h1><p class=\"lede\">Unweighted mean of {} propert{} at {}, fixed "
      "beforehand{}. Chance is 50 %.</p><dl class=\"keys\">",
      format_count(properties), properties == 1 ? "y" : "ies", bdi(fixed),
      headline_interval(model));
  for (const auto& [property, scored] : model.at("properties").items()) {
    const Json* score =
        flat_score(results, model.at("name"), property, results.at("kinds").back().at("name"));
    if (score == nullptr) continue;
    html += fmt::format(
        "<div class=\"key\"><dt>{}</dt><dd><b>{} %</b> <span class=\"ci\">{}</span>"
        "<small>n = {}</small></dd></div>",
        bdi(property), format_number(score->at("value"), 1),
        format_interval(score->at("interval"), 1), format_count(score->at("n").get<int64_t>()));
  }
  return html + "</dl>" + counts;
}

std::string render_surprise_nulls(const Json& results) {
  std::string html;
  const Json& first = results.at("models").at(0);
  if (!first.contains("properties")) return "";
  for (const auto& [property, scored] : first.at("properties").items()) {
    std::string rows;
    for (const Json& model : results.at("models")) {
      if (!model.at("properties").contains(property)) continue;
      const Json& own = model.at("properties").at(property);
      const bool is_null = model.value("role", std::string()) == "null";
      const Json* fixed =
          flat_score(results, model.at("name"), property, results.at("kinds").back().at("name"));
      const Json* filtered = flat_score(results, model.at("name"), property, "Filtered");
      const Json& sweep = own.at("sweep");
      rows += fmt::format("<tr{}><th scope=\"row\">{}{}</th>{}{}{}{}{}{}</tr>",
                          is_null ? "" : " class=\"main\"", is_null ? "null: " : "",
                          pair_text(model.at("name")),
                          fixed == nullptr ? "<td>–</td>" : value_cell(*fixed),
                          filtered == nullptr ? "<td>–</td>" : value_cell(*filtered),
                          number_cell(sweep.at("best"), 1), number_cell(sweep.at("null_mean"), 1),
                          p_cell(sweep.at("p")), value_cell(own.at("held_out_selection")));
    }
    html +=
        fmt::format("<h3>{} <small>{} pairs, chance 50 %</small></h3>", bdi(property),
                    format_count(scored.at("n_pairs").get<int64_t>())) +
        pair_table(
            "summary",
            {{"model", false},
             {escape_html(results.at("kinds").back().at("name").get<std::string>()) + " (fixed), %",
              true},
             {"Filtered, %", true},
             {"best row, %", true},
             {"labels exchanged, %", true},
             {"p", true},
             {"chosen elsewhere, %", true}},
            rows, "Scores beside their nulls");
    if (!results.contains("trajectory")) continue;
    std::string shapes;
    for (const Json& score : results.at("trajectory")) {
      if (score.at("property") != property) continue;
      shapes += fmt::format("<tr><th scope=\"row\">{}</th>{}{}{}</tr>",
                            pair_text(score.at("statistic")), value_cell(score),
                            number_cell(score.at("n"), 0), number_cell(score.at("chance"), 1));
    }
    html += "<h4>The same pairs by the shape of their trajectories</h4>" +
            pair_table("summary",
                       {{"statistic", false}, {"value, %", true}, {"n", true}, {"chance, %", true}},
                       shapes, "Trajectory scores");
  }
  return html;
}

std::string surprise_chart_spec() {
  return script_json(Json::parse(asset_surprise_chart()));
}

SurprisePairCards render_surprise_pairs(const std::string& run_directory, int64_t max_bytes) {
  SurprisePairCards cards;
  const std::string path = run_directory + "/pairs.jsonl";
  if (!std::filesystem::exists(path)) return cards;
  MediaShelf shelf(run_directory);
  std::istringstream lines(read_file(path, kMostPairsText));
  std::string body;
  int64_t number = 0;
  for (std::string line; std::getline(lines, line);) {
    ++number;
    std::string card;
    try {
      card = pair_card(shelf, Json::parse(line));
    } catch (const Json::exception& error) {
      throw Error(ErrorKind::kInput, fmt::format("{}:{}", path, number), error.what());
    }
    if (static_cast<int64_t>(body.size() + card.size()) > max_bytes) {
      ++cards.left_out;
      continue;
    }
    body += card;
    ++cards.shown;
  }
  std::string intro = fmt::format(
      "{} pairs, from the most wrong to the most right of each property. The line marks the moment "
      "at which the impossible video surprises most beyond the possible one; the pictures below "
      "show that moment as the model sees it, and in red where its surprise lies, on one scale for "
      "both members.",
      format_count(cards.shown));
  if (cards.left_out > 0)
    intro += fmt::format(" {} further pairs are left out for size and stand in pairs.jsonl.",
                         format_count(cards.left_out));
  cards.html =
      "<section id=\"pairs\" class=\"part full\"><h2>Pair by pair</h2><div "
      "class=\"body\"><p class=\"intro\">" +
      intro + "</p>" + body + "</div></section>";
  return cards;
}

}  // namespace physprobe
