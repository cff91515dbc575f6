// Queues and lines as text for people and as JSON.
#pragma once

#include <string>
#include <vector>

#include "imreg/elixir.h"
#include "imreg/queue.h"

namespace imreg::acquire {

/// A table; `rates`: of how fast lines go through instead of where they are.
std::string counts_text(const std::vector<QueueCounts>& queues, bool rates);
/// An object on a line for each.
std::string counts_json(const std::vector<QueueCounts>& queues);

/// "12 waiting /data/f.fits f/f03 3 MEF", with what else is known of it.
std::string line_text(const QueueLine& line);
std::string line_json(const std::string& queue, const QueueLine& line);

std::string processes_text(const std::vector<ElixirProcess>& processes);
std::string processes_json(const std::vector<ElixirProcess>& processes);

}  // namespace imreg::acquire
