// Work that nobody waits for.
#pragma once

#include <functional>

namespace imreg::cli {

/// Runs `work` in a process of its own, at low priority and away from the terminal, and returns at once. Called as the last
/// thing of a program, with no lock held. When there can be no process the work is not done.
void in_background(const std::function<void()>& work);

}  // namespace imreg::cli
