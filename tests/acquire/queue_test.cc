// What a queue does, call by call.
#include <fcntl.h>
#include <unistd.h>

#include <ctime>
#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>

#include "acquire/queue_file.h"
#include "acquire/queue_report.h"
#include "formats/queue.h"
#include "formats/queue.v1.h"
#include "imreg/date.h"
#include "imreg/upkeep.h"
#include "os/slot.h"
#include "queue_fixture.h"
#include "registry/path_roots.h"

namespace imreg::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using State = QueueLine::State;

std::vector<std::string> names(const Result<std::vector<QueueLine>>& lines) {
  std::vector<std::string> out;
  EXPECT_TRUE(lines.ok()) << lines.status().text();
  if (lines) {
    for (const auto& line : *lines) out.push_back(name_of(line));
  }
  return out;
}

// Announced, registered, released.
void bring_in(const Night& night, Queue& queue, const std::vector<std::string>& which) {
  const Slot slot = night.slot();
  std::vector<QueueLine> lines;
  for (const auto& name : which) lines.push_back(line_named(name));
  const auto ids = queue.announce(slot, lines);
  ASSERT_OK(ids.status());
  ASSERT_OK(night.add_rows(lines));
  ASSERT_OK(queue.release(slot, *ids));
}

Outcome ended(std::int64_t id, State state = State::done, const std::string& next = {}) {
  Outcome out;
  out.id = id;
  out.state = state;
  out.result = "said so";
  out.next = next;
  return out;
}

TEST(Queue, GivesEachLineOnceAndInOrder) {
  const Night night;
  Queue queue = night.queue("IMSTAT");
  EXPECT_EQ(states_of(queue), "");
  bring_in(night, queue, {"a", "b", "c"});
  EXPECT_EQ(states_of(queue), "a:waiting b:waiting c:waiting");
  const Slot one = night.slot("imelixir"), two = night.slot();
  Queue other = night.queue("IMSTAT");
  const auto first = queue.take(one, 2);
  EXPECT_THAT(names(first), ElementsAre("a", "b"));
  EXPECT_THAT(names(other.take(two, 2)), ElementsAre("c"));
  EXPECT_THAT(names(queue.take(one, 2)), IsEmpty());
  EXPECT_EQ(states_of(queue), "a:taken b:taken c:taken");
  ASSERT_OK(queue.finish(one, {ended(first->at(0).id), ended(first->at(1).id, State::failed)}));
  EXPECT_EQ(states_of(queue), "a:done b:failed c:taken");
  EXPECT_THAT(first->at(0).worker, HasSubstr(std::to_string(::getpid()) + " imelixir"));
  EXPECT_EQ(trigger_line(first->at(0)), "/data/a.fits a/a03 3 MEF");
  EXPECT_EQ(outroot_of(first->at(0)), "a/a03");
}

TEST(Queue, GivesTheLinesOfAFileTogether) {
  const Night night;
  Queue queue = night.queue("IMSTAT");
  std::vector<QueueLine> lines;
  for (const std::string name : {"a", "a", "a", "b", "a", "c", "c"}) {
    lines.push_back(line_named(name));
    lines.back().extension = static_cast<int>(lines.size());
  }
  ASSERT_OK(queue.add(lines, 0).status());
  const Slot slot = night.slot();
  EXPECT_THAT(names(queue.take(slot, 1, 2)), ElementsAre("a", "a"));
  EXPECT_THAT(names(queue.take(slot, 2, 9)), ElementsAre("a", "b"));
  ASSERT_OK(queue.give_back(slot, {2}));
  EXPECT_THAT(names(queue.take(slot, 1)), ElementsAre("a"));
  EXPECT_THAT(names(queue.take(slot, 9, 9)), ElementsAre("a", "c", "c"));
  Outcome outcome = ended(1);
  outcome.started = 12345;
  ASSERT_OK(queue.finish(slot, {outcome, ended(2)}));
  std::vector<double> started;
  ASSERT_OK(queue.each([&](const QueueLine& line) { return started.push_back(line.started), true; }).status());
  EXPECT_EQ(started[0], 12345);
  EXPECT_GT(started[1], 12345);
}

TEST(Queue, LinesOfTheDeadAreGivenAgain) {
  const Night night;
  Queue queue = night.queue("IMSTAT");
  bring_in(night, queue, {"a", "b"});
  {
    const Slot slot = night.slot();
    EXPECT_THAT(names(queue.take(slot, 1)), ElementsAre("a"));
    EXPECT_EQ(states_of(queue), "a:taken b:waiting");
  }
  EXPECT_EQ(states_of(queue), "a:waiting b:waiting");
  const Slot next = night.slot();
  const auto lines = queue.take(next, 9);
  EXPECT_THAT(names(lines), ElementsAre("a", "b"));
  EXPECT_EQ(lines->at(0).taken, 2);
  EXPECT_EQ(lines->at(0).tries, 0);
}

