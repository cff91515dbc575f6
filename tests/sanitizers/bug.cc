// One bug of each kind that the sanitizers must find, for sanitizers.py: a build in which they go unseen proves nothing.
#include <climits>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <map>
#include <string>
#include <thread>
#include <vector>

namespace {

volatile int one = 1;  // keeps the compiler from seeing the bugs
int shared = 0;
int* volatile kept = nullptr;

void leak() {
  kept = new int[4];
  kept = nullptr;
}

void race() {
  std::thread other([] { ++shared; });
  ++shared;
  other.join();
}

int* address_of_local() {
  int local = one;
  kept = &local;
  return kept;
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<int> numbers{1, 2, 3};
  const char* volatile null = nullptr;
  char byte = 0;
  volatile int sink = 0;
  const std::map<std::string, std::function<void()>> bugs = {
      {"heap", [&] { sink = numbers.data()[3 * one]; }},
      {"index", [&] { sink = numbers[static_cast<std::size_t>(3 * one)]; }},
      {"stack", [&] { sink = *address_of_local(); }},
      {"leak", leak},
      {"overflow", [&] { sink = INT_MAX * (one + 1); }},
      {"null", [&] { std::memcpy(&byte, null, static_cast<std::size_t>(one - 1)); }},
      {"cast", [&] { sink = static_cast<int>(1e300 * one); }},
      {"race", race},
  };
  const auto bug = bugs.find(argc > 1 ? argv[1] : "");
  if (bug == bugs.end()) return 2;
  bug->second();
  return 0;
}
