// Takes a line of a camera table apart, word by word; messages name the place.
#include "camera/line.h"

#include "base/text.h"

namespace imreg::camera {

namespace {

// The first byte of a text that is a control character or no UTF-8: words of tables get into rows and reports.
std::size_t first_unclean(std::string_view text) {
  std::size_t i = 0;
  for (std::size_t n = 0; i < text.size(); i += n) {
    const auto byte = static_cast<unsigned char>(text[i]);
    const bool control = (byte < 0x20 && byte != '\t' && byte != '\r') || byte == 0x7f;
    n = control ? 0 : utf8_length(text.substr(i));
    if (n == 0) break;
  }
  return i;
}

}  // namespace

Line::Line(std::string_view text, int number, const std::string& file) : text_(text), number_(number), file_(file) {
  const auto blank = [&](std::size_t i) { return text[i] == ' ' || text[i] == '\t' || text[i] == '\r'; };
  std::size_t i = 0;
  while (true) {
    while (i < text.size() && blank(i)) ++i;
    if (i == text.size() || text[i] == '#') break;
    Word word{{}, static_cast<int>(i) + 1};
    while (i < text.size() && !blank(i)) {
      const std::size_t start = i;
      if (text[i] != '"') {
        while (i < text.size() && !blank(i) && text[i] != '"') ++i;
        word.text += text.substr(start, i - start);
        continue;
      }
      const std::size_t close = text.find('"', i + 1);
      if (close == text.npos) {
        fault_ = error_at(static_cast<int>(i) + 1, "a quote has no end");
        return;
      }
      word.text += text.substr(i + 1, close - i - 1);
      i = close + 1;
    }
    words_.push_back(std::move(word));
  }
  text_ = trim(text.substr(0, i));
  if (const std::size_t unclean = first_unclean(text.substr(0, i)); unclean < i)
    fault_ = error_at(static_cast<int>(unclean) + 1, "a character that is no UTF-8, or none that can be shown");
}

bool Line::take_if(std::string_view word) {
  if (done() || peek() != word) return false;
  ++at_;
  return true;
}

Result<std::string> Line::need(const std::string& what) {
  if (done()) return error_at(static_cast<int>(text_.size()) + 1, what + " is missing at the end of the line");
  return take();
}

Result<Globs> Line::need_globs(const std::string& what) {
  IMREG_ASSIGN(const std::string text, need(what));
  Globs out;
  for (const std::string_view part : imreg::split(text, '|')) {
    const std::string_view glob = trim(part);
    if (const std::string fault = glob_fault(glob); !fault.empty())
      return error("the pattern '" + std::string(glob) + "': " + fault);
    out.emplace_back(glob);
  }
  return out;
}

Status Line::end() const { return done() ? Status() : error_at(words_[at_].column, "'" + peek() + "' is too much"); }

Status Line::error_at(int column, const std::string& what) const {
  return Status(Code::invalid, "line " + std::to_string(number_) + ", column " + std::to_string(column) + ": " + what)
      .in_file(file_);
}

}  // namespace imreg::camera