TEST(Queue, WhatIsNotHeldCannotBeFinished) {
  const Night night;
  Queue queue = night.queue("IMSTAT");
  bring_in(night, queue, {"a", "b"});
  const Slot one = night.slot(), two = night.slot();
  const auto lines = queue.take(one, 1);
  EXPECT_EQ(queue.finish(two, {ended(lines->at(0).id)}).code(), Code::mismatch);
  EXPECT_EQ(queue.finish(one, {ended(lines->at(0).id), ended(2)}).code(), Code::mismatch);
  EXPECT_EQ(queue.finish(one, {ended(99)}).code(), Code::mismatch);
  EXPECT_EQ(queue.give_back(two, {1}).code(), Code::mismatch);
  EXPECT_EQ(states_of(queue), "a:taken b:waiting");
  ASSERT_OK(queue.give_back(one, {1}));
  EXPECT_EQ(queue.finish(one, {ended(1)}).code(), Code::mismatch);
  EXPECT_EQ(states_of(queue), "a:waiting b:waiting");
}

TEST(Queue, AnotherTryComesNotBeforeItsTime) {
  const Night night;
  Queue queue = night.queue("IMSTAT");
  bring_in(night, queue, {"a"});
  const Slot slot = night.slot();
  const auto lines = queue.take(slot, 1);
  Outcome again = ended(1, State::waiting);
  again.after = current_time() + 1000;
  ASSERT_OK(queue.finish(slot, {again}));
  EXPECT_THAT(names(queue.take(slot, 1)), IsEmpty());
  const auto look = queue.look();
  ASSERT_OK(look.status());
  EXPECT_FALSE(look->ready);
  EXPECT_EQ(look->next_time, again.after);
  bring_in(night, queue, {"b"});
  EXPECT_THAT(names(queue.take(slot, 1)), ElementsAre("b"));
  const auto counts = queue.counts();
  EXPECT_EQ(counts->waiting, 1);
  EXPECT_EQ(counts->later, 1);
  EXPECT_EQ(counts->taken, 1);
  EXPECT_EQ(counts->held.at(0).worker, slot.worker());
}

TEST(Queue, AnnouncedLinesOfTheDeadFollowTheDatabase) {
  const Night night;
  Queue queue = night.queue("IMSTAT");
  {
    const Slot slot = night.slot();
    ASSERT_OK(queue.announce(slot, {line_named("a"), line_named("b")}).status());
    const Slot worker = night.slot();
    EXPECT_THAT(names(queue.take(worker, 9)), IsEmpty());  // it lives
    EXPECT_EQ(states_of(queue), "a:announced b:announced");
    QueueLine other = line_named("b");
    other.mtime += 1;  // not the file that was announced
    ASSERT_OK(night.add_rows({line_named("a"), other}));
  }
  const Slot worker = night.slot();
  EXPECT_THAT(names(queue.take(worker, 9)), ElementsAre("a"));
  EXPECT_EQ(states_of(queue), "a:taken");
}

// Its row says where the file is now. What is still there is another file, and so is one of which the row has gone.
TEST(Queue, AnnouncedLinesOfTheDeadFollowFilesThatMoved) {
  const Night night;
  Queue queue = night.queue("IMSTAT");
  QueueLine there = line_named("there");
  there.path = night.folder() / "there.fits";
  std::ofstream(there.path) << "an image";
  ASSERT_OK(queue.announce(night.slot(), {line_named("a"), there, line_named("gone")}).status());
  ASSERT_OK(night.add_rows({line_named("a"), there, line_named("gone")}));
  {
    auto writer = RecordWriter::open(night.database(), {});
    ASSERT_OK(writer.status());
    Record row = writer->file().make_record();
    std::vector<RowChange> changes;
    for (std::int64_t i = 0; i < 3; ++i) {
      ASSERT_OK(writer->file().read(i, row));
      ASSERT_TRUE(row.set(regimage::kPathname, "/archive") && row.set(regimage::kFilename, "renamed.fits"));
      row.set(regimage::kDeleted, i == 2);
      changes.push_back({i, row.bytes()});
    }
    ASSERT_OK(writer->commit(changes));
  }
  auto lines = queue.take(night.slot(), 9);
  ASSERT_OK(lines.status());
  ASSERT_EQ(lines->size(), 1u);
  EXPECT_EQ((*lines)[0].path, "/data/a.fits");
  lines->push_back(there);
  lines->push_back(line_named("gone"));
  const std::string elsewhere = night.database() + ".away";
  EXPECT_EQ(follow_moved(elsewhere, *lines).code(), Code::not_found);
  EXPECT_EQ((*lines)[2].path, "/data/gone.fits");
  ASSERT_OK(follow_moved(night.database(), *lines));
  EXPECT_EQ((*lines)[0].path, "/archive/renamed.fits");
  EXPECT_EQ((*lines)[1].path, there.path);
  EXPECT_EQ((*lines)[2].path, "");
}

// A dead one's announcement must not become a second line when its file is registered after all.
TEST(Queue, AnnouncingSettlesWhatTheDeadAnnounced) {
  const Night night;
  Queue queue = night.queue("IMSTAT");
  { ASSERT_OK(queue.announce(night.slot(), {line_named("a")}).status()); }
  bring_in(night, queue, {"a"});
  EXPECT_EQ(states_of(queue), "a:waiting");
  const Slot worker = night.slot();
  EXPECT_THAT(names(queue.take(worker, 9)), ElementsAre("a"));
}

