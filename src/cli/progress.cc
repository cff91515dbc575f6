// Draws and erases the line of progress on standard error.
#include "cli/progress.h"

#include <unistd.h>

#include <atomic>
#include <cstdio>

namespace imreg::cli {

namespace {

constexpr auto kPause = std::chrono::milliseconds(100);
constexpr char kErase[] = "\r\033[K";
std::atomic<bool> line_stands{false};  // there is one terminal, so this one thing belongs to the process

void put(const std::string& text) {
  if (::write(STDERR_FILENO, text.data(), text.size()) < 0) line_stands = false;
}

}  // namespace

Progress::Progress(std::int64_t total, std::string unit)
    : total_(total),
      unit_(std::move(unit)),
      terminal_(::isatty(STDERR_FILENO) == 1),
      start_(std::chrono::steady_clock::now()),
      next_(start_ + 5 * kPause) {}

Progress::~Progress() {
  const std::string text = erase();
  if (!text.empty()) put(text);
}

void Progress::set_total(std::int64_t total) {
  const std::lock_guard lock(mutex_);
  total_ = total;
}

void Progress::add(std::int64_t done) {
  const std::lock_guard lock(mutex_);
  done_ += done;
  show();
}

void Progress::at(std::int64_t done, std::int64_t total) {
  const std::lock_guard lock(mutex_);
  done_ = done;
  total_ = total;
  show();
}

void Progress::show() {
  if (!terminal_) return;
  const auto now = std::chrono::steady_clock::now();
  if (now < next_) return;
  next_ = now + kPause;
  const double seconds = std::chrono::duration<double>(now - start_).count();
  put(kErase + line(done_, total_, seconds, unit_));
  line_stands = true;
}

std::string Progress::erase() { return line_stands.exchange(false) ? kErase : ""; }

std::string Progress::line(std::int64_t done, std::int64_t total, double seconds, const std::string& unit) {
  const std::string of = unit.empty() ? "" : " " + unit;
  const double rate = seconds > 0 ? static_cast<double>(done) / seconds : 0;
  char text[120];
  if (total > 0 && rate > 0) {
    const double left = static_cast<double>(total > done ? total - done : 0) / rate;
    std::snprintf(text, sizeof text, "  %lld/%lld%s  %.0f%s/s  %.0f s left", static_cast<long long>(done),
                  static_cast<long long>(total), of.c_str(), rate, of.c_str(), left);
  } else {
    std::snprintf(text, sizeof text, "  %lld%s  %.0f%s/s", static_cast<long long>(done), of.c_str(), rate, of.c_str());
  }
  return text;
}

}  // namespace imreg::cli
