// SPDX-License-Identifier: Apache-2.0
// Each test crashes a child and reads what it wrote to standard error.
#include "cogway/base/os/crash_report.hpp"

#include <doctest/doctest.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <string>
#include <string_view>
#include <thread>

#include "cogway/base/os/signal_stack.hpp"
#include "cogway/base/os/thread.hpp"

using namespace cogway::os;

namespace {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kSanitized = true;  // its own handlers decide how the process ends
#else
constexpr bool kSanitized = false;
#endif

struct Ended {
  int status = 0;
  std::string text;
  [[nodiscard]] bool by(int number) const {
    return kSanitized || (WIFSIGNALED(status) && WTERMSIG(status) == number);
  }
  [[nodiscard]] bool says(const char* what) const { return text.find(what) != std::string::npos; }
};

Ended crash(const std::function<void()>& body) {
  int ends[2];
  REQUIRE(::pipe(ends) == 0);
  const pid_t child = ::fork();
  if (child == 0) {
    const rlimit none{0, 0};
    ::setrlimit(RLIMIT_CORE, &none);
    ::dup2(ends[1], STDERR_FILENO);
    ::close(ends[0]);
    ::close(ends[1]);
    // doctest's own handlers are not what is tested.
    for (const int number : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT}) ::signal(number, SIG_DFL);
    body();
    ::_exit(0);
  }
  ::close(ends[1]);
  Ended ended;
  char piece[512];
  for (ssize_t got = 0; (got = ::read(ends[0], piece, sizeof(piece))) > 0;) {
    ended.text.append(piece, static_cast<std::size_t>(got));
  }
  ::close(ends[0]);
  REQUIRE(::waitpid(child, &ended.status, 0) == child);
  return ended;
}

/// Not to be seen through by the compiler, which knows what faults.
volatile std::uintptr_t nowhere = 16;
volatile int zero = 0;

// Called as kernels are: through a pointer that the compiler knows nothing of.
void (*volatile write_nowhere)() = [] { *reinterpret_cast<volatile int*>(nowhere) = 1; };

int overflow(int depth) {
  volatile char room[4096];
  room[0] = static_cast<char>(depth);
  return depth == zero - 1 ? 0 : overflow(depth + 1) + room[0];
}

int (*volatile overflow_stack)(int) = overflow;

const CrashNote kNote{"kernel", "test.crash", "tests"};

}  // namespace

TEST_CASE("the report names kernel, thread, engine, address and file") {
  const Ended ended = crash([] {
    install_crash_report();
    std::thread([] {
      set_this_thread_name("cw-native-7");
      const CrashScope scope(kNote);
      write_nowhere();
    }).join();
  });
  CHECK(ended.by(SIGSEGV));
  CHECK(ended.says(
      "cogway: SIGSEGV in kernel 'test.crash' on thread cw-native-7 of engine 'tests' (process "));
  CHECK(ended.says(": address 0x10 is not mapped\n"));
  CHECK(ended.says("crash_report_test; its line: addr2line -Cfie /"));
}

TEST_CASE("a thread that left no note is not reported") {
  const Ended ended = crash([] {
    install_crash_report();
    {
      const CrashScope scope(kNote);
    }
    write_nowhere();
  });
  CHECK(ended.by(SIGSEGV));
  CHECK_FALSE(ended.says("cogway:"));
}

TEST_CASE("notes nest, and the innermost is reported") {
  const Ended ended = crash([] {
    install_crash_report();
    const CrashScope outer({"task", "pipeline", "tests"});
    {
      const CrashScope inner(kNote);
      CHECK(std::string(crash_note().name) == "test.crash");
    }
    write_nowhere();
  });
  CHECK(ended.says("in task 'pipeline' on thread"));
}

TEST_CASE("a worker between two pieces of work is named as that") {
  const Ended ended = crash([] {
    install_crash_report();
    const CrashScope scope({.engine = "tests"});
    write_nowhere();
  });
  CHECK(ended.says("cogway: SIGSEGV on thread "));
  CHECK(ended.says("of engine 'tests'"));
}

