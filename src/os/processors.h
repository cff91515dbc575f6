// How many threads are worth while, and work by some of them.
#pragma once

#include <functional>

namespace imreg {

/// `jobs`, or the processors that this process may use when it is 0.
int threads_of(int jobs);

/// Calls work(0), work(1) ... `threads` times at once, work(0) by the thread that asks; returns when all have ended. Where the system
/// gives no more threads there are fewer calls, so each must take what is next until nothing is left. What one throws is thrown
/// here, when the others have ended, too.
void at_once(int threads, const std::function<void(int worker)>& work);

}  // namespace imreg
