// What must still be done when Ctrl-C or kill ends the program.
#pragma once

namespace imreg::cli {

/// `action` runs before SIGINT, SIGTERM or SIGHUP ends the program; it may call async-signal-safe functions only.
/// nullptr: no action any more. A signal that is ignored (nohup) stays so.
void on_interrupt(void (*action)());

}  // namespace imreg::cli
