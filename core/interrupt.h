#pragma once
// Orderly ends: SIGINT, SIGTERM and SIGUSR1 ask a run to stop at the next batch boundary.

namespace physprobe {

/// Installs the handlers. A second SIGINT ends the process at once (exit 130); what is on disk
/// stays resumable. SIGPIPE is ignored, so that `| head` is quiet.
void install_interrupt_handlers();

/// The signal that asked for a stop, 0 if none.
int interrupt_signal();

/// 130 for SIGINT, 143 for SIGTERM and SIGUSR1.
int interrupt_exit_code(int signal_number);

/// Thrown where work in progress is given up because a signal asked for a stop; nothing of the item
/// is kept.
struct Interrupted {};

/// For tests: forget a signal received before.
void clear_interrupt();

}  // namespace physprobe