TEST_CASE("every fatal signal is reported as what it is") {
  const auto in_kernel = [](void (*body)()) {
    return crash([body] {
      install_crash_report();
      const CrashScope scope(kNote);
      void (*volatile opaque)() = body;
      opaque();
    });
  };
  const Ended aborted = in_kernel([] { std::abort(); });
  CHECK(aborted.by(SIGABRT));
  CHECK(aborted.says("SIGABRT in kernel 'test.crash'"));
  CHECK(aborted.says("abort() was called"));

  const Ended trapped = in_kernel([] { __builtin_trap(); });
  CHECK(trapped.by(SIGILL));
  CHECK(trapped.says("SIGILL in kernel 'test.crash'"));

#if defined(__x86_64__)  // elsewhere the quotient is 0
  const Ended divided = in_kernel([] { zero = 1000 / zero; });
  CHECK(divided.by(SIGFPE));
  CHECK((kSanitized || divided.says("integer division by zero")));  // found before it is done
#endif

  const Ended sent = in_kernel([] { ::kill(::getpid(), SIGBUS); });
  CHECK(sent.by(SIGBUS));
  CHECK(sent.says(": sent by process "));

  const Ended shrunk = in_kernel([] {
    std::FILE* file = std::tmpfile();
    void* const memory = ::mmap(nullptr, 4096, PROT_READ, MAP_SHARED, ::fileno(file), 0);
    zero = *static_cast<volatile int*>(memory);
  });
  CHECK(shrunk.by(SIGBUS));
  CHECK(shrunk.says("has no memory behind it"));
}

TEST_CASE("a jump into nothing is reported without a file") {
  const Ended ended = crash([] {
    install_crash_report();
    const CrashScope scope(kNote);
    reinterpret_cast<void (*)()>(nowhere)();
  });
  CHECK(ended.by(SIGSEGV));
  CHECK(ended.says("cogway: at 0x10, which is in no file"));
}

TEST_CASE("a full stack is reported where the thread has a signal stack") {
  const Ended ended = crash([] {
    install_crash_report();
    std::thread([] {
      const SignalStack stack;
      const CrashScope scope(kNote);
      (void)overflow_stack(0);
    }).join();
  });
  CHECK(ended.by(SIGSEGV));
  CHECK(ended.says("SIGSEGV in kernel 'test.crash'"));
  CHECK(ended.says("beyond the end of the stack"));
}

TEST_CASE("the handler that was there before has its turn, with the fault itself") {
  const Ended ended = crash([] {
    struct sigaction before = {};
    before.sa_flags = SA_SIGINFO;
    before.sa_sigaction = [](int, siginfo_t* info, void*) {
      // write() alone: the rest of the library is not for handlers, as the sanitizers know
      constexpr std::string_view kSaid = "before: 0x10";
      if (reinterpret_cast<std::uintptr_t>(info->si_addr) == 0x10) {
        (void)!::write(STDERR_FILENO, kSaid.data(), kSaid.size());
      }
      ::_exit(7);
    };
    ::sigaction(SIGSEGV, &before, nullptr);
    install_crash_report();
    const CrashScope scope(kNote);
    write_nowhere();
  });
  CHECK(WEXITSTATUS(ended.status) == 7);
  CHECK(ended.says("in kernel 'test.crash'"));
  CHECK(ended.says("before: 0x10"));
}

TEST_CASE("a circle of handlers ends") {
  const Ended ended = crash([] {
    install_crash_report();
    static struct sigaction ours;
    struct sigaction later = {};
    later.sa_handler = [](int) {
      // As handlers do that put back the one before them; and as none may: again and again.
      struct sigaction mine;
      ::sigaction(SIGSEGV, &ours, &mine);
    };
    ::sigaction(SIGSEGV, &later, &ours);
    const CrashScope scope(kNote);
    install_crash_report();  // changes nothing
    write_nowhere();
  });
  CHECK(ended.by(SIGSEGV));
  CHECK(ended.says("in kernel 'test.crash'"));
}