// Announcing does not look again at what it has seen: but at what was announced then.
TEST(Queue, WhatWasAnnouncedWhenItWasSeenIsSettledWhenItsAnnouncerDies) {
  const Night night;
  Queue queue = night.queue("IMSTAT");
  const Slot slot = night.slot();
  ASSERT_OK(queue.add({line_named("before")}, 0).status());
  std::optional<Slot> one = night.slot(), two = night.slot();
  const auto of_one = night.queue("IMSTAT").announce(*one, {line_named("a"), line_named("b"), line_named("c")});
  ASSERT_OK(of_one.status());
  ASSERT_OK(night.queue("IMSTAT").announce(*two, {line_named("d")}).status());
  const auto announce = [&](const std::string& name) {
    const auto ids = queue.announce(slot, {line_named(name)});
    ASSERT_OK(ids.status());
    ASSERT_OK(queue.release(slot, *ids));
  };
  announce("e");
  const std::string others = " c:announced d:announced e:waiting";
  EXPECT_EQ(states_of(queue), "before:waiting a:announced b:announced" + others);
  ASSERT_OK(night.queue("IMSTAT").release(*one, {of_one->at(0)}));
  announce("f");
  EXPECT_EQ(states_of(queue), "before:waiting a:waiting b:announced" + others + " f:waiting");
  ASSERT_OK(night.add_rows({line_named("c")}));
  one.reset();
  announce("g");
  EXPECT_EQ(states_of(queue), "before:waiting a:waiting c:waiting d:announced e:waiting f:waiting g:waiting");
  two.reset();
  ASSERT_OK(queue.clear(ClearedLines::done).status());  // settles, and makes another file
  announce("h");
  EXPECT_EQ(states_of(queue), "before:waiting a:waiting c:waiting e:waiting f:waiting g:waiting h:waiting");
}

// Beside a long queue as beside a short one: which lines may be announced the last one says.
TEST(Queue, AFreshAnnouncerLooksAtTheEndOnly) {
  const Night night;
  std::vector<QueueLine> many;
  for (int i = 0; i < 3000; ++i) many.push_back(line_named(std::to_string(i)));
  const auto looked_at = [&] {
    const auto file = RecordFile::open(night.queue("IMSTAT").path());
    EXPECT_TRUE(file.ok()) << file.status().text();
    return file->count() - acquire::first_unsettled_row(*file);
  };
  const auto fresh_one_brings = [&](const std::vector<std::string>& which) {
    Queue fresh = night.queue("IMSTAT");
    bring_in(night, fresh, which);
  };
  ASSERT_OK(night.queue("IMSTAT").add(many, 0).status());
  EXPECT_EQ(looked_at(), 1);
  for (int i = 0; i < 3; ++i) {
    fresh_one_brings({"a" + std::to_string(i), "b" + std::to_string(i)});
    EXPECT_EQ(looked_at(), 2);
  }
  // One that announces and lives stays in sight, behind whatever comes.
  std::optional<Slot> lives = night.slot();
  ASSERT_OK(night.queue("IMSTAT").announce(*lives, {line_named("held")}).status());
  EXPECT_EQ(looked_at(), 1);
  fresh_one_brings({"c"});
  ASSERT_OK(night.queue("IMSTAT").add({line_named("d")}, 0).status());
  const Slot worker = night.slot();
  const auto first = night.queue("IMSTAT").take(worker, 1);
  Queue other = night.queue("IMSTAT");
  ASSERT_EQ(first->size(), 1u);
  {
    const Slot fails = night.slot();
    Queue queue = night.queue("IMSTAT");
    const auto next = queue.take(fails, 1);
    ASSERT_OK(queue.finish(fails, {ended(next->at(0).id, State::failed)}));
  }
  EXPECT_EQ(other.retry().value_or(-1), 1);
  EXPECT_EQ(looked_at(), 4);
  // It dies with its row: its line is settled, and nothing before that one can be announced any more.
  ASSERT_OK(night.add_rows({line_named("held")}));
  lives.reset();
  fresh_one_brings({"e"});
  EXPECT_EQ(looked_at(), 1);
  EXPECT_THAT(states_of(other), HasSubstr(" held:waiting c:waiting d:waiting 1:waiting e:waiting"));
  // Nor is one missed that died in a crowd, also when its file is made anew.
  { ASSERT_OK(night.queue("IMSTAT").announce(night.slot(), {line_named("f")}).status()); }
  ASSERT_OK(other.add({line_named("g")}, 0).status());
  EXPECT_EQ(looked_at(), 2);
  EXPECT_EQ(other.clear(ClearedLines::failed).value_or(-1), 0);
  fresh_one_brings({"f"});
  EXPECT_THAT(states_of(other), HasSubstr(" e:waiting g:waiting f:waiting"));
}

