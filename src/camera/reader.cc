// Recipes at work: which ones are tried, texts, sections, numbers, CCDs.
#include "camera/reader.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "base/text.h"
#include "camera/header_time.h"
#include "camera/reader_internal.h"
#include "sky/angle.h"
#include "sky/wcs.h"

namespace imreg::camera {

namespace {

constexpr double kDay = 86400;

// "[1:2048,1:4096]" of "[ 1:2048, 1 : 4096 ]"; nothing when it is no section.
std::optional<std::string> section_text(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c != ' ') out += c;
  }
  std::array<int, 4> number{};
  const char* at = out.data();
  const char* const end = out.data() + out.size();
  for (std::size_t i = 0; i < 4; ++i) {
    constexpr char kBefore[] = "[:,:";
    if (at == end || *at != kBefore[i]) return std::nullopt;
    const auto [next, error] = std::from_chars(at + 1, end, number[i]);
    if (error != std::errc()) return std::nullopt;
    at = next;
  }
  if (end - at != 1 || *at != ']' || number == std::array<int, 4>{}) return std::nullopt;
  return out;
}

double apply(char op, double a, double b) {
  switch (op) {
    case '+': return a + b;
    case '-': return a - b;
    case '*': return a * b;
    default: return a / b;
  }
}

}  // namespace

std::string short_number(double value) {
  char text[400];
  const bool plain = std::fabs(value) < 1e9;
  const auto end =
      std::to_chars(text, text + sizeof text, value, plain ? std::chars_format::fixed : std::chars_format::general).ptr;
  return std::string(text, end);
}

std::string keywords_of(const Recipe& recipe) {
  std::string out;
  for (std::size_t i = 0; i < recipe.sources.size(); ++i) {
    const Source& source = recipe.sources[i];
    if (i > 0) out += i <= recipe.operators.size() ? std::string(" ") + recipe.operators[i - 1] + ' ' : " + ";
    out += source.scope == Scope::number ? short_number(source.number) : source.keyword;
  }
  return out;
}

std::optional<std::string_view> counted_part(const Recipe& recipe, std::string_view text) {
  text = trim(text);
  if (recipe.capture.empty()) return text;
  const std::optional<std::string_view> part = captured(recipe.capture, text);
  return part ? std::optional(trim(*part)) : std::nullopt;
}

bool Reader::applies(const Recipe& recipe) const {
  return recipe.conditions.empty() || holds(place_, recipe.conditions);
}

void Reader::lost(Field field, const Recipe& recipe, const Source& source, const CardView& value, std::size_t hdu,
                  std::string_view reason, bool fault) const {
  if (losses_ == nullptr) return;
  losses_->push_back({{name_of(field), line_of(recipe), source.keyword, number_of_hdu(hdu),
                       std::string(trim(value.text)), std::string(reason)},
                      fault});
}

// Why the comment of a card forbids its use; empty: it does not.
std::string_view Reader::refusal(Field field, const Recipe& recipe, const Source& source,
                                 std::string_view comment) const {
  // Of a date and a time of day either may say what they are: date_from() looks at both.
  const bool first =
      &source == &recipe.sources.front() && (dimension_of(field) != Dimension::date || recipe.sources.size() == 1);
  if (first && ((!recipe.comment.empty() && !place_.cards.matches(recipe.comment, comment)) ||
                place_.cards.matches(recipe.not_comment, comment)))
    return "its comment does not match";
  for (const Table* table : chain_) {
    if (place_.cards.matches(table->avoid[index_of(field)], comment))
      return "its comment says that it is something else";
  }
  return {};
}

bool Reader::usable(Field field, const Recipe& recipe, const Source& source, const CardView& value,
                    std::size_t hdu) const {
  const std::string_view reason = refusal(field, recipe, source, value.comment);
  if (!reason.empty()) lost(field, recipe, source, value, hdu, reason, false);
  return reason.empty();
}

