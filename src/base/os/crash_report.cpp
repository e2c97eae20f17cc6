// SPDX-License-Identifier: Apache-2.0
#include "cogway/base/os/crash_report.hpp"

#include <signal.h>
#include <sys/prctl.h>
#include <ucontext.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <mutex>

#include "code_location.hpp"
#include "cogway/base/os/process.hpp"

namespace cogway::os {
namespace detail {
[[gnu::tls_model("initial-exec")]] constinit thread_local const CrashNote* crash_note = nullptr;
}  // namespace detail

namespace {

struct Fatal {
  int number;
  const char* name;
  struct sigaction before;  ///< written before its handler is installed, read by it
};
constinit Fatal fatal[] = {{SIGSEGV, "SIGSEGV", {}},
                           {SIGBUS, "SIGBUS", {}},
                           {SIGFPE, "SIGFPE", {}},
                           {SIGILL, "SIGILL", {}},
                           {SIGABRT, "SIGABRT", {}}};

/// This thread has made its report: whatever comes now, comes out of a circle of handlers.
[[gnu::tls_model("initial-exec")]] constinit thread_local bool reported = false;

/// A text put together without a heap; what does not fit is left out. One write a report, so that
/// those of two threads do not mix.
class Report {
 public:
  Report& operator<<(const char* text) noexcept {
    for (; *text != '\0' && size_ < sizeof(text_); ++text) text_[size_++] = *text;
    return *this;
  }
  Report& decimal(std::int32_t value) noexcept {
    return digits(value < 0 ? 0 : static_cast<std::uintptr_t>(value), 10);
  }
  Report& hex(std::uintptr_t value) noexcept { return (*this << "0x").digits(value, 16); }

  void write_out() const noexcept {
    std::size_t done = 0;
    while (done < size_) {
      const ssize_t wrote = ::write(STDERR_FILENO, text_ + done, size_ - done);
      if (wrote < 0 && errno == EINTR) continue;
      if (wrote <= 0) return;
      done += static_cast<std::size_t>(wrote);
    }
  }

 private:
  Report& digits(std::uintptr_t value, std::uintptr_t base) noexcept {
    char reversed[24];
    std::size_t n = 0;
    do {
      reversed[n++] = "0123456789abcdef"[value % base];
      value /= base;
    } while (value != 0);
    while (n != 0 && size_ < sizeof(text_)) text_[size_++] = reversed[--n];
    return *this;
  }

  std::size_t size_ = 0;
  char text_[2048];
};

struct Registers {
  std::uintptr_t code = 0;
  std::uintptr_t stack = 0;
};

Registers registers_of(const void* context) noexcept {
  const auto& machine = static_cast<const ucontext_t*>(context)->uc_mcontext;
#if defined(__x86_64__)
  return {static_cast<std::uintptr_t>(machine.gregs[REG_RIP]),
          static_cast<std::uintptr_t>(machine.gregs[REG_RSP])};
#elif defined(__aarch64__)
  return {machine.pc, machine.sp};
#else
  (void)machine;
  return {};
#endif
}

/// A push or a call beyond the end of the stack faults near the stack pointer.
bool is_stack_overflow(std::uintptr_t address, std::uintptr_t stack) noexcept {
  constexpr std::uintptr_t kNear = 64 << 10;
  return stack != 0 && address + kNear >= stack && address < stack + kNear;
}

void say_why(Report& report, const siginfo_t& info, const Registers& registers) noexcept {
  const auto address = reinterpret_cast<std::uintptr_t>(info.si_addr);
  if (info.si_code <= 0) {
    if (info.si_signo == SIGABRT && info.si_pid == process_id()) {
      report << ": abort() was called, perhaps for an exception that nobody caught";
    } else {
      (report << ": sent by process ").decimal(info.si_pid);
    }
    return;
  }
  switch (info.si_signo) {
    case SIGSEGV:
      (report << ": address ").hex(address);
      if (is_stack_overflow(address, registers.stack)) {
        report << ", beyond the end of the stack";
      } else {
        report << (info.si_code == SEGV_MAPERR ? " is not mapped" : " may not be accessed so");
      }
      break;
    case SIGBUS:
      (report << ": address ").hex(address)
          << (info.si_code == BUS_ADRERR ? " has no memory behind it (a file that shrank?)" : "");
      break;
    case SIGFPE:
      if (info.si_code == FPE_INTDIV) report << ": integer division by zero, or without a result";
      break;
    case SIGILL:
      report << ": an instruction that this processor does not have, or a trap";
      break;
    default:
      break;
  }
}

void write_report(const Fatal& signal, const CrashNote& note, const siginfo_t& info,
                  const void* context) noexcept {
  char thread[16] = {};
  ::prctl(PR_GET_NAME, thread);
  const Registers registers = registers_of(context);
  Report report;
  report << "\ncogway: " << signal.name;
  if (note.kind != nullptr && note.name != nullptr) {
    report << " in " << note.kind << " '" << note.name << "'";
  }
  report << " on thread " << thread;
  if (note.engine != nullptr) report << " of engine '" << note.engine << "'";
  (report << " (process ").decimal(process_id()) << ")";
  say_why(report, info, registers);
  report << "\n";
  if (info.si_code > 0 && registers.code != 0) {
    CodeLocation location;
    if (locate_code(registers.code, &location)) {
      (report << "cogway: at ").hex(location.address)
          << " of " << location.path << "; its line: addr2line -Cfie " << location.path << " ";
      report.hex(location.address) << "\n";
    } else {
      (report << "cogway: at ").hex(registers.code) << ", which is in no file\n";
    }
  }
  report.write_out();
}

void on_fatal(int number, siginfo_t* info, void* context) {
  const int kept = errno;
  Fatal* signal = fatal;
  while (signal->number != number) ++signal;
  struct sigaction next = signal->before;
  if (reported) {
    next = {};
    next.sa_handler = SIG_DFL;
  } else if (detail::crash_note != nullptr) {
    reported = true;
    write_report(*signal, *detail::crash_note, *info, context);
  }
  ::sigaction(number, &next, nullptr);
  // A fault happens again when the instruction is run again; what was sent must be sent again, and
  // arrives when this handler has returned.
  if (info->si_code <= 0) ::raise(number);
  errno = kept;
}

}  // namespace

void install_crash_report() noexcept {
  static std::once_flag once;
  std::call_once(once, [] {
    struct sigaction ours = {};
    ours.sa_sigaction = on_fatal;
    ours.sa_flags = SA_SIGINFO | SA_ONSTACK;
    ::sigemptyset(&ours.sa_mask);
    for (Fatal& signal : fatal) {
      if (::sigaction(signal.number, nullptr, &signal.before) != 0) continue;
      ::sigaction(signal.number, &ours, nullptr);
    }
  });
}

}  // namespace cogway::os