// A damaged number must not lead the search past one that is announced.
TEST(Queue, ADamagedLineHidesNoneThatIsAnnounced) {
  const Night night;
  Queue queue = night.queue("A");
  { ASSERT_OK(queue.announce(night.slot(), {line_named("x")}).status()); }
  std::vector<QueueLine> lines;
  for (int i = 0; i < 9; ++i) lines.push_back(line_named("a" + std::to_string(i)));
  ASSERT_OK(queue.add(lines, 0).status());
  {
    std::fstream file(queue.path(), std::ios::in | std::ios::out | std::ios::binary);
    const std::string content((std::istreambuf_iterator<char>(file)), {});
    const auto at = content.find("/data/a3.fits");  // the middle one, where the search begins
    ASSERT_NE(at, content.npos);
    file.clear();
    file.seekp(static_cast<std::streamoff>(at) - queue::kPath.offset + queue::kLine.offset);
    file.write("\0\0\0\0\0\0\0\0", 8);
  }
  Queue fresh = night.queue("A");
  bring_in(night, fresh, {"x"});
  std::string states;
  const auto see = [&](const QueueLine& line) { return states += " " + name_of(line), true; };
  EXPECT_EQ(fresh.each(see).value_or(-1), 1);
  EXPECT_EQ(states, " a0 a1 a2 a4 a5 a6 a7 a8 x");
}

// A queue of version 1, as releases before had it: all is as in one of today, to the end of its results.
TEST(Queue, OneOfVersion1IsServed) {
  const Night night;
  ASSERT_OK(acquire::make_queue_folder(night.database()));
  Queue queue = night.queue("A");
  ASSERT_OK(RecordWriter::create(queue.path(), *builtin_format("queue", 1), {}));
  bring_in(night, queue, {"a", "b", "c"});
  const std::string words(160, 'w');
  {
    auto writer = RecordWriter::open(queue.path(), {});
    ASSERT_OK(writer.status());
    Record row = writer->file().make_record();
    ASSERT_OK(writer->file().read(0, row));
    EXPECT_EQ(row[queue::kUnsettled], 0);
    ASSERT_TRUE(row.set(queue_v1::kResult, words));
    ASSERT_OK(writer->commit({{0, row.bytes()}}));
  }
  const auto result = [&](std::size_t which) {
    std::vector<std::string> results;
    EXPECT_TRUE(
        night.queue("A").each([&](const QueueLine& line) { return results.push_back(line.result), true; }).ok());
    return results.at(which);
  };
  EXPECT_EQ(result(0), words);
  { ASSERT_OK(night.queue("A").announce(night.slot(), {line_named("gone")}).status()); }
  Queue fresh = night.queue("A");
  bring_in(night, fresh, {"d", "gone"});
  ASSERT_OK(fresh.add({line_named("e")}, 0).status());
  EXPECT_EQ(states_of(fresh), "a:waiting b:waiting c:waiting d:waiting gone:waiting e:waiting");
  const Slot slot = night.slot();
  ASSERT_EQ(fresh.take(slot, 2)->size(), 2u);
  ASSERT_OK(fresh.finish(slot, {ended(1, State::failed), ended(2)}));
  EXPECT_EQ(result(0), "said so");
  EXPECT_EQ(fresh.retry().value_or(-1), 1);
  EXPECT_EQ(fresh.clear(ClearedLines::done).value_or(-1), 1);
  EXPECT_EQ(states_of(night.queue("A")), "c:waiting d:waiting gone:waiting e:waiting a:waiting");
  EXPECT_EQ(RecordFile::open(queue.path())->schema().version, 1);
}

TEST(Queue, AnUnreadableDatabaseLeavesLinesAnnounced) {
  const Night night;
  Queue queue = night.queue("IMSTAT");
  { ASSERT_OK(queue.announce(night.slot(), {line_named("a")}).status()); }
  std::ofstream(night.database(), std::ios::trunc) << "no database";
  const Slot worker = night.slot();
  EXPECT_THAT(names(queue.take(worker, 9)), IsEmpty());
  EXPECT_EQ(states_of(queue), "a:announced");
  EXPECT_THAT(queue.notes(), ElementsAre(HasSubstr("1 line announced by the dead: ")));
}

TEST(Queue, DroppedLinesAreGone) {
  const Night night;
  Queue queue = night.queue("IMSTAT");
  const Slot slot = night.slot();
  const auto ids = queue.announce(slot, {line_named("a"), line_named("b")});
  ASSERT_OK(queue.drop(slot, {ids->at(0)}));
  ASSERT_OK(queue.drop(slot, {ids->at(0)}));
  EXPECT_EQ(queue.release(slot, {ids->at(0)}).code(), Code::mismatch);
  ASSERT_OK(queue.release(slot, {ids->at(1)}));
  ASSERT_OK(queue.release(slot, {ids->at(1)}));
  EXPECT_EQ(states_of(queue), "b:waiting");
}

TEST(Queue, FinishedLinesGoOnToOtherQueues) {
  const Night night;
  Queue queue = night.queue("A");
  bring_in(night, queue, {"a", "b", "c"});
  const Slot slot = night.slot();
  ASSERT_OK(queue.take(slot, 9).status());
  ASSERT_OK(queue.finish(slot, {ended(1, State::done, "B"), ended(2, State::failed, "F"), ended(3, State::done, "B")}));
  EXPECT_EQ(states_of(night.queue("B")), "a:waiting c:waiting");
  EXPECT_EQ(states_of(night.queue("F")), "b:waiting");
  EXPECT_EQ(states_of(queue), "a:done b:failed c:done");
  EXPECT_THAT(*queue_names(night.database()), ElementsAre("A", "B", "F"));
}

