// Numbers out of the lock's text and the index's head.
#include "upkeep/known.h"

#include <charconv>

#include "base/text.h"
#include "scan/index_file.h"

namespace imreg::upkeep {

Known lock_knows(std::string_view text, const Container& container) {
  if (text.starts_with("held by ")) return {};
  const auto number = [&](std::string_view name) {
    std::int64_t value = -1;
    if (const auto at = text.find(name); at != text.npos)
      (void)std::from_chars(text.data() + at + name.size(), text.data() + text.size(), value);
    return value <= kLargest ? value : -1;
  };
  const Known out{number(" rows="), number(" change=")};
  // A digit that has rotted: there was no room for so many.
  const std::int64_t room = (number(" size=") - container.data_offset) / container.schema->record_size;
  return out.rows <= room ? out : Known();
}

Known index_knows(const std::string& base, const Uuid& uuid) {
  const auto file = File::open(base + ".idx", File::Mode::read);
  if (!file) return {};
  const auto head = index::read_head(*file);
  if (!head || uuid_text(uuid) != head->uuid) return {};
  return {head->covered, head->done};
}

std::vector<std::string> less_than_known(const Known& known, const std::string& who, std::int64_t rows,
                                         std::int64_t change) {
  std::vector<std::string> out;
  if (known.rows > rows) out.push_back(who + ' ' + counted(known.rows, "row") + ", there are " + std::to_string(rows));
  if (known.change > change)
    out.push_back(who + " change " + std::to_string(known.change) + ", the newest that is known is " +
                  std::to_string(change));
  return out;
}

}  // namespace imreg::upkeep