// Those of the plan without those that cannot give anything, because the comment of every card of their first keyword
// forbids it. Texts of several keywords can do without the first.
const std::vector<const Recipe*>& Reader::recipes_of(Field field) const {
  const std::vector<const Recipe*>& all = plan_.recipes[index_of(field)];
  if (aside_ == nullptr || all.size() < 2) return all;
  Refusals& last = aside_->refusals[index_of(field)];
  if (!last.asked) {
    last.asked = true;
    return all;
  }
  const Answers answer = answer_of(field);
  if ((verified_ & answer) != 0) return last.open;
  verified_ |= answer;
  const FileCards& cards = place_.cards;
  const auto same = [&](const Refusals::Comment& c) {
    return cards.value(c.own ? place_.hdu : 0, c.card).comment == c.text;
  };
  if (last.known && std::all_of(last.comments.begin(), last.comments.end(), same)) return last.open;
  last.known = true;
  last.open.clear();
  last.comments.clear();
  for (const Recipe* recipe : all) {
    const std::size_t before = last.comments.size();
    const bool text = dimension_of(field) == Dimension::text && recipe->sources.size() > 1;
    bool open = recipe->sources.empty() || text;
    const auto ask = [&](std::size_t hdu) {
      cards.each(hdu, recipe->sources[0].key, [&](std::size_t card) {
        const std::string_view comment = cards.value(hdu, card).comment;
        last.comments.push_back({hdu == place_.hdu, card, std::string(comment)});
        return open = refusal(field, *recipe, recipe->sources[0], comment).empty();
      });
    };
    if (!open) {
      const Scope scope = recipe->sources[0].scope;
      if (scope == Scope::own || scope == Scope::inherited) ask(place_.hdu);
      if (!open && (scope == Scope::primary || (scope == Scope::inherited && place_.hdu != 0))) ask(0);
    }
    if (!open && last.comments.size() > before) continue;
    last.open.push_back(recipe);
    last.comments.resize(before);
  }
  // Each card once, though it is that of several recipes.
  const auto order = [](const Refusals::Comment& c) { return std::pair(c.own, c.card); };
  std::sort(last.comments.begin(), last.comments.end(), [&](auto& a, auto& b) { return order(a) < order(b); });
  const auto end =
      std::unique(last.comments.begin(), last.comments.end(), [&](auto& a, auto& b) { return order(a) == order(b); });
  last.comments.erase(end, last.comments.end());
  return last.open;
}

bool Reader::says_nothing(const Recipe& recipe, std::string_view text) const {
  if (text.empty() || place_.cards.matches(recipe.drop, text)) return true;
  return std::any_of(chain_.begin(), chain_.end(),
                     [&](const Table* table) { return place_.cards.matches(table->nothing, text); });
}

bool Reader::in_range(Field field, double value) const {
  for (const Table* table : chain_) {
    if (const auto& range = table->ranges[index_of(field)]) return range->holds(value);
  }
  return true;
}

std::string Reader::range_text(Field field) const {
  for (const Table* table : chain_) {
    if (const auto& range = table->ranges[index_of(field)])
      return " " + short_number(range->low) + ".." + short_number(range->high);
  }
  return "";
}

// The word that a text means in a word list; nothing when it is in none of its lines.
std::optional<std::string> Reader::word(const std::string& list, std::string_view text) const {
  for (const Table* table : chain_) {
    for (const Word& line : table->words) {
      if (line.list == list && place_.cards.matches(line.globs, text)) return line.word;
    }
    if (!table->forgotten_rules.empty() && table->forgets("words " + list)) break;
  }
  return std::nullopt;
}

std::optional<std::string> Reader::text_of(const Recipe& recipe, const CardView& value, std::string& reason) const {
  if (recipe.text_only && value.kind != CardView::Kind::text) return reason = "is no quoted text", std::nullopt;
  const std::string_view text = trim(value.text);
  if (says_nothing(recipe, text)) return reason = "says nothing", std::nullopt;
  const std::optional<std::string_view> part = counted_part(recipe, text);
  if (!part || part->empty()) return reason = "does not match " + recipe.capture, std::nullopt;
  if (recipe.words.empty()) return std::string(*part);
  std::optional<std::string> found = word(recipe.words, *part);
  if (!found) reason = "is not in the word list " + recipe.words;
  return found;
}