// However often it is tried again: somebody is to look at it once.
TEST(Queue, OneLineForALineThatFailsAgain) {
  const Night night;
  Queue queue = night.queue("A"), lost = night.queue("F");
  bring_in(night, queue, {"a", "b"});
  const Slot slot = night.slot(), other = night.slot();
  const auto fail_all = [&] {
    const auto lines = queue.take(slot, 9);
    ASSERT_OK(lines.status());
    std::vector<Outcome> outcomes;
    for (const auto& line : *lines) outcomes.push_back(ended(line.id, State::failed, "F"));
    ASSERT_OK(queue.finish(slot, outcomes));
  };
  fail_all();
  EXPECT_EQ(queue.retry().value_or(-1), 2);
  fail_all();
  EXPECT_EQ(states_of(lost), "a:waiting b:waiting");
  EXPECT_EQ(states_of(queue), "a:failed b:failed");
  ASSERT_OK(lost.take(other, 1).status());
  EXPECT_EQ(queue.retry().value_or(-1), 2);
  fail_all();
  EXPECT_EQ(states_of(lost), "a:taken b:waiting");
  ASSERT_OK(lost.finish(other, {ended(1)}));  // it was looked at: this is news
  EXPECT_EQ(queue.retry().value_or(-1), 2);
  fail_all();
  EXPECT_EQ(states_of(lost), "a:done b:waiting a:waiting");
  // The same images may come to a queue again when they are done.
  ASSERT_OK(queue.add({line_named("b")}, 0).status());
  ASSERT_OK(night.queue("C").add({line_named("b")}, 0).status());
  Queue c = night.queue("C");
  ASSERT_OK(c.take(slot, 1).status());
  ASSERT_OK(c.finish(slot, {ended(1, State::done, "F")}));
  EXPECT_EQ(states_of(lost), "a:done b:waiting a:waiting b:waiting");
}

TEST(Queue, RetryAndClear) {
  const Night night;
  Queue queue = night.queue("IMSTAT");
  bring_in(night, queue, {"a", "b", "c", "d"});
  const Slot slot = night.slot();
  ASSERT_OK(queue.take(slot, 3).status());
  ASSERT_OK(queue.finish(slot, {ended(1, State::failed), ended(2)}));
  EXPECT_EQ(queue.retry().value_or(-1), 1);
  EXPECT_EQ(queue.retry().value_or(-1), 0);
  EXPECT_EQ(states_of(queue), "b:done c:taken d:waiting a:waiting");
  EXPECT_EQ(queue.clear(ClearedLines::done).value_or(-1), 1);
  EXPECT_EQ(states_of(queue), "c:taken d:waiting a:waiting");
  ASSERT_OK(queue.finish(slot, {ended(3, State::failed)}));
  EXPECT_EQ(queue.clear(ClearedLines::done).value_or(-1), 0);
  EXPECT_EQ(queue.clear(ClearedLines::failed).value_or(-1), 1);
  EXPECT_EQ(queue.clear(ClearedLines::all).value_or(-1), 2);
  EXPECT_EQ(states_of(queue), "");
  EXPECT_EQ(RecordFile::open(queue.path())->count(), 1);  // so that no number is given twice
  bring_in(night, queue, {"e"});
  const auto last = queue.take(slot, 1);
  EXPECT_THAT(names(last), ElementsAre("e"));
  EXPECT_EQ(last->at(0).id, 6);
  EXPECT_EQ(night.queue("NONE").clear(ClearedLines::all).value_or(-1), 0);
  EXPECT_EQ(night.queue("NONE").retry().value_or(-1), 0);
}

TEST(Queue, CountsOfTheLastHour) {
  const Night night;
  Queue queue = night.queue("IMSTAT");
  EXPECT_EQ(queue.counts()->last_hour, 0);
  EXPECT_EQ(queue.counts()->per_minute, 0);
  bring_in(night, queue, {"a", "b", "c", "d", "e"});
  const Slot slot = night.slot();
  ASSERT_OK(queue.take(slot, 4).status());
  ASSERT_OK(queue.finish(slot, {ended(1), ended(2, State::failed), ended(3)}));
  // a and b some time ago, c two hours ago.
  const double now = current_time();
  const double times[3][3] = {{100, 90, 30}, {100, 70, 50}, {9000, 8000, 7200}};
  auto writer = RecordWriter::open(queue.path(), {});
  ASSERT_OK(writer.status());
  std::vector<RowChange> changes;
  for (int i = 0; i < 3; ++i) {
    Record row = writer->file().make_record();
    ASSERT_OK(writer->file().read(i, row));
    row.set(queue::kQueued, now - times[i][0]);
    row.set(queue::kStarted, now - times[i][1]);
    row.set(queue::kFinished, now - times[i][2]);
    changes.push_back({i, row.bytes()});
  }
  ASSERT_OK(writer->commit(changes));
  writer->close();
  const auto counts = queue.counts();
  ASSERT_OK(counts.status());
  EXPECT_EQ(counts->done, 2);
  EXPECT_EQ(counts->failed, 1);
  EXPECT_EQ(counts->taken, 1);
  EXPECT_EQ(counts->waiting, 1);
  EXPECT_EQ(counts->last_hour, 2);
  EXPECT_NEAR(counts->mean_waiting, (10 + 30) / 2, 0.01);
  EXPECT_NEAR(counts->mean_working, (60 + 20) / 2, 0.01);
  EXPECT_NEAR(counts->per_minute, 2 * 60 / 90.0, 0.01);
}

