// The rules of imrelocate for scripts: lines "RULE tab FOLDER tab NAME" in, the new path out; "=" none matches, "!" and why it makes no sense.
#include <iostream>
#include <string>

#include "archive/rules.h"
#include "base/text.h"

int main() {
  std::string line, last;
  imreg::PathRules rules{imreg::PathRoots()};
  imreg::Status read;
  while (std::getline(std::cin, line)) {
    const auto parts = imreg::split(line, '\t');
    if (parts.size() != 3) return 2;
    if (parts[0] != last) {
      last = parts[0];
      rules = imreg::PathRules{imreg::PathRoots()};
      read = rules.add_lines(last, "rules");
    }
    if (!read.ok()) {
      std::cout << '!' << read.message() << '\n';
      continue;
    }
    const auto made = rules.apply(parts[1], parts[2]);
    if (!made)
      std::cout << '!' << made.status().message() << '\n';
    else if (made->rule < 0)
      std::cout << "=\n";
    else
      std::cout << (made->folder == "/" ? "" : made->folder) << '/' << made->name << '\n';
  }
}