// Several keywords make one text: "F606W+POL0V", or the name of a chip, "R22_S11". What is dropped is left out; when
// nothing is left, `otherwise` counts, unless a text says that it is not known.
Fact<std::string> Reader::joined(Field field, const Recipe& recipe) const {
  Fact<std::string> out;
  bool any = false, unknown = false;
  for (const Source& source : recipe.sources) {
    each_card(place_, source, [&](const CardView& value, std::size_t hdu) {
      if (!usable(field, recipe, source, value, hdu)) return false;
      any = any || !recipe.text_only || value.kind == CardView::Kind::text;
      std::string reason;
      const std::optional<std::string> text = text_of(recipe, value, reason);
      if (!text) {
        const std::string_view said = trim(value.text);
        unknown = unknown ||
                  (value.kind == CardView::Kind::text && !said.empty() && !place_.cards.matches(recipe.drop, said));
        lost(field, recipe, source, value, hdu, reason, false);
        return false;
      }
      out.value = out.value ? *out.value + (field == Field::chip ? "_" : "+") + *text : *text;
      out.keyword += (out.keyword.empty() ? "" : " + ") + source.keyword;
      if (out.hdu < 0 && source.scope != Scope::file_name) out.hdu = number_of_hdu(hdu);
      return true;
    });
  }
  if (!out.value && any && !unknown && !recipe.otherwise.empty()) {
    out.value = recipe.otherwise;
    out.keyword = keywords_of(recipe);
    out.hdu = place_.own().number;
  }
  return out;
}

Fact<std::string> Reader::text(Field field) const {
  Fact<std::string> out;
  each_recipe(field, [&](const Recipe& recipe) {
    if (recipe.sources.empty()) {
      out.value = recipe.constant;
      out.keyword = "table";
    } else {
      out = joined(field, recipe);
    }
    out.recipe = line_of(recipe);
    return out.value.has_value();
  });
  if (!out.value) out = {};
  return out;
}

Fact<std::string> Reader::aside_text(Field field, Fact<std::string> RememberedAside::*fact) const {
  if (aside_ == nullptr) return text(field);
  return aside_->recall(field, aside_->*fact, place_, [&] { return text(field); });
}

Fact<double> Reader::header_equinox() const {
  if (aside_ == nullptr) return number(Field::equinox);
  return aside_->recall(Field::equinox, aside_->equinox, place_, [&] { return number(Field::equinox); });
}

Fact<std::string> Reader::section(Field field) const {
  Fact<std::string> out;
  each_recipe(field, [&](const Recipe& recipe) {
    const Source& source = recipe.sources[0];
    return each_card(place_, source, [&](const CardView& value, std::size_t hdu) {
      if (!usable(field, recipe, source, value, hdu)) return false;
      const std::optional<std::string_view> part = counted_part(recipe, value.text);
      out.value = part ? section_text(*part) : std::nullopt;
      if (!out.value) {
        lost(field, recipe, source, value, hdu, "is no section", true);
        return false;
      }
      out.keyword = source.keyword;
      out.hdu = number_of_hdu(hdu);
      out.recipe = line_of(recipe);
      return true;
    });
  });
  return out;
}

// The number of a card, as it is written.
std::optional<double> Reader::raw_number(const Recipe& recipe, const CardView& value) const {
  std::optional<double> out;
  if (recipe.difference == Difference::dates) {
    const std::optional<HeaderDate> date = header_date(value.text, recipe.date_order);
    if (date && date->time_of_day) out = date->day + *date->time_of_day;
  } else if (recipe.difference == Difference::clock) {
    out = time_of_day(value.text);
  } else if (recipe.capture.empty() && !recipe.sexagesimal) {
    out = value.number();
    if (!out) out = header_number(value.text);
  } else if (const std::optional<std::string_view> part = counted_part(recipe, value.text)) {
    out = header_number(*part);
    if (!out && recipe.sexagesimal) {
      if (const Result<double> angle = parse_angle(*part, AngleUnit::degrees)) out = *angle;
    }
  }
  return out && std::isfinite(*out) ? out : std::nullopt;
}

