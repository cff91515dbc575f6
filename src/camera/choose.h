// Which table a file belongs to: a hash of keyword and value finds the few `when` lines that may hold, and only those
// are tried.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "camera/cards.h"
#include "camera/table.h"

namespace imreg::camera {

class Chooser {
 public:
  /// A `when` line of a table; of several that hold the one with the highest rank wins.
  struct Rule {
    const Table* table;
    const When* when;
    std::size_t rank;
  };
  /// The rules' tables must live as long as the Chooser.
  explicit Chooser(std::vector<Rule> rules);

  struct Choice {
    const Table* table = nullptr;  ///< null: no rule holds
    const Table* rival = nullptr;  ///< another table of the same rank, should there be one
  };
  Choice choose(const FileCards& cards) const;
  /// Whether rules are found by a card, so that another value of it may change the choice: nothing else reads most cards.
  bool finds_rules(const FileCards& cards, std::size_t hdu, std::size_t card) const;
  /// What a Listener of choose() is told that it read a card for when that card found no rule.
  static constexpr Answers kNoRule = 1;

  const std::vector<Rule>& rules() const { return rules_; }

 private:
  // A keyword that rules are found by, and how long their texts are.
  struct Anchor {
    Source source;
    std::vector<std::size_t> prefixes;  // of the beginnings that count, ascending
  };
  template <class Try>
  void look_up(const Anchor& anchor, std::string_view text, Try try_rule) const;
  void add_anchor(const Condition& condition, std::uint32_t rule);

  std::vector<Rule> rules_;
  std::vector<Anchor> anchors_;
  // Rules by the hash of keyword and text; what is found is always tried.
  std::unordered_map<std::uint64_t, std::vector<std::uint32_t>> exact_, prefix_;
  std::vector<std::uint32_t> others_;  // rules without a text to find them by
};

/// Two `when` lines of equal rank that some header fits both: the same keywords, with texts that overlap.
bool may_clash(const When& a, const When& b);

}  // namespace imreg::camera
