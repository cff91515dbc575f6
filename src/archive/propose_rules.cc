// A move is what is left of its two paths when the components at their ends that are the same are taken away: /a/x/f that is
// at /b/x/f has made the move /a to /b, and so have all others of which the same is left. A rule is a move at a folder, or at
// a file: the move /a to /b at /a/x is the line "/a/x /b/x". The rule of the nearest folder above a file decides, which is why
// rules of deeper folders are tried first.
//
// That is what routers do with the longest prefix, and the fewest rules are found as there (Draves, King, Venkatachary and
// Zill, "Constructing optimal IP routing tables", 1999): from the files upward each folder gets the moves that the most of what
// is in it would have; from the top downward a folder whose wish is not what it inherits gets a rule. No rule stands at or
// above a folder with files that are where they were. Files that are nowhere have no wish, and go with the others.
#include "archive/propose_rules.h"

#include <algorithm>
#include <map>
#include <string_view>
#include <tuple>
#include <unordered_map>
#include <utility>

namespace imreg::archive {

namespace {

constexpr int kRounds = 8;

int depth_of(std::string_view path) { return static_cast<int>(std::count(path.begin(), path.end(), '/')); }
std::string folder_part(const std::string& path) { return path.substr(0, path.rfind('/')); }

// Paths begin with a slash, and / itself is empty here: every slash begins a component.
struct Move {
  std::string from, to;
  int highest = 1;  // depth of the highest folder where it can be a rule
  std::int64_t files = 0;
  std::string apply(const std::string& path) const { return to + path.substr(from.size()); }
};

struct Wish {
  std::vector<int> moves;  // in order; empty: none
  bool has(int move) const { return std::binary_search(moves.begin(), moves.end(), move); }
};

struct Node {
  int parent = -1;
  int depth = 0;
  std::string path;
  bool closed = false;               // no rule may stand here
  std::vector<std::size_t> files;    // directly in it
  std::vector<std::size_t> folders;  // the same
  Wish wish;
  std::int64_t agree = 0, ask = 0;  // of what is in it: have this wish; have one
};

class Proposer {
 public:
  Proposer(const std::vector<MovedFile>& files, const std::vector<std::string>& kept) : files_(files), kept_(kept) {}

  // Files in `staying` keep their paths.
  std::vector<ProposedRule> run(const std::vector<char>& staying);

 private:
  std::size_t node_of(const std::string& folder);
  void close(std::size_t node);
  const Move& move(int number) const { return moves_[static_cast<std::size_t>(number)]; }
  int move_of(const std::string& from, const std::string& to);
  void make_moves(const std::vector<char>& staying);
  void make_wishes();
  std::vector<ProposedRule> make_rules();
  int best_of(const Wish& wish) const;

