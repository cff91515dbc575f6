// Asks a person for lines: editing, history, completion by Tab.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace imreg::cli {

class LineEditor {
 public:
  /// The words that may stand where `word`, the last one of `line`, stands.
  using Complete = std::function<std::vector<std::string>(std::string_view line, std::string_view word)>;

  /// The history is kept in $XDG_STATE_HOME/imreg/PROGRAM.history, else ~/.local/state; nowhere when that cannot be written.
  LineEditor(std::string_view program, Complete complete);
  ~LineEditor();
  LineEditor(const LineEditor&) = delete;
  LineEditor& operator=(const LineEditor&) = delete;

  /// False at the end (Ctrl-D on an empty line). Ctrl-C gives an empty line.
  bool read(const std::string& prompt, std::string& line);
  /// Keys for the next read(), before those that are typed.
  void give_back(const std::string& keys);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace imreg::cli