TEST(Queue, FinishedLinesInFrontAreTakenOut) {
  const Night night;
  Queue queue = night.queue("IMSTAT", 10);
  const Slot slot = night.slot();
  for (int i = 0; i < 60; ++i) {
    bring_in(night, queue, {"a" + std::to_string(i)});
    const auto lines = queue.take(slot, 1);
    ASSERT_EQ(lines->size(), 1u);
    ASSERT_EQ(lines->at(0).id, i + 1);
    ASSERT_OK(queue.finish(slot, {ended(i + 1, i == 5 ? State::failed : State::done)}));
    ASSERT_LE(RecordFile::open(queue.path())->count(), 14);
  }
  EXPECT_THAT(states_of(queue), HasSubstr("a5:failed"));
  EXPECT_THAT(queue.notes(), IsEmpty());
}

// Two workers finish; the one that looked before the other made the file anew must not go by the rows that it saw.
TEST(Queue, AFileMadeAnewByAnotherLosesNothing) {
  const Night night;
  std::vector<std::string> all;
  for (int i = 0; i < 40; ++i) all.push_back("a" + std::to_string(i));
  {
    Queue queue = night.queue("IMSTAT");
    bring_in(night, queue, all);
    const Slot slot = night.slot();
    ASSERT_OK(queue.take(slot, 20).status());
    std::vector<Outcome> outcomes;
    for (int i = 1; i <= 20; ++i) outcomes.push_back(ended(i));
    ASSERT_OK(queue.finish(slot, outcomes));
  }
  Queue one = night.queue("IMSTAT", 10), other = night.queue("IMSTAT", 10);
  const Slot first = night.slot(), second = night.slot();
  EXPECT_THAT(names(one.take(first, 1)), ElementsAre("a20"));
  EXPECT_THAT(names(other.take(second, 1)), ElementsAre("a21"));
  ASSERT_OK(one.finish(first, {ended(21)}));
  ASSERT_OK(other.finish(second, {ended(22)}));
  EXPECT_EQ(one.counts()->waiting, 18);
  EXPECT_EQ(names(one.take(first, 99)), std::vector<std::string>(all.begin() + 22, all.end()));
}

TEST(Queue, FillingAddsWhatIsNotThere) {
  const Night night;
  Queue queue = night.queue("IMSTAT");
  bring_in(night, queue, {"a", "b", "c"});
  const Slot slot = night.slot();
  ASSERT_OK(queue.take(slot, 2).status());
  ASSERT_OK(queue.finish(slot, {ended(1, State::failed), ended(2)}));
  const double now = current_time();
  EXPECT_EQ(queue.add({line_named("a"), line_named("b"), line_named("c"), line_named("d")}, now - 100).value_or(-1), 1);
  EXPECT_EQ(queue.add({line_named("a"), line_named("b"), line_named("c"), line_named("d")}, now + 100).value_or(-1), 1);
  EXPECT_EQ(states_of(queue), "a:failed b:done c:waiting d:waiting b:waiting");
}

// One fill is many of these calls, and others work on the queue between them.
TEST(Queue, FillingInPieces) {
  const Night night;
  Queue queue = night.queue("IMSTAT"), other = night.queue("IMSTAT");
  const double begun = current_time();
  EXPECT_EQ(queue.add({line_named("a"), line_named("b"), line_named("a")}, begun).value_or(-1), 2);
  ASSERT_OK(other.add({line_named("c"), line_named("d")}, begun).status());
  EXPECT_EQ(queue.add({line_named("c"), line_named("e")}, begun).value_or(-1), 1);  // what another one brought
  const Slot slot = night.slot();
  ASSERT_OK(other.take(slot, 3).status());
  ASSERT_OK(other.finish(slot, {ended(1), ended(2, State::failed), ended(3)}));
  EXPECT_EQ(queue.add({line_named("a"), line_named("b"), line_named("c"), line_named("f")}, begun).value_or(-1), 1);
  EXPECT_EQ(other.clear(ClearedLines::failed).value_or(-1), 3);  // a new file, with other rows
  EXPECT_EQ(queue.add({line_named("d"), line_named("e"), line_named("f"), line_named("g")}, begun).value_or(-1), 1);
  EXPECT_EQ(states_of(queue), "d:waiting e:waiting f:waiting g:waiting");
  EXPECT_EQ(queue.add({line_named("a"), line_named("d")}, begun + 100).value_or(-1), 1);  // another fill
  // The same image under two paths: two lines, but when the one of the other path is not there any more.
  const std::string here = night.folder() / "here.fits";
  std::ofstream(here) << "x";
  QueueLine one = line_named("h"), two = one;
  one.path = here;
  two.path = night.folder() / "copy.fits";
  EXPECT_EQ(queue.add({one, two}, begun).value_or(-1), 2);
  EXPECT_EQ(queue.add({one, two}, begun).value_or(-1), 0);
  std::filesystem::remove(here);
  QueueLine three = one;
  three.path = night.folder() / "moved.fits";
  EXPECT_EQ(queue.add({three}, begun).value_or(-1), 0);
}

