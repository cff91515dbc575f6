// LIKE, comparing, finding and cutting of texts, blind to case unless asked.
#include "expression/match.h"

#include <algorithm>
#include <cmath>

#include "base/text.h"

namespace imreg::expression {

namespace {

std::size_t step(std::string_view text) {
  return static_cast<unsigned char>(text[0]) < 0x80 ? 1 : std::max<std::size_t>(utf8_length(text), 1);
}

char fold(char c, bool exact) { return exact ? c : lower(c); }

bool same(std::string_view a, std::string_view b, bool exact) { return exact ? a == b : equal_nocase(a, b); }

}  // namespace

int compare_texts(std::string_view a, std::string_view b, bool exact) {
  const std::size_t size = std::min(a.size(), b.size());
  for (std::size_t i = 0; i < size; ++i) {
    const auto x = static_cast<unsigned char>(fold(a[i], exact)), y = static_cast<unsigned char>(fold(b[i], exact));
    if (x != y) return x < y ? -1 : 1;
  }
  return a.size() < b.size() ? -1 : a.size() > b.size() ? 1 : 0;
}

std::size_t find_text(std::string_view text, std::string_view part, bool exact) {
  if (exact) return text.find(part);
  const auto found = std::search(text.begin(), text.end(), part.begin(), part.end(),
                                 [](char a, char b) { return lower(a) == lower(b); });
  return found == text.end() && !part.empty() ? text.npos : static_cast<std::size_t>(found - text.begin());
}

bool like_match(std::string_view pattern, std::string_view text, std::string_view escape, bool exact) {
  std::size_t p = 0, t = 0, star = pattern.npos, star_text = 0;
  while (t < text.size()) {
    const std::size_t width = step(text.substr(t));
    bool hit = false;
    std::size_t next = p;
    if (p < pattern.size()) {
      std::size_t at = p;
      const bool escaped =
          !escape.empty() && pattern.substr(p, escape.size()) == escape && p + escape.size() < pattern.size();
      if (escaped) at += escape.size();
      const std::size_t size = step(pattern.substr(at));
      next = at + size;
      if (!escaped && pattern[p] == '%') {
        star = p = next;
        star_text = t;
        continue;
      }
      hit = (!escaped && pattern[p] == '_') || same(pattern.substr(at, size), text.substr(t, width), exact);
    }
    if (hit) {
      p = next;
      t += width;
    } else if (star != pattern.npos) {
      p = star;
      star_text += step(text.substr(star_text));
      t = star_text;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '%' && escape != "%") ++p;
  return p == pattern.size();
}

std::size_t characters(std::string_view text) {
  std::size_t count = 0;
  for (; !text.empty(); ++count) text.remove_prefix(step(text));
  return count;
}

// SQLite's rules: what lies before the text counts as characters that are not there.
std::string_view substring(std::string_view text, double from, double count) {
  constexpr double kFar = 1e9;
  const double size = static_cast<double>(characters(text));
  double first = std::trunc(std::clamp(from, -kFar, kFar)), many = std::trunc(std::clamp(count, -kFar, kFar));
  const bool before = many < 0;  // the characters that precede `from`
  many = std::abs(many);
  if (first < 0) {
    first += size;
    if (first < 0) {
      many = std::max(many + first, 0.0);
      first = 0;
    }
  } else if (first > 0) {
    --first;
  } else if (many > 0) {
    --many;
  }
  if (before) {
    first -= many;
    if (first < 0) {
      many += first;
      first = 0;
    }
  }
  if (many <= 0) return {};
  for (; first > 0 && !text.empty(); --first) text.remove_prefix(step(text));
  std::size_t bytes = 0;
  for (; many > 0 && bytes < text.size(); --many) bytes += step(text.substr(bytes));
  return text.substr(0, bytes);
}

}  // namespace imreg::expression
