// Asks the terminal of standard output what it can show.
#pragma once

#include <string>

namespace imreg::cli {

/// What a terminal said.
struct TerminalAnswer {
  bool asked = false;
  bool sixels = false;  ///< it shows pictures
  /// What somebody typed while it was asked and the kernel did not take back: for who reads next.
  std::string typed;
};
/// By "primary device attributes" (DA1, ESC [ c), whose answer, ESC [ ? 6 2 ; 4 ; 2 2 c, has a 4 where sixels are shown. Nobody is asked,
/// and the answer is no, when standard output is no terminal, TERM is dumb or not set, the program is in the background, or something
/// has been typed that nobody has read. An answer is waited for half a second. The terminal is left as it was found, also
/// when a signal comes.
TerminalAnswer ask_terminal();

}  // namespace imreg::cli
