// Chooses the table of a file by the keywords and values that its headers hold.
#include "camera/choose.h"

#include <algorithm>
#include <cstring>

#include "base/text.h"

namespace imreg::camera {

namespace {

constexpr std::size_t kLongestValue = 80;

// "ACS" of ACS, "CFHT" of CFHT*: texts without any other pattern character can be looked up.
bool is_literal(std::string_view glob) { return !glob.empty() && !is_glob(glob); }
bool is_prefix(std::string_view glob) {
  return glob.size() > 1 && glob.back() == '*' && is_literal(glob.substr(0, glob.size() - 1));
}

bool can_anchor(const Condition& condition) {
  return condition.wanted && !condition.range && condition.source.scope != Scope::file_name &&
         std::all_of(condition.globs.begin(), condition.globs.end(),
                     [](const std::string& glob) { return is_literal(glob) || is_prefix(glob); });
}

// FNV-1a over capitals, begun with the keyword.
std::uint64_t first_hash(const Source& source) { return source.key ^ 0xcbf29ce484222325; }
std::uint64_t next_hash(std::uint64_t hash, char c) {
  return (hash ^ static_cast<unsigned char>(upper(c))) * 0x100000001b3;
}
std::uint64_t hash_of(const Source& source, std::string_view text) {
  std::uint64_t hash = first_hash(source);
  for (const char c : text) hash = next_hash(hash, c);
  return hash;
}

}  // namespace

Chooser::Chooser(std::vector<Rule> rules) : rules_(std::move(rules)) {
  for (std::uint32_t i = 0; i < rules_.size(); ++i) {
    const std::vector<Condition>& all = rules_[i].when->all;
    const auto anchor = std::find_if(all.begin(), all.end(), can_anchor);
    if (anchor == all.end())
      others_.push_back(i);
    else
      add_anchor(*anchor, i);
  }
}

void Chooser::add_anchor(const Condition& condition, std::uint32_t rule) {
  auto at = std::find_if(anchors_.begin(), anchors_.end(),
                         [&](const Anchor& a) { return a.source.keyword == condition.source.keyword; });
  if (at == anchors_.end()) {
    anchors_.push_back({condition.source, {}});
    anchors_.back().source.scope = Scope::any;
    at = anchors_.end() - 1;
  }
  for (const std::string& glob : condition.globs) {
    if (is_literal(glob)) {
      exact_[hash_of(condition.source, glob)].push_back(rule);
      continue;
    }
    const std::string_view literal = std::string_view(glob).substr(0, glob.size() - 1);
    prefix_[hash_of(condition.source, literal)].push_back(rule);
    if (std::find(at->prefixes.begin(), at->prefixes.end(), literal.size()) == at->prefixes.end())
      at->prefixes.push_back(literal.size());
  }
  std::sort(at->prefixes.begin(), at->prefixes.end());
}

// Tries the rules that a text, or a beginning of it, may fulfil.
template <class Try>
void Chooser::look_up(const Anchor& anchor, std::string_view text, Try try_rule) const {
  const auto try_all = [&](const auto& rules, std::uint64_t hash) {
    if (const auto found = rules.find(hash); found != rules.end()) {
      for (const std::uint32_t rule : found->second) try_rule(rule);
    }
  };
  std::uint64_t hash = first_hash(anchor.source);
  auto prefix = anchor.prefixes.begin();
  for (std::size_t i = 0; i <= text.size(); ++i) {
    if (prefix != anchor.prefixes.end() && *prefix == i) {
      try_all(prefix_, hash);
      ++prefix;
    }
    if (i < text.size()) hash = next_hash(hash, text[i]);
  }
  try_all(exact_, hash);
}

Chooser::Choice Chooser::choose(const FileCards& cards) const {
  Choice out;
  std::size_t best = 0;
  const Place place{cards, 0};
  const auto try_rule = [&](std::uint32_t i) {
    const Rule& rule = rules_[i];
    const bool known = rule.table == out.table && rule.rank == best;
    if (rule.rank < best || known || !holds(place, rule.when->all)) return;
    if (rule.rank == best)
      out.rival = rule.table;
    else
      out = {rule.table, nullptr};
    best = rule.rank;
  };
  Listener* const listener = cards.listener();
  const auto reading = [&](Answers answers) {
    if (listener != nullptr) listener->reading = answers;
  };
  for (const Anchor& anchor : anchors_) {
    std::string_view last;
    for (std::size_t hdu = 0; hdu < cards.file().hdus.size(); ++hdu) {
      cards.each(hdu, anchor.source.key, [&](std::size_t card) {
        // The extensions of a mosaic repeat each other.
        reading(kNoRule);
        const std::string_view raw = cards.bytes(hdu, card);
        if (raw == last) return false;
        last = raw;
        const std::string_view text = trim(cards.value(hdu, card).text);
        if (text.size() > kLongestValue) return false;
        look_up(anchor, text, [&](std::uint32_t rule) {
          reading(kAllAnswers);
          (void)cards.bytes(hdu, card);
          try_rule(rule);
        });
        return false;
      });
    }
  }
  reading(kAllAnswers);
  for (const std::uint32_t rule : others_) try_rule(rule);
  return out;
}

bool Chooser::finds_rules(const FileCards& cards, std::size_t hdu, std::size_t card) const {
  const std::uint64_t key = cards.layout(hdu)->keys()[card];
  const std::string_view text = trim(cards.value(hdu, card).text);
  bool found = false;
  for (const Anchor& anchor : anchors_) {
    if (anchor.source.key == key) look_up(anchor, text, [&](std::uint32_t) { found = true; });
  }
  return found;
}

bool may_clash(const When& a, const When& b) {
  if (a.all.size() != b.all.size()) return false;
  return std::all_of(a.all.begin(), a.all.end(), [&](const Condition& one) {
    return std::any_of(b.all.begin(), b.all.end(), [&](const Condition& other) {
      if (one.source.keyword != other.source.keyword || one.wanted != other.wanted) return false;
      if (one.range && other.range) return one.range->low <= other.range->high && other.range->low <= one.range->high;
      if (one.range || other.range) return true;
      return !one.wanted || overlap(one.globs, other.globs);
    });
  });
}

}  // namespace imreg::camera
