// What must still be done when Ctrl-C or kill ends the program.
#pragma once

namespace imreg::cli {

/// `action` runs before SIGINT, SIGTERM or SIGHUP ends the program; it may call async-signal-safe functions only.
/// nullptr: no action any more. A signal that is ignored (nohup) stays so.
void on_interrupt(void (*action)());

/// For programs that run until they are told to end: from its first call on SIGINT, SIGTERM and SIGHUP only make it false.
/// Waits so many seconds; false at once also when nobody reads standard output any more.
bool wait_unless_ended(double seconds);

}  // namespace imreg::cli
