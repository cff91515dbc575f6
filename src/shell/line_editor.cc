// libedit stands only here.
#include "shell/line_editor.h"

#include <histedit.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <filesystem>

#include "cli/config.h"
#include "cli/output.h"

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/lsan_interface.h>
#endif

namespace imreg::cli {

namespace {

constexpr int kMostLines = 1000;

std::string history_file(std::string_view program) {
  std::string folder = environment("XDG_STATE_HOME");
  if (folder.empty()) {
    const std::string home = environment("HOME");
    if (home.empty()) return {};
    folder = home + "/.local/state";
  }
  folder += "/imreg";
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  return error ? "" : folder + "/" + std::string(program) + ".history";
}

volatile std::sig_atomic_t interrupted = 0;

// What all of them begin with.
std::string common_start(const std::vector<std::string>& words) {
  std::string out = words.empty() ? "" : words[0];
  for (const auto& word : words) {
    const auto [end, ignored] = std::mismatch(out.begin(), out.end(), word.begin(), word.end());
    out.erase(end, out.end());
  }
  return out;
}

void show(const std::vector<std::string>& words) {
  std::size_t width = 0;
  for (const auto& word : words) width = std::max(width, word.size() + 2);
  const auto columns = static_cast<std::size_t>(std::max(terminal_columns(), 20));
  const std::size_t a_line = std::max<std::size_t>(1, columns / width);
  std::fputc('\n', stdout);
  constexpr std::size_t kMost = 200;
  for (std::size_t i = 0; i < std::min(words.size(), kMost); ++i) {
    const bool last = i + 1 == words.size() || (i + 1) % a_line == 0;
    std::fprintf(stdout, "%-*s%s", last ? 0 : static_cast<int>(width), words[i].c_str(), last ? "\n" : "");
  }
  if (words.size() > kMost) std::fprintf(stdout, "... %zu more\n", words.size() - kMost);
}

}  // namespace

struct LineEditor::State {
  EditLine* editor = nullptr;
  History* history = nullptr;
  HistEvent event{};
  Complete complete;
  std::string prompt, file;

  static State* of(EditLine* editor) {
    void* state = nullptr;
    el_get(editor, EL_CLIENTDATA, &state);
    return static_cast<State*>(state);
  }

  static const char* prompt_of(EditLine* editor) { return of(editor)->prompt.c_str(); }

  static unsigned char tab(EditLine* editor, int) {
    const LineInfo* info = el_line(editor);
    const std::string line(info->buffer, info->cursor);
    const auto from = line.find_last_of(" \t,(+*/=<>");
    const std::string word = line.substr(from == std::string::npos ? 0 : from + 1);
    const auto words = of(editor)->complete(line, word);
    if (words.empty()) return CC_ERROR;
    std::string add = common_start(words);
    if (add.size() >= word.size()) {
      // Completion may be blind to case: the whole word is written anew.
      el_deletestr(editor, static_cast<int>(word.size()));
      if (words.size() == 1 && !add.ends_with('(')) add += ' ';
      if (el_insertstr(editor, add.c_str()) != 0) return CC_ERROR;
    }
    if (words.size() == 1 || add.size() > word.size()) return CC_REFRESH;
    show(words);
    return CC_REDISPLAY;
  }
};

LineEditor::LineEditor(std::string_view program, Complete complete) : state_(std::make_unique<State>()) {
  state_->complete = std::move(complete);
  state_->file = history_file(program);
  state_->editor = el_init(std::string(program).c_str(), stdin, stdout, stderr);
  state_->history = history_init();
  el_set(state_->editor, EL_CLIENTDATA, state_.get());
  el_set(state_->editor, EL_PROMPT, &State::prompt_of);
  el_set(state_->editor, EL_EDITOR, "emacs");
  el_set(state_->editor, EL_SIGNAL, 0);
  {
#ifdef __SANITIZE_ADDRESS__
    const __lsan::ScopedDisabler of_libedit;  // which never gives back the names of functions
#endif
    el_set(state_->editor, EL_ADDFN, "imreg-complete", "completes a word", &State::tab);
  }
  el_set(state_->editor, EL_BIND, "^I", "imreg-complete", nullptr);
  el_set(state_->editor, EL_BIND, "^R", "em-inc-search-prev", nullptr);
  el_source(state_->editor, nullptr);  // ~/.editrc
  history(state_->history, &state_->event, H_SETSIZE, kMostLines);
  history(state_->history, &state_->event, H_SETUNIQUE, 1);
  if (!state_->file.empty()) history(state_->history, &state_->event, H_LOAD, state_->file.c_str());
  el_set(state_->editor, EL_HIST, history, state_->history);
  struct sigaction action {};
  action.sa_handler = [](int) { interrupted = 1; };
  ::sigaction(SIGINT, &action, nullptr);  // without SA_RESTART: the read ends
}

LineEditor::~LineEditor() {
  if (!state_->file.empty()) {
    history(state_->history, &state_->event, H_SAVE, state_->file.c_str());
    ::chmod(state_->file.c_str(), 0600);
  }
  history_end(state_->history);
  el_end(state_->editor);
}

void LineEditor::give_back(const std::string& keys) {
  if (!keys.empty()) el_push(state_->editor, keys.c_str());
}

bool LineEditor::read(const std::string& prompt, std::string& line) {
  state_->prompt = prompt;
  interrupted = 0;
  int count = 0;
  const char* const text = el_gets(state_->editor, &count);
  line.clear();
  if (text == nullptr || count <= 0) {
    if (interrupted != 0 || (count < 0 && errno == EINTR)) {
      el_reset(state_->editor);
      std::fputc('\n', stdout);
      return true;
    }
    std::fputc('\n', stdout);
    return false;
  }
  line.assign(text, static_cast<std::size_t>(count));
  while (!line.empty() && (line.back() == '\n' || line.back() == '\r')) line.pop_back();
  if (!line.empty()) history(state_->history, &state_->event, H_ENTER, line.c_str());
  return true;
}

}  // namespace imreg::cli