// A queue of ten million lines is filled 50,000 at a time: the last ones must not cost more than the first.
TEST(Queue, FillingIsNotQuadratic) {
  const Night night;
  Queue queue = night.queue("IMSTAT");
  const auto seconds_of_piece = [&](int piece) {
    std::vector<QueueLine> lines;
    for (int i = 0; i < 5000; ++i) lines.push_back(line_named(std::to_string(piece) + "-" + std::to_string(i)));
    const std::clock_t begin = std::clock();
    EXPECT_EQ(queue.add(lines, 0).value_or(-1), 5000);
    return static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC;
  };
  double first = 0, last = 0;
  constexpr int kPieces = 40, kFew = 2;
  for (int piece = 0; piece < kPieces; ++piece) {
    const double seconds = seconds_of_piece(piece);
    if (piece < kFew) first += seconds;
    if (piece >= kPieces - kFew) last += seconds;
  }
  EXPECT_LT(last, 3 * first);
}

TEST(Queue, RefusesWhatCannotBe) {
  const Night night;
  for (const char* const name : {"", "a/b", "..", "a b", "x\n", "012345678901234567890123456789012"})
    EXPECT_EQ(Queue::open(night.database(), name, {}).status().code(), Code::invalid) << name;
  Queue queue = night.queue("A");
  QueueLine line = line_named(std::string(700, 'x'));
  const auto refused = queue.announce(night.slot(), {line_named("a"), line});
  EXPECT_EQ(refused.status().code(), Code::invalid);
  EXPECT_THAT(refused.status().text(), HasSubstr("room for a path of 1 to 655 bytes"));
  EXPECT_EQ(states_of(queue), "");
  EXPECT_THAT(Slot::take(night.folder() / "none/Imreg.db", "x").status().text(), HasSubstr("none/Imreg.db.queue"));
}

TEST(Queue, DamagedLinesAreToldAndPassedOver) {
  const Night night;
  Queue queue = night.queue("A");
  bring_in(night, queue, {"a", "b", "c"});
  const auto size = static_cast<off_t>(builtin_format("queue", 1)->record_size);
  {
    const int fd = ::open(queue.path().c_str(), O_RDWR);
    std::string header(23040 * 4, ' ');
    const auto got = ::pread(fd, header.data(), header.size(), 0);
    const auto at = header.substr(0, static_cast<std::size_t>(got)).find("/data/b.fits");
    ASSERT_NE(at, header.npos);
    ASSERT_EQ(::pwrite(fd, "X", 1, static_cast<off_t>(at) + 3), 1);
    ::close(fd);
    ASSERT_GT(size, 0);
  }
  const Slot slot = night.slot();
  Queue fresh = night.queue("A");
  EXPECT_THAT(names(fresh.take(slot, 9)), ElementsAre("a", "c"));
  EXPECT_THAT(fresh.notes(), ::testing::Contains(HasSubstr("passed over")));
  EXPECT_THAT(names(fresh.take(slot, 9)), IsEmpty());
  EXPECT_THAT(fresh.notes(), IsEmpty());  // said once
  EXPECT_EQ(fresh.counts()->damaged, 1);
  const auto check = check_database(queue.path());
  ASSERT_OK(check.status());
  EXPECT_EQ(check->damages, 1);
}

TEST(Queue, OtherFilesAreNoQueues) {
  const Night night;
  { bring_in(night, *std::make_unique<Queue>(night.queue("A")), {"a"}); }
  ASSERT_OK(RecordWriter::create(queue_folder(night.database()) + "/B.queue", *builtin_format("regimage", 4), {}));
  EXPECT_EQ(Queue::open(night.database(), "B", {}).status().code(), Code::mismatch);
}

TEST(Slot, IsFreeWhenItsHolderGoes) {
  const Folder folder;
  Slots slots(folder / "workers");
  EXPECT_FALSE(slots.is_held(5));
  std::int64_t number = 0;
  {
    const auto one = SlotLock::take(folder / "workers", ""), two = SlotLock::take(folder / "workers", "");
    ASSERT_OK(one.status());
    number = one->number();
    EXPECT_NE(number, two->number());
    EXPECT_TRUE(slots.is_held(number));
    EXPECT_TRUE(slots.is_held(two->number()));
    EXPECT_FALSE(slots.is_held(number ^ 1));
  }
  EXPECT_FALSE(slots.is_held(number));
}

