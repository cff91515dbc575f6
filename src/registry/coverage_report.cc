// Prints the matrix of coverage as text, CSV, HTML or JSON.
#include "registry/coverage_report.h"

#include <algorithm>
#include <cstdio>

#include "base/json.h"
#include "base/markup.h"
#include "base/text.h"

namespace imreg {

using namespace camera;

namespace {

// Headings of narrow columns, in two lines.
constexpr std::array<std::array<std::string_view, 2>, kJudged.size()> kShort = {{{"obs-", "time"},
                                                                                 {"exp-", "time"},
                                                                                 {"type", ""},
                                                                                 {"fil-", "ter"},
                                                                                 {"ra", ""},
                                                                                 {"dec", ""},
                                                                                 {"air-", "mass"},
                                                                                 {"ob-", "ject"},
                                                                                 {"inst", "rum."},
                                                                                 {"ccd", ""},
                                                                                 {"det-", "temp"}}};

std::string left(std::string text, std::size_t width) {
  text.resize(std::max(text.size(), width), ' ');
  return text;
}

std::string right(const std::string& text, std::size_t width) {
  return std::string(width > text.size() ? width - text.size() : 0, ' ') + text;
}

// Rounded down: 100 means all.
std::string percent(const Count& count) {
  return count.all() == 0 ? "-" : std::to_string(100 * count.right / count.all());
}

std::string tenths(const Count& count) {
  if (count.all() == 0) return "-";
  const std::int64_t tenth = 1000 * count.right / count.all();
  return std::to_string(tenth / 10) + '.' + std::to_string(tenth % 10);
}

// The findings of one field stand together, the suspicious ones first.
std::vector<Finding> sorted(std::vector<Finding> findings) {
  const auto place = [](const Finding& finding) {
    const auto field = std::find(kJudged.begin(), kJudged.end(), finding.field) - kJudged.begin();
    return std::pair(field, finding.verdict == Verdict::suspicious ? 0 : 1);
  };
  std::stable_sort(findings.begin(), findings.end(),
                   [&](const Finding& a, const Finding& b) { return place(a) < place(b); });
  return findings;
}

std::string what_of(const Finding& finding) {
  return finding.value.empty() ? finding.reason : finding.value + ": " + finding.reason;
}

std::string where_of(const Finding& finding) {
  return finding.file + ", extension " + std::to_string(finding.extension) +
         (finding.images > 1 ? " and " + std::to_string(finding.images - 1) + " more" : "");
}

std::string text_of(const Coverage& coverage, int columns) {
  const CameraCount sum = coverage.sum();
  std::string out = "field          right  unknown  suspicious  right %\n";
  for (std::size_t i = 0; i < kJudged.size(); ++i) {
    const Count& count = sum.fields[i];
    out += left(std::string(kJudged[i]), 12) + right(std::to_string(count.right), 8) +
           right(std::to_string(count.unknown), 9) + right(std::to_string(count.suspicious), 12) +
           right(tenths(count), 9) + '\n';
  }
  out +=
      "\nRight values by camera table, in per cent of the images that need one;\n! some of the others are "
      "suspicious.\n\n";

  std::size_t name = 6, full = 0;
  for (const auto& [camera, count] : coverage.cameras) name = std::max(name, camera.size());
  for (const std::string_view field : kJudged) full += std::max<std::size_t>(field.size(), 4) + 2;
  const bool wide = name + 7 + full <= static_cast<std::size_t>(columns);
  // A longer name of a camera takes a line of its own rather than make all lines longer.
  if (!wide) name = std::min<std::size_t>(name, 18);
  const auto line = [&](const std::string& camera, const std::string& images, const auto& cell) {
    std::string text = camera.size() > name ? camera + '\n' + left("", name) : left(camera, name);
    text += right(images, 7);
    for (std::size_t i = 0; i < kJudged.size(); ++i)
      text += right(cell(i), wide ? std::max<std::size_t>(kJudged[i].size(), 4) + 2 : 5);
    out += text.substr(0, text.find_last_not_of(' ') + 1) + '\n';
  };
  if (wide) {
    line("camera", "images", [](std::size_t i) { return std::string(kJudged[i]); });
  } else {
    line("camera", "images", [](std::size_t i) { return std::string(kShort[i][0]); });
    line("", "", [](std::size_t i) { return std::string(kShort[i][1]); });
  }
  const auto row = [&](const std::string& camera, const CameraCount& count) {
    line(camera, std::to_string(count.images),
         [&](std::size_t i) { return percent(count.fields[i]) + (count.fields[i].suspicious > 0 ? "!" : " "); });
  };
  for (const auto& [camera, count] : coverage.cameras) row(camera, count);
  row("all", sum);

  std::string_view field;
  for (const Finding& finding : sorted(coverage.findings)) {
    if (finding.field != field) out += '\n' + std::string(field = finding.field) + '\n';
    out += (finding.verdict == Verdict::suspicious ? "  ! " : "  - ") + visible(where_of(finding)) + " (" +
           finding.camera + "): " + visible(what_of(finding)) + '\n';
  }
  return out;
}

std::string csv_of(const Coverage& coverage) {
  if (!coverage.findings.empty()) {
    std::string out = "field,verdict,camera,file,extension,images,value,reason\r\n";
    for (const Finding& f : sorted(coverage.findings))
      out += csv_line({std::string(f.field), std::string(name_of(f.verdict)), f.camera, f.file,
                       std::to_string(f.extension), std::to_string(f.images), f.value, f.reason});
    return out;
  }
  std::string out = "camera,field,files,images,right,unknown,suspicious,unneeded\r\n";
  for (const auto& [camera, count] : coverage.cameras) {
    for (std::size_t i = 0; i < kJudged.size(); ++i) {
      const Count& field = count.fields[i];
      out += csv_line({camera, std::string(kJudged[i]), std::to_string(count.files), std::to_string(count.images),
                       std::to_string(field.right), std::to_string(field.unknown), std::to_string(field.suspicious),
                       std::to_string(count.images - field.all())});
    }
  }
  return out;
}

std::string json_of(const Coverage& coverage) {
  std::string out;
  for (const auto& [camera, count] : coverage.cameras) {
    out += "{\"camera\":" + json_text(camera) + ",\"files\":" + std::to_string(count.files) +
           ",\"images\":" + std::to_string(count.images) + ",\"fields\":{";
    for (std::size_t i = 0; i < kJudged.size(); ++i) {
      const Count& field = count.fields[i];
      out += (i == 0 ? "" : ",") + json_text(kJudged[i]) + ":{\"right\":" + std::to_string(field.right) +
             ",\"unknown\":" + std::to_string(field.unknown) + ",\"suspicious\":" + std::to_string(field.suspicious) +
             ",\"unneeded\":" + std::to_string(count.images - field.all()) + '}';
    }
    out += "}}\n";
  }
  for (const Finding& f : sorted(coverage.findings)) {
    out += "{\"field\":" + json_text(f.field) + ",\"verdict\":" + json_text(name_of(f.verdict)) +
           ",\"camera\":" + json_text(f.camera) + ",\"file\":" + json_text(f.file) +
           ",\"extension\":" + std::to_string(f.extension) + ",\"images\":" + std::to_string(f.images) +
           ",\"value\":" + (f.value.empty() ? "null" : json_text(f.value)) + ",\"reason\":" + json_text(f.reason) +
           "}\n";
  }
  return out;
}

std::string html_text(std::string_view text) { return escaped_markup(visible(text)); }

// Shades that differ in grey too, and a mark where colours are not enough. The heads stay in sight when the page is
// scrolled, which cells with collapsed borders would do without their borders.
constexpr const char* kStyle =
    ":root{color-scheme:light dark;--ink:#111;--dim:#444;--paper:#fff;--head:#eee;--line:#999;--most:#e8f0d8;"
    "--some:#ffd890;--few:#e09a8a}"
    "@media(prefers-color-scheme:dark){:root{--ink:#eee;--dim:#bbb;--paper:#181818;--head:#2c2c2c;--line:#666;"
    "--most:#2c3c1c;--some:#5c4400;--few:#7c2c20}}"
    "body{font:15px/1.4 sans-serif;margin:1.5em;color:var(--ink);background:var(--paper);overflow-wrap:break-word}"
    "p,ul{max-width:60em}table{border-collapse:separate;border-spacing:0;border:solid var(--line);border-width:1px 0 0 "
    "1px}"
    "th,td{border:solid var(--line);border-width:0 1px 1px 0;padding:.25em .6em;text-align:right;white-space:nowrap}"
    "thead th{position:sticky;top:0;background:var(--head)}"
    "th:first-child{text-align:left;position:sticky;left:0;background:var(--head)}thead th:first-child{z-index:1}"
    "td small{display:block;color:var(--dim);font-size:75%}"
    ".most{background:var(--most)}.some{background:var(--some)}.few{background:var(--few)}.none{color:var(--dim)}"
    ".few,.bad{font-weight:bold}tr.sum th,tr.sum td{border-top:3px double var(--ink)}"
    "@media(max-width:40em){body{margin:.5em}th,td{padding:.2em .3em}th:first-child{white-space:normal;max-width:6em}}"
    "ul{padding-left:1.2em}.key{padding:0 .4em}";

std::string html_row(const std::string& head, const CameraCount& count, const char* attributes) {
  std::string out = "<tr" + std::string(attributes) + "><th scope=\"row\">" + html_text(head) + "</th><td>" +
                    std::to_string(count.files) + "</td><td>" + std::to_string(count.images) + "</td>";
  for (const Count& field : count.fields) {
    if (field.all() == 0) {
      out += "<td class=\"none\">&ndash;</td>";
      continue;
    }
    const auto part = 100 * field.right / field.all();
    const char* shade = part == 100 ? "all" : part >= 95 ? "most" : part >= 50 ? "some" : "few";
    out += "<td class=\"" + std::string(shade) + "\">" + percent(field) + " %" +
           (field.suspicious > 0 ? " <span class=\"bad\">!</span>" : "") + "<small>" + std::to_string(field.right) +
           " / " + std::to_string(field.unknown) + " / " + std::to_string(field.suspicious) + "</small></td>";
  }
  return out + "</tr>\n";
}

std::string html_of(const Coverage& coverage, const std::string& summary) {
  std::string out =
      "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width\">\n<title>Camera tables: coverage</title>\n"
      "<style>" +
      std::string(kStyle) +
      "</style>\n</head>\n<body>\n<h1>Camera tables: coverage</h1>\n"
      "<p>For each camera table and field: the part of the images whose value is right, and below it how many are "
      "right&nbsp;/ unknown&nbsp;/ suspicious. Images that need no such value (the pointing of a bias) are not "
      "counted; "
      "! marks suspicious values. Shades: 100&nbsp;%, <span class=\"key most\">95&nbsp;% and more</span>, "
      "<span class=\"key some\">50&nbsp;% and more</span>, <span class=\"key few\">less</span>.</p>\n<p>" +
      html_text(summary) +
      "</p>\n"
      "<table>\n<thead><tr><th scope=\"col\">camera</th><th scope=\"col\">files</th><th scope=\"col\">images</th>";
  for (const std::string_view field : kJudged) out += "<th scope=\"col\">" + std::string(field) + "</th>";
  out += "</tr></thead>\n<tbody>\n";
  for (const auto& [camera, count] : coverage.cameras) out += html_row(camera, count, "");
  out += html_row("all", coverage.sum(), " class=\"sum\"") + "</tbody>\n</table>\n";
  std::string_view field;
  for (const Finding& finding : sorted(coverage.findings)) {
    if (finding.field != field) {
      out += (field.empty() ? "<h2>" : "</ul>\n<h2>") + std::string(finding.field) + "</h2>\n<ul>\n";
      field = finding.field;
    }
    out += "<li>" + std::string(finding.verdict == Verdict::suspicious ? "<b>suspicious</b> " : "unknown ") +
           html_text(where_of(finding)) + " (" + html_text(finding.camera) + "): " + html_text(what_of(finding)) +
           "</li>\n";
  }
  return out + (field.empty() ? "" : "</ul>\n") + "</body>\n</html>\n";
}

}  // namespace

std::vector<std::string> coverage_formats() { return {"text", "csv", "html", "json"}; }

std::string coverage_text(const Coverage& coverage, std::string_view format, int width, const std::string& summary) {
  if (format == "csv") return csv_of(coverage);
  if (format == "html") return html_of(coverage, summary);
  if (format == "json") return json_of(coverage);
  return (coverage.cameras.empty() ? "" : text_of(coverage, width) + '\n') + summary + '\n';
}

std::string csv_line(const std::vector<std::string>& cells) {
  std::string out;
  for (std::size_t i = 0; i < cells.size(); ++i) {
    const std::string& cell = cells[i];
    if (i > 0) out += ',';
    if (cell.find_first_of(",\"\r\n") == cell.npos) {
      out += cell;
      continue;
    }
    out += '"';
    for (const char c : cell) out += c == '"' ? "\"\"" : std::string(1, c);
    out += '"';
  }
  return out + "\r\n";
}

}  // namespace imreg
