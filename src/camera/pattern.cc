// Compares globs with texts, and globs with each other.
#include "camera/pattern.h"

#include <algorithm>
#include <bitset>
#include <cstring>

#include "base/text.h"

namespace imreg::camera {

namespace {

// Longer texts have no capture: it must not be possible to make a header that takes minutes.
constexpr std::size_t kLongestText = 200;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Where the set that begins at `open` ends, as glob_match() reads it: the ] behind it, which may not be the first.
std::size_t end_of_set(std::string_view glob, std::size_t open) {
  const bool negated = open + 1 < glob.size() && (glob[open + 1] == '!' || glob[open + 1] == '^');
  const std::size_t first = open + (negated ? 2 : 1);
  return first < glob.size() ? glob.find(']', first + 1) : glob.npos;
}

// One step of a glob: a set of characters, or any number of any.
struct Step {
  bool star = false;
  std::bitset<256> set;
};

std::vector<Step> steps_of(std::string_view glob) {
  std::vector<Step> out;
  for (std::size_t i = 0; i < glob.size();) {
    Step step;
    std::size_t end = i + 1;
    if (glob[i] == '*') {
      step.star = true;
    } else {
      if (glob[i] == '[') {
        end = end_of_set(glob, i);
        end = end == glob.npos ? i + 1 : end + 1;
      }
      for (std::size_t byte = 0; byte < 256; ++byte) {
        const char c = static_cast<char>(byte);
        if (glob_match(glob.substr(i, end - i), std::string_view(&c, 1))) step.set.set(byte);
      }
    }
    i = end;
    out.push_back(step);
  }
  return out;
}

// Whether two patterns differ before the first star or set of either: most do, and at their first letters.
bool begin_apart(std::string_view a, std::string_view b) {
  const auto is_special = [](char c) { return c == '*' || c == '?' || c == '['; };
  for (std::size_t i = 0;; ++i) {
    const bool end_a = i == a.size(), end_b = i == b.size();
    if (end_a || end_b) return end_a && end_b ? false : (end_a ? b[i] : a[i]) != '*';
    if (is_special(a[i]) || is_special(b[i])) return false;
    if (lower(a[i]) != lower(b[i])) return true;
  }
}

bool overlap(const std::vector<Step>& a, const std::vector<Step>& b) {
  // reach[i][j]: some text matches the first i steps of a and the first j of b.
  std::vector<std::vector<char>> reach(a.size() + 1, std::vector<char>(b.size() + 1, 0));
  reach[0][0] = 1;
  for (std::size_t i = 0; i <= a.size(); ++i) {
    for (std::size_t j = 0; j <= b.size(); ++j) {
      if (reach[i][j] == 0) continue;
      const bool star_a = i < a.size() && a[i].star, star_b = j < b.size() && b[j].star;
      if (star_a) reach[i + 1][j] = 1;
      if (star_b) reach[i][j + 1] = 1;
      if (star_a && j < b.size()) reach[i][j + 1] = 1;
      if (star_b && i < a.size()) reach[i + 1][j] = 1;
      if (i < a.size() && j < b.size() && !star_a && !star_b && (a[i].set & b[j].set).any()) reach[i + 1][j + 1] = 1;
    }
  }
  return reach[a.size()][b.size()] != 0;
}

bool contains_nocase(std::string_view text, std::string_view word) {
  const char small = lower(word.front()), capital = upper(word.front());
  for (std::size_t i = 0; i + word.size() <= text.size(); ++i) {
    if ((text[i] == small || text[i] == capital) && equal_nocase(text.substr(i, word.size()), word)) return true;
  }
  return false;
}

std::size_t mark_of(std::string_view pattern) {
  for (std::size_t i = 0; i + 1 < pattern.size(); ++i) {
    if (pattern[i] == '%' && (pattern[i + 1] == 'd' || pattern[i + 1] == 'f' || pattern[i + 1] == 's')) return i;
  }
  return pattern.npos;
}

// Where the number that begins at `start` ends; `start` when none does.
std::size_t end_of_number(std::string_view text, std::size_t start) {
  std::size_t i = start;
  if (i < text.size() && (text[i] == '-' || text[i] == '+')) ++i;
  std::size_t digits = 0;
  for (bool point = false; i < text.size() && (is_digit(text[i]) || (text[i] == '.' && !point)); ++i) {
    point = point || text[i] == '.';
    digits += is_digit(text[i]) ? 1 : 0;
  }
  if (digits == 0) return start;
  std::size_t e = i;
  if (e < text.size() && lower(text[e]) == 'e') {
    ++e;
    if (e < text.size() && (text[e] == '-' || text[e] == '+')) ++e;
    const std::size_t power = e;
    while (e < text.size() && is_digit(text[e])) ++e;
    if (e > power) i = e;
  }
  return i;
}

}  // namespace