TEST(Queue, ListsHowOldTheOldestIs) {
  const double now = current_time();
  std::vector<QueueCounts> queues(6);
  const double ages[] = {0, 5.5, 119.5, 7100, 48 * 3600 - 50, 400 * 86400 + 50};
  for (std::size_t i = 0; i < queues.size(); ++i) {
    queues[i].name = "Q";
    queues[i].oldest = i == 0 ? 0 : now - ages[i];
  }
  for (const bool rates : {false, true}) {
    std::string last;
    std::istringstream lines(acquire::counts_text(queues, rates));
    for (std::string line; std::getline(lines, line);) last += line.substr(line.rfind(' ') + 1) + ' ';
    EXPECT_EQ(last, "age - 5s 119s 118m 47h 400d ");
  }
}

TEST(Plan, DefaultQueues) {
  const auto plans = plan_queues({{"REGISTRATION_DATABASE", "/x"}, {"TIMEOUT_IMSTAT", "5"}});
  ASSERT_OK(plans.status());
  ASSERT_EQ(plans->size(), 2u);
  EXPECT_EQ(plans->at(0).name, "IMSTAT");
  EXPECT_EQ(plans->at(0).rows, "all");
  EXPECT_TRUE(plans->at(0).is_built_in());
  EXPECT_EQ(plans->at(0).timeout, 5);
  EXPECT_EQ(plans->at(1).name, "PTOLEMY");
  EXPECT_EQ(plans->at(1).rows, "type = object");
  EXPECT_FALSE(plans->at(1).has_step());
}

TEST(Plan, ReadsAllKeys) {
  const auto plans = plan_queues({{"QUEUE_A", "ALL"},
                                  {"STEP_A", "/bin/x  'a b' \"it's\" {path}''"},
                                  {"TRIES_A", "7"},
                                  {"WAIT_A", "0.5"},
                                  {"NEXT_A", "B_2"},
                                  {"FAILED_A", "F"},
                                  {"QUEUE_B_2", "None"},
                                  {"QUEUE_F", "none"},
                                  {"JOBS_A", "2"}});
  ASSERT_OK(plans.status());
  ASSERT_EQ(plans->size(), 3u);
  const auto& a = plans->at(0);
  EXPECT_EQ(a.rows, "all");
  EXPECT_THAT(a.step, ElementsAre("/bin/x", "a b", "it's", "{path}"));
  EXPECT_EQ(a.tries, 7);
  EXPECT_EQ(a.wait, 0.5);
  EXPECT_EQ(a.next, "B_2");
  EXPECT_EQ(a.failed, "F");
  EXPECT_EQ(a.jobs, 2);
  EXPECT_EQ(plans->at(1).name, "B_2");
  EXPECT_EQ(plans->at(1).rows, "");
  for (const auto& [key, value] : std::vector<std::pair<std::string, std::string>>{{"TRIES_A", "0"},
                                                                                   {"TRIES_A", "x"},
                                                                                   {"TIMEOUT_A", "-1"},
                                                                                   {"TIMEOUT_A", "0"},
                                                                                   {"NEXT_A", "A"},
                                                                                   {"NEXT_A", "a b"},
                                                                                   {"NEXT_A", "B"},
                                                                                   {"FAILED_A", "B"},
                                                                                   {"STEP_A", "x a{paht}b"},
                                                                                   {"STEP_A", "x {path}{lines}"},
                                                                                   {"STEP_A", "'x"},
                                                                                   {"STEP_A", ""},
                                                                                   {"QUEUE_A B", "all"}}) {
    const auto bad = plan_queues({{key, value}});
    EXPECT_EQ(bad.status().code(), Code::invalid) << key << " " << value;
    EXPECT_THAT(bad.status().text(), HasSubstr(key)) << value;
  }
}

TEST(Plan, BracesOfOthers) {
  for (const char* const step :
       {"find {} +", "awk '{ print }'", "sh -c 'echo ${file}'", "x {0} {Path} {path", "x {a,b}", "x {{path}}"})
    ASSERT_OK(plan_queues({{"STEP_A", step}}).status());
}

TEST(Plan, NoneSwitchesADefaultQueueOff) {
  const auto plans = plan_queues({{"QUEUE_PTOLEMY", "none"}, {"QUEUE_LOST", "none"}, {"FAILED_IMSTAT", "LOST"}});
  ASSERT_OK(plans.status());
  ASSERT_EQ(plans->size(), 3u);
  EXPECT_EQ(plans->at(0).name + plans->at(1).name + plans->at(2).name, "IMSTATLOSTPTOLEMY");
  EXPECT_EQ(plans->at(0).rows, "all");
  EXPECT_TRUE(plans->at(0).is_built_in());
  EXPECT_EQ(plans->at(2).rows, "");
}

TEST(Plan, RowsOfAQueue) {
  Record row(static_cast<std::size_t>(regimage::kRecordSize));
  QueuePlan plan;
  plan.rows = "type = object";
  const auto rule = rows_for(plan, {});
  ASSERT_OK(rule.status());
  EXPECT_FALSE((*rule)(row.view()));
  row.set(regimage::kType, 1);
  EXPECT_TRUE((*rule)(row.view()));
  plan.rows = "typo = object";
  EXPECT_THAT(rows_for(plan, {}).status().text(), HasSubstr("QUEUE_"));
}

}  // namespace
}  // namespace imreg::testing
