// Asks a person for lines: editing, history, completion by Tab.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace imreg::cli {

/// What may stand in a line from a place on to the cursor.
struct Completion {
  std::size_t from = 0;
  std::vector<std::string> texts{};
  bool words = false;   ///< whole words, which are quoted where they need it; else names within an expression
  bool quoted = false;  ///< a quote has been typed already
};

class LineEditor {
 public:
  using Complete = std::function<Completion(std::string_view line)>;

  /// The history is kept in $XDG_STATE_HOME/imreg/PROGRAM.history, else ~/.local/state; nowhere when that cannot be written.
  LineEditor(std::string_view program, Complete complete);
  ~LineEditor();
  LineEditor(const LineEditor&) = delete;
  LineEditor& operator=(const LineEditor&) = delete;

  /// False at the end (Ctrl-D on an empty line). Ctrl-C gives an empty line.
  bool read(const std::string& prompt, std::string& line);
  /// Whether Ctrl-C has been typed since the last line was read.
  static bool interrupted();
  /// Keys for the next read(), before those that are typed.
  void give_back(const std::string& keys);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace imreg::cli
