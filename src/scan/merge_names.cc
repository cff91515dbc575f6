// Texts of several segments in one order. They are walked twice: how many there are must be known before they are written.
#include <queue>

#include "scan/merge_internal.h"

namespace imreg::index::merging {

namespace {

// The texts of one input in order, and how many rows have each.
class TextCursor {
 public:
  TextCursor(const SegmentSource& source, const SegmentHead::Names& names)
      : starts_(source, names.starts), posts_(source, names.posts), bytes_(source, names.bytes) {
    (void)starts_.next(start_);
    (void)posts_.next(post_);
  }
  bool next() {
    std::uint32_t end = 0, post_end = 0;
    if (!starts_.next(end) || !posts_.next(post_end)) return false;
    if (end < start_ || end - start_ > 65536 || post_end < post_ || bytes_.left() < end - start_) return false;
    text_.resize(end - start_);
    for (char& c : text_) {
      if (!bytes_.next(c)) return false;
    }
    rows_ = post_end - post_;
    start_ = end;
    post_ = post_end;
    return true;
  }
  const std::string& text() const { return text_; }
  std::uint32_t rows() const { return rows_; }
  bool done() const { return starts_.left() == 0; }
  Status status() const {
    for (const Status* s : {&starts_.status(), &posts_.status(), &bytes_.status()}) IMREG_TRY(*s);
    return done() ? Status() : damaged({});
  }

 private:
  Cursor<std::uint32_t> starts_, posts_;
  Cursor<char> bytes_;
  std::uint32_t start_ = 0, post_ = 0, rows_ = 0;
  std::string text_;
};

}  // namespace

// Calls `visit(text, inputs that have it)` for each different text in order.
template <class Visit>
Status Merger::each_text(std::size_t field, const Visit& visit) {
  std::vector<TextCursor> cursors;
  for (const auto& input : inputs_) cursors.emplace_back(input.source, input.source.head.names[field]);
  const auto later = [&](std::size_t a, std::size_t b) {
    const int order = compare_texts(cursors[a].text(), cursors[b].text());
    return order != 0 ? order > 0 : a > b;
  };
  std::priority_queue<std::size_t, std::vector<std::size_t>, decltype(later)> queue(later);
  for (std::size_t i = 0; i < cursors.size(); ++i) {
    if (cursors[i].next()) queue.push(i);
  }
  std::vector<std::pair<std::size_t, std::uint32_t>> have;
  while (!queue.empty()) {
    const std::string text = cursors[queue.top()].text();
    have.clear();
    while (!queue.empty() && cursors[queue.top()].text() == text) {
      const std::size_t i = queue.top();
      queue.pop();
      have.emplace_back(i, cursors[i].rows());
      if (cursors[i].next()) queue.push(i);
    }
    IMREG_TRY(visit(text, have));
  }
  for (const auto& cursor : cursors) IMREG_TRY(cursor.status());
  return {};
}

Status Merger::merge_names(std::size_t field) {
  for (const auto& input : inputs_) {
    if (input.source.head.names[field].starts.bytes == 0 && input.source.head.rows > 0) return {};
  }
  using Have = std::vector<std::pair<std::size_t, std::uint32_t>>;
  std::int64_t texts = 0, size = 0;
  std::vector<std::string> fences;
  IMREG_TRY(each_text(field, [&](const std::string& text, const Have&) -> Status {
    if (texts++ % kFence == 0) fences.push_back(text);
    size += static_cast<std::int64_t>(text.size());
    return {};
  }));
  if (size > kMost) return {};  // no names then
  auto& names = head_.names[field];
  PageWriter starts(to_, nonce_, names.starts = columns_.take((texts + 1) * 4));
  PageWriter bytes(to_, nonce_, names.bytes = columns_.take(size));
  PageWriter posts(to_, nonce_, names.posts = columns_.take((texts + 1) * 4));
  PageWriter rows(to_, nonce_, names.rows = columns_.take(head_.rows * 4));
  std::vector<Cursor<std::uint32_t>> cursors;
  for (const auto& input : inputs_) cursors.emplace_back(input.source, input.source.head.names[field].rows);
  std::uint32_t start = 0, post = 0;
  starts.value(start);
  posts.value(post);
  IMREG_TRY(each_text(field, [&](const std::string& text, const Have& have) -> Status {
    bytes.add(text.data(), text.size());
    starts.value(start += static_cast<std::uint32_t>(text.size()));
    for (const auto& [i, count] : have) {
      for (std::uint32_t k = 0; k < count; ++k) {
        std::uint32_t row = 0;
        if (!cursors[i].next(row)) return damaged(cursors[i].status());
        if (inputs_[i].skips(row)) continue;
        rows.value(shifted(inputs_[i], row));
        ++post;
      }
    }
    posts.value(post);
    return {};
  }));
  IMREG_TRY(starts.finish());
  IMREG_TRY(bytes.finish());
  IMREG_TRY(posts.finish());
  IMREG_TRY(rows.finish());
  names.fences = columns_.write(fence_column(fences));
  return {};
}

}  // namespace imreg::index::merging
