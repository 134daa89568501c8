// Tests of reaper.cpp. The program that it runs is this one, which tells a file
// named after the framework what it was started with.

#include "reaper.hpp"

#include <cassert>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <fstream>
#include <iostream>
#include <mutex>
#include <set>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

namespace {

int failures = 0;

void check(bool ok, const std::string& what)
{
  if (!ok) {
    failures++;
    std::cerr << "FAIL: " << what << std::endl;
  }
}

std::string read(const std::string& path)
{
  std::ifstream in(path);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

template <typename F>
bool eventually(F holds)
{
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  while (std::chrono::steady_clock::now() < until) {
    if (holds()) {
      return true;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return false;
}

bool there(const std::string& path)
{
  struct stat s;
  return stat(path.c_str(), &s) == 0;
}

bool childless()
{
  return waitpid(-1, nullptr, WNOHANG) < 0 && errno == ECHILD;
}

// What this program does when the reaper starts it: argv is
// reap --grace GRACE --executor-id EXECUTOR --framework-id FILE.
int started(int argc, char** argv)
{
  const std::string executor = argc > 5 ? argv[5] : "";
  const std::string file = argc > 7 ? argv[7] : "";
  std::ofstream out(file + ".new");
  for (int i = 1; i < argc; i++) {
    if (i != 7) {
      out << "arg " << argv[i] << "\n";
    }
  }
  DIR* fds = opendir("/proc/self/fd");
  int others = 0;
  while (dirent* e = readdir(fds)) {
    const int fd = atoi(e->d_name);
    struct stat s;
    if (fd > 2 && fd != dirfd(fds) && fstat(fd, &s) == 0 && S_ISFIFO(s.st_mode)) {
      others++;
    }
  }
  closedir(fds);
  sigset_t mask;
  sigprocmask(SIG_SETMASK, nullptr, &mask);
  int blocked = 0;
  for (int s = 1; s < 32; s++) {
    blocked += sigismember(&mask, s) == 1;
  }
  struct sigaction pipe;
  sigaction(SIGPIPE, nullptr, &pipe);
  out << "pid " << getpid() << "\ninherited " << others << "\nblocked " << blocked << "\npipe " << (pipe.sa_handler == SIG_DFL)
      << "\nleader " << (getsid(0) == getpid()) << "\nsecret " << (getenv("SECRET") != nullptr) << "\n";
  out.close();
  std::cout << "said" << std::endl;
  rename((file + ".new").c_str(), file.c_str());
  if (executor == "fails") {
    return 3;
  }
  if (executor == "hangs") {
    if (fork() == 0) {
      execlp("sleep", "sleep", "1000", nullptr);
    }
    signal(SIGTERM, SIG_IGN);
    for (;;) {
      pause();
    }
  }
  return 0;
}

struct Fixture
{
  std::string dir;
  dce::Options options;
  std::mutex mutex;
  std::vector<std::string> told;

  explicit Fixture(const char* self)
  {
    char name[] = "/tmp/dce-reaper-XXXXXX";
    dir = mkdtemp(name);
    options.program = self;
    options.log = dir + "/log";
  }

  ~Fixture()
  {
    const std::string command = "/bin/rm";
    if (fork() == 0) {
      execl(command.c_str(), "rm", "-rf", dir.c_str(), nullptr);
      _exit(1);
    }
    wait(nullptr);
  }

  dce::Reaper::Log log()
  {
    return [this](const std::string& text) {
      std::lock_guard<std::mutex> lock(mutex);
      told.push_back(text);
    };
  }

  bool heard(const std::string& text)
  {
    return eventually([&] {
      std::lock_guard<std::mutex> lock(mutex);
      for (const std::string& t : told) {
        if (t.find(text) != std::string::npos) {
          return true;
        }
      }
      return false;
    });
  }
};

void an_id_is_one_argument_whatever_is_in_it(const char* self)
{
  Fixture f(self);
  dce::Reaper reaper(f.options, f.log());
  const std::string evil = "--dry-run; $(touch " + f.dir + "/owned) `id` 'x\" \n";
  check(reaper.reap(f.dir + "/one", evil), "an id with shell characters is refused");
  check(eventually([&] { return there(f.dir + "/one"); }), "it was not started");
  const std::string got = read(f.dir + "/one");
  check(got.find("arg reap\narg --grace\narg 270s\narg --executor-id\narg " + evil + "\narg --framework-id\n") == 0, "arguments: " + got);
  check(!there(f.dir + "/owned"), "a shell has run");
  for (const char* line : {"inherited 0", "blocked 0", "pipe 1", "leader 1", "secret 0"}) {
    check(got.find(line) != std::string::npos, std::string(line) + " is not in: " + got);
  }
  check(eventually(childless), "a zombie is left");
}

void what_is_no_argument_is_refused(const char* self)
{
  Fixture f(self);
  dce::Reaper reaper(f.options, f.log());
  check(!reaper.reap("f", std::string("a\0b", 3)), "an id with NUL is taken");
  check(!reaper.reap(std::string("a\0b", 3), "e"), "a framework with NUL is taken");
  check(!reaper.reap("f", ""), "an empty id is taken");
}

void a_failure_is_told(const char* self)
{
  Fixture f(self);
  dce::Reaper reaper(f.options, f.log());
  reaper.reap(f.dir + "/one", "fails");
  check(f.heard("dce reap for executor fails ended with status 3"), "the status is not told");
}

void a_program_that_is_not_there_is_told(const char* self)
{
  Fixture f(self);
  f.options.program = f.dir + "/none";
  dce::Reaper reaper(f.options, f.log());
  reaper.reap("f", "e");
  check(f.heard("could not be started"), "it is not told");
}

void what_takes_too_long_is_killed_with_its_children(const char* self)
{
  Fixture f(self);
  f.options.timeout = std::chrono::milliseconds(500);
  dce::Reaper reaper(f.options, f.log());
  reaper.reap(f.dir + "/one", "hangs");
  check(f.heard("took too long and was killed"), "it goes on");
  check(eventually(childless), "a zombie is left");
}

// A program that is killed leaves the pod as it was, also the next time.
void a_pod_is_stopped_before_the_program_is_killed(const char*)
{
  using std::chrono::milliseconds;
  using std::chrono::seconds;
  check(dce::grace(seconds(300)) == seconds(270), "of five minutes");
  check(dce::grace(seconds(86400)) == seconds(86370), "of a day");
  check(dce::grace(seconds(60)) == seconds(30), "of a minute");
  check(dce::grace(seconds(40)) == seconds(20), "of less than a minute");
  check(dce::grace(seconds(1)) == seconds(0) && dce::grace(milliseconds(500)) == seconds(0), "of a second");
}

void whoever_asks_does_not_wait(const char* self)
{
  Fixture f(self);
  f.options.parallel = 2;
  f.options.waiting = 20;
  f.options.timeout = std::chrono::seconds(1000);
  dce::Reaper reaper(f.options, f.log());
  int taken = 0;
  for (int i = 0; i < 100; i++) { // each of them hangs, and all are asked for
    taken += reaper.reap(f.dir + "/" + std::to_string(i), "hangs");
  }
  check(taken >= 20 && taken <= 22, std::to_string(taken) + " were taken");
  check(eventually([&] { return there(f.dir + "/1"); }), "two do not run at once");
  check(!there(f.dir + "/2"), "a third runs");
  for (int i = 0; i < 2; i++) { // they would outlive this test
    const std::string file = f.dir + "/" + std::to_string(i);
    check(eventually([&] { return there(file); }), "it has not begun");
    const std::string text = read(file);
    const int pid = atoi(text.c_str() + text.find("pid ") + 4);
    check(pid > 1 && kill(-pid, SIGKILL) == 0, "it does not run");
  }
}

// A daemon may have closed its first descriptors, and gets them for what it opens.
void what_is_said_is_kept_also_without_descriptors(const char* self)
{
  Fixture f(self);
  for (int first = 0; first < 3; first++) {
    const std::string file = f.dir + "/" + std::to_string(first);
    f.options.log = file + ".log";
    const pid_t pid = fork();
    if (pid == 0) {
      for (int fd = first; fd < 3; fd++) {
        close(fd);
      }
      dce::Reaper reaper(f.options, f.log());
      reaper.reap(file, "e");
      _exit(eventually([&] { return there(file); }) && eventually(childless) ? 0 : 1);
    }
    int status = 0;
    waitpid(pid, &status, 0);
    check(status == 0, "it does not end well without descriptors from " + std::to_string(first));
    check(read(f.options.log) == "said\n", "it says '" + read(f.options.log) + "' without descriptors from " + std::to_string(first));
  }
}

void options_are_checked(const char*)
{
  dce::Options o;
  check(dce::set(&o, "program", "/opt/dce").empty() && o.program == "/opt/dce", "program");
  check(dce::set(&o, "timeout_seconds", "7").empty() && o.timeout == std::chrono::seconds(7), "timeout_seconds");
  check(dce::set(&o, "parallel", "2").empty() && o.parallel == 2, "parallel");
  check(dce::set(&o, "log", "/l").empty() && o.log == "/l", "log");
  for (const char* bad : {"", "dce", "x y"}) {
    check(!dce::set(&o, "program", bad).empty(), std::string("program ") + bad);
    check(!dce::set(&o, "timeout_seconds", bad).empty(), std::string("timeout_seconds ") + bad);
  }
  check(!dce::set(&o, "timeout_seconds", "0").empty() && !dce::set(&o, "parallel", "-1").empty(), "bounds");
  check(!dce::set(&o, "shell", "/bin/sh").empty(), "an unknown parameter");
}

} // namespace

int main(int argc, char** argv)
{
  if (argc > 1 && strcmp(argv[1], "reap") == 0) {
    return started(argc, argv);
  }
  char self[4096];
  const ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
  assert(n > 0);
  self[n] = '\0';
  setenv("SECRET", "1", 1);
  signal(SIGPIPE, SIG_IGN); // as libprocess does
  int held[2];              // a descriptor that nobody may inherit
  check(pipe(held) == 0, "pipe");

  for (auto test : {an_id_is_one_argument_whatever_is_in_it, what_is_no_argument_is_refused, a_failure_is_told,
                    a_program_that_is_not_there_is_told, what_takes_too_long_is_killed_with_its_children,
                    a_pod_is_stopped_before_the_program_is_killed,
                    what_is_said_is_kept_also_without_descriptors, options_are_checked, whoever_asks_does_not_wait}) {
    test(self);
  }
  if (failures == 0) {
    std::cout << "ok" << std::endl;
  }
  return failures == 0 ? 0 : 1;
}