  const std::vector<MovedFile>& files_;
  const std::vector<std::string>& kept_;
  std::vector<Node> nodes_;  // a folder stands behind the one that it is in
  std::unordered_map<std::string, std::size_t> places_;
  std::vector<Move> moves_;
  std::map<std::pair<std::string, std::string>, int> move_numbers_;
  std::vector<Wish> wishes_;  // of files
};

std::size_t Proposer::node_of(const std::string& folder) {
  if (const auto at = places_.find(folder); at != places_.end()) return at->second;
  const int parent = folder.empty() ? -1 : static_cast<int>(node_of(folder_part(folder)));
  const std::size_t number = nodes_.size();
  nodes_.push_back({parent, depth_of(folder), folder, folder.empty(), {}, {}, {}, 0, 0});
  if (parent >= 0) nodes_[static_cast<std::size_t>(parent)].folders.push_back(number);
  places_.emplace(folder, number);
  return number;
}

void Proposer::close(std::size_t node) {
  while (!nodes_[node].closed) {  // the top is
    nodes_[node].closed = true;
    node = static_cast<std::size_t>(nodes_[node].parent);
  }
}

int Proposer::move_of(const std::string& from, const std::string& to) {
  std::size_t f = from.size(), t = to.size();
  while (f > 0 && t > 0) {  // whole components from the end
    const std::size_t fs = from.rfind('/', f - 1), ts = to.rfind('/', t - 1);
    if (from.compare(fs, f - fs, to, ts, t - ts) != 0) break;
    f = fs;
    t = ts;
  }
  Move made{from.substr(0, f), to.substr(0, t), 1, 0};
  const auto [at, is_new] = move_numbers_.try_emplace({made.from, made.to}, static_cast<int>(moves_.size()));
  if (is_new) {
    made.highest = std::max(1, depth_of(made.from) + (made.to.empty() ? 1 : 0));  // nothing becomes "/"
    moves_.push_back(std::move(made));
  }
  return at->second;
}

// What is found at several places follows those that are found at one.
void Proposer::make_moves(const std::vector<char>& staying) {
  wishes_.assign(files_.size(), {});
  for (const bool sure : {true, false}) {
    for (std::size_t i = 0; i < files_.size(); ++i) {
      const auto& file = files_[i];
      if (staying[i] || file.places.empty() || (file.places.size() == 1) != sure) continue;
      for (const auto& place : file.places) {
        const int number = move_of(file.from, place);
        auto& known = moves_[static_cast<std::size_t>(number)];
        known.files += sure ? 1 : 0;
        if (known.files > 0) wishes_[i].moves.push_back(number);
      }
      std::sort(wishes_[i].moves.begin(), wishes_[i].moves.end());
    }
  }
}

void Proposer::make_wishes() {
  for (std::size_t n = nodes_.size(); n-- > 0;) {
    Node& node = nodes_[n];
    std::map<int, std::int64_t> votes;
    const auto vote = [&](const Wish& wish) {
      node.ask += wish.moves.empty() ? 0 : 1;
      for (const int number : wish.moves) votes[number] += move(number).highest <= node.depth ? 1 : 0;
    };
    for (const std::size_t file : node.files) vote(wishes_[file]);
    for (const std::size_t folder : node.folders) vote(nodes_[folder].wish);
    if (node.closed) continue;
    for (const auto& [number, count] : votes) node.agree = std::max(node.agree, count);
    for (const auto& [number, count] : votes) {
      if (count > 0 && count == node.agree) node.wish.moves.push_back(number);
    }
  }
}

// Of moves that do the same for the number of rules, the one that most files have made.
int Proposer::best_of(const Wish& wish) const {
  return *std::max_element(wish.moves.begin(), wish.moves.end(), [this](int a, int b) {
    const Move &one = move(a), &other = move(b);
    return std::tie(one.files, other.from, other.to) < std::tie(other.files, one.from, one.to);
  });
}

std::vector<ProposedRule> Proposer::make_rules() {
  std::vector<ProposedRule> rules;
  std::vector<int> inherited(nodes_.size(), -1);
  for (std::size_t n = 0; n < nodes_.size(); ++n) {
    const Node& node = nodes_[n];
    int& now = inherited[n];
    if (node.parent >= 0) now = inherited[static_cast<std::size_t>(node.parent)];
    // Where each wishes something else a rule for one of them would save none.
    const bool worth = !node.wish.moves.empty() && (node.agree > 1 || node.ask == 1);
    if (worth && !node.wish.has(now)) {
      now = best_of(node.wish);
      rules.push_back({node.path, move(now).apply(node.path), 0, 0, 0, {}});
    }
    for (const std::size_t file : node.files) {
      const auto& wish = wishes_[file];
      if (wish.moves.empty() || wish.has(now) || files_[file].places.size() > 1) continue;
      rules.push_back({files_[file].from, files_[file].places[0], 0, 0, 0, {}});
    }
  }
  std::sort(rules.begin(), rules.end(), [](const auto& a, const auto& b) {
    const int deep = depth_of(a.from), other = depth_of(b.from);
    return deep != other ? deep > other : a.from < b.from;
  });
  return rules;
}

std::vector<ProposedRule> Proposer::run(const std::vector<char>& staying) {
  (void)node_of("");
  for (std::size_t i = 0; i < files_.size(); ++i) {
    const std::size_t node = node_of(folder_part(files_[i].from));
    nodes_[node].files.push_back(i);
    if (staying[i]) close(node);
  }
  for (std::string folder : kept_) {
    if (folder == "/") folder.clear();
    while (!places_.contains(folder)) folder = folder_part(folder);  // the top is there
    close(places_.at(folder));
  }
  make_moves(staying);
  make_wishes();
  return make_rules();
}

using RuleTable = std::unordered_map<std::string_view, ProposedRule*>;

// As imrelocate does it: rules of deeper folders come first.
ProposedRule* rule_for(const RuleTable& rules, std::string_view path) {
  for (; !path.empty(); path = path.substr(0, path.rfind('/'))) {
    if (const auto at = rules.find(path); at != rules.end()) return at->second;
  }
  return nullptr;
}

}  // namespace

Proposal propose_rules(const std::vector<MovedFile>& files, const std::vector<std::string>& kept,
                       const std::function<bool(const std::string&)>& allowed) {
  Proposal out;
  std::vector<char> staying(files.size(), 0);
  for (int round = 0; round < kRounds; ++round) {
    out.rules = Proposer(files, kept).run(staying);
    out.to.assign(files.size(), {});
    RuleTable table;
    for (auto& rule : out.rules) table.emplace(rule.from, &rule);
    bool good = true;
    // What was found goes first: the others must not be in its way.
    std::unordered_map<std::string, std::size_t> goals;
    for (const bool found : {true, false}) {
      for (std::size_t i = 0; i < files.size(); ++i) {
        const auto& file = files[i];
        ProposedRule* rule = rule_for(table, file.from);
        if (!rule) {
          if (!found) goals.emplace(file.from, i);
          continue;
        }
        std::string to = rule->to + file.from.substr(rule->from.size());
        const bool right = std::find(file.places.begin(), file.places.end(), to) != file.places.end();
        if (right != found) continue;
        if (!goals.emplace(to, i).second || (!right && !allowed(to))) {
          staying[i] = 1;
          good = false;
          continue;
        }
        out.to[i] = std::move(to);
        (right ? rule->files : rule->along) += 1;
        rule->rows += right ? file.rows : 0;
      }
    }
    if (good) return out;
  }
  // Rules that would set two images to one path are worse than none.
  out.rules.clear();
  out.to.assign(files.size(), {});
  return out;
}

}  // namespace imreg::archive
