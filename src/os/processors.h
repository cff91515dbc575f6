// How many threads are worth while.
#pragma once

namespace imreg {

/// `jobs`, or the processors that this process may use when it is 0.
int threads_of(int jobs);

}  // namespace imreg