// Most patterns do not match, and most of those are told by their first letter, or are *WORD*.
bool matches(const Globs& globs, std::string_view text) {
  const char first = text.empty() ? '\0' : lower(text.front());
  return std::any_of(globs.begin(), globs.end(), [&](const std::string& glob) {
    const char c = glob.empty() ? '\0' : glob.front();
    if (c != '*' && c != '?' && c != '[') return lower(c) == first && glob_match(glob, text);
    if (c == '*' && glob.size() > 2 && glob.back() == '*') {
      const std::string_view word = std::string_view(glob).substr(1, glob.size() - 2);
      if (!is_glob(word)) return contains_nocase(text, word);
    }
    return glob_match(glob, text);
  });
}

bool MatchCache::matches(const Globs& globs, std::string_view text) {
  if (globs.empty()) return false;
  if (text.size() > kLongest) return camera::matches(globs, text);
  if (entries_.empty()) entries_.resize(kSize);
  const auto address = reinterpret_cast<std::uintptr_t>(&globs);
  std::uint64_t hash = address + text.size();
  const auto mix = [&](std::uint64_t word) {
    hash = (hash ^ word) * 0x9e3779b97f4a7c15U;
    hash ^= hash >> 29;
  };
  // Its ends and its middle tell one text from another, mostly.
  const auto mix_at = [&](std::size_t i) {
    std::uint64_t word = 0;
    std::memcpy(&word, text.data() + i, sizeof word);
    mix(word);
  };
  if (text.size() >= sizeof hash) {
    mix_at(0);
    mix_at(text.size() / 2 - sizeof hash / 2);
    mix_at(text.size() - sizeof hash);
  } else {
    for (const char c : text) hash = hash << 8 | static_cast<unsigned char>(c);
    mix(address);
  }
  Entry& entry = entries_[hash % kSize];
  if (entry.globs != &globs || std::string_view(entry.text, entry.size) != text) {
    entry.matched = camera::matches(globs, text);
    entry.globs = &globs;
    entry.size = static_cast<std::uint8_t>(text.size());
    text.copy(entry.text, text.size());
  }
  return entry.matched;
}

std::string glob_fault(std::string_view glob) {
  for (std::size_t i = 0; i < glob.size(); ++i) {
    if (glob[i] != '[') continue;
    const std::size_t close = end_of_set(glob, i);
    if (close == glob.npos) return "[ has no ]";
    i = close;
  }
  return "";
}

bool overlap(const Globs& a, const Globs& b) {
  return std::any_of(a.begin(), a.end(), [&](const std::string& one) {
    return std::any_of(b.begin(), b.end(), [&](const std::string& other) {
      return !begin_apart(one, other) && overlap(steps_of(one), steps_of(other));
    });
  });
}

std::string capture_fault(std::string_view pattern) {
  const std::size_t mark = mark_of(pattern);
  if (mark == pattern.npos) return "has no %d, %f or %s";
  if (mark_of(pattern.substr(mark + 2)) != pattern.npos) return "has more than one of %d, %f and %s";
  return glob_fault(pattern);
}

std::optional<std::string_view> captured(std::string_view pattern, std::string_view text) {
  const std::size_t mark = mark_of(pattern);
  if (mark == pattern.npos || text.size() > kLongestText) return std::nullopt;
  const std::string_view before = pattern.substr(0, mark), after = pattern.substr(mark + 2);
  const char kind = pattern[mark + 1];
  const auto fits = [&](std::size_t start, std::size_t end) {
    return glob_match(before, text.substr(0, start)) && glob_match(after, text.substr(end));
  };
  for (std::size_t start = 0; start < text.size(); ++start) {
    if (kind == 's') {
      if (!glob_match(before, text.substr(0, start))) continue;
      for (std::size_t end = start + 1; end <= text.size(); ++end) {
        if (glob_match(after, text.substr(end))) return text.substr(start, end - start);
      }
      continue;
    }
    const bool inside = start > 0 && (is_digit(text[start - 1]) || (kind == 'f' && text[start - 1] == '.'));
    if (inside) continue;
    std::size_t end = start;
    if (kind == 'f')
      end = end_of_number(text, start);
    else
      while (end < text.size() && is_digit(text[end])) ++end;
    if (end > start && fits(start, end)) return text.substr(start, end - start);
  }
  return std::nullopt;
}

}  // namespace imreg::camera