// One keyword of arithmetic, in the unit that its comment names; then `united` is set.
std::optional<double> Reader::operand(Field field, const Recipe& recipe, const Source& source, Fact<double>& out,
                                      bool& united) const {
  if (source.scope == Scope::number) return source.number;
  std::optional<double> number;
  each_card(place_, source, [&](const CardView& value, std::size_t hdu) {
    if (!usable(field, recipe, source, value, hdu)) return false;
    number = raw_number(recipe, value);
    if (!number) lost(field, recipe, source, value, hdu, "is no number", true);
    if (out.hdu < 0) out.hdu = number_of_hdu(hdu);
    const Unit* written = recipe.difference == Difference::none ? unit_of_comment(value.comment) : nullptr;
    const Unit* unit = written == nullptr ? nullptr : unit_named(written->name, dimension_of(field));
    if (number && unit != nullptr && unit->offset == 0) {
      *number *= unit->scale;
      united = true;
    }
    return number.has_value();
  });
  return number;
}

Fact<double> Reader::computed(Field field, const Recipe& recipe) const {
  Fact<double> out;
  bool united = false;
  std::optional<double> sum = operand(field, recipe, recipe.sources[0], out, united);
  for (std::size_t i = 1; sum && i < recipe.sources.size(); ++i) {
    const std::optional<double> next = operand(field, recipe, recipe.sources[i], out, united);
    sum = next ? std::optional(apply(recipe.operators[i - 1], *sum, *next)) : std::nullopt;
  }
  if (sum && recipe.difference == Difference::clock && *sum < 0) *sum += kDay;
  if (!sum || !std::isfinite(*sum) || (recipe.range && !recipe.range->holds(*sum))) return out;
  const double value = united ? *sum : *sum * recipe.scale + recipe.offset;
  if (!in_range(field, value)) return out;
  out.value = value;
  out.keyword = keywords_of(recipe);
  return out;
}

// The number of one keyword in the unit of the database. A unit in the comment wins over that of the recipe.
Fact<double> Reader::measured(Field field, const Recipe& recipe) const {
  Fact<double> out;
  const Source& source = recipe.sources[0];
  const Dimension dimension = dimension_of(field);
  each_card(place_, source, [&](const CardView& value, std::size_t hdu) {
    if (!usable(field, recipe, source, value, hdu)) return false;
    const auto lose = [&](std::string_view reason, bool fault) {
      lost(field, recipe, source, value, hdu, reason, fault);
      return false;
    };
    const std::optional<double> number = raw_number(recipe, value);
    if (!number)
      return says_nothing(recipe, trim(value.text)) ? lose("says nothing", false) : lose("is no number", true);
    if (recipe.range && !recipe.range->holds(*number)) return lose("is outside the range of the recipe", false);
    double scale = recipe.scale, offset = recipe.offset;
    const Unit* written = dimension == Dimension::number ? nullptr : unit_of_comment(value.comment);
    if (written != nullptr) {
      const Unit* unit = unit_named(written->name, dimension);
      // "[deg]" of a temperature is degrees Celsius.
      if (unit == nullptr && !(dimension == Dimension::temperature && written->name == "deg"))
        return lose("is in " + std::string(written->name) + " by its comment, which is no unit of this", true);
      if (unit != nullptr) {
        scale = unit->scale;
        offset = unit->offset;
      }
    }
    const double scaled = *number * scale + offset;
    // 0 stands for no value where it cannot be one.
    if (!std::isfinite(scaled) || !in_range(field, scaled))
      return lose("is out of range" + range_text(field), *number != 0);
    out.value = scaled;
    out.keyword = source.keyword;
    if (source.scope != Scope::file_name) out.hdu = number_of_hdu(hdu);
    return true;
  });
  return out;
}

Fact<double> Reader::number(Field field) const {
  Fact<double> out;
  each_recipe(field, [&](const Recipe& recipe) {
    if (recipe.sources.empty()) {
      double constant = 0;
      if (parse_number(recipe.constant, constant)) out.value = constant * recipe.scale + recipe.offset;
      out.keyword = "table";
    } else if (recipe.sources[0].keyword == "WCS") {
      if (Listener* listener = place_.cards.listener()) listener->anything();
      const Result<double> scale = pixel_scale(place_.own().header.text());
      if (scale && in_range(field, *scale)) out = {*scale, "WCS", place_.own().number};
    } else {
      out = recipe.operators.empty() ? measured(field, recipe) : computed(field, recipe);
    }
    out.recipe = line_of(recipe);
    return out.value.has_value();
  });
  if (!out.value) out = {};
  return out;
}

Fact<int> Reader::ccd() const {
  Fact<int> out;
  std::optional<int> ccds;
  for (const Table* table : chain_) {
    if (!ccds) ccds = table->ccds;
  }
  const auto accept = [&](std::optional<long long> number, const Recipe& recipe, const std::string& keyword, int hdu) {
    if (!number || *number < 0 || *number > 32767 || (ccds && *number >= *ccds)) return false;
    out = {static_cast<int>(*number), keyword, hdu, line_of(recipe)};
    return true;
  };
  each_recipe(Field::ccd, [&](const Recipe& recipe) {
    if (recipe.sources.empty()) {
      long long number = 0;
      return parse_integer(recipe.constant, number) && accept(number, recipe, "table", -1);
    }
    if (!recipe.operators.empty()) {
      const Fact<double> number = computed(Field::ccd, recipe);
      return number.value && *number.value == std::floor(*number.value) && std::fabs(*number.value) <= 1e6 &&
             accept(static_cast<long long>(*number.value), recipe, number.keyword, number.hdu);
    }
    const Source& source = recipe.sources[0];
    const bool by_name = source.scope == Scope::file_name;
    if (Listener* listener = by_name ? place_.cards.listener() : nullptr) listener->anything();
    if (by_name && !split_) return false;
    return each_card(place_, source, [&](const CardView& value, std::size_t hdu) {
      if (!usable(Field::ccd, recipe, source, value, hdu)) return false;
      const std::optional<double> number = raw_number(recipe, value);
      const bool whole = number && *number == std::floor(*number) && std::fabs(*number) <= 1e6 &&
                         (!recipe.range || recipe.range->holds(*number));
      if (whole && accept(static_cast<long long>(*number), recipe, source.keyword, by_name ? -1 : number_of_hdu(hdu)))
        return true;
      lost(Field::ccd, recipe, source, value, hdu, "is no number of a CCD", false);
      return false;
    });
  });
  return out;
}

std::optional<Doubt> Reader::doubt(Field field, const std::string& kind) const {
  std::vector<Loss> losses;
  const Reader again(chain_, plan_, place_, split_, &losses);
  if (field == Field::position) {
    Fact<double> ra, dec;
    again.position(ra, dec, std::nullopt);
  } else if (field == Field::obstime || field == Field::release) {
    again.time(field, 0.0);
  } else {
    again.number(field);
  }
  for (const Loss& loss : losses) {
    if (!loss.fault || loss.card.field != name_of(field)) continue;
    constexpr std::size_t kShown = 60;
    std::string text = loss.card.text;
    if (text.size() > kShown) {
      std::size_t end = kShown;
      while ((static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) --end;  // no half character
      text = text.substr(0, end) + "...";
    }
    const std::string& keyword = loss.card.keyword;
    return Doubt{kind, keyword, keyword + " \"" + text + "\" " + loss.card.reason + "; " + kind};
  }
  return std::nullopt;
}

}  // namespace imreg::camera
