#include "reaper.hpp"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>

#include <fcntl.h>
#include <pthread.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace dce {

namespace {

// How often children are looked at while there are any. There is no other way
// that leaves SIGCHLD, and the children of the agent, to the agent.
const std::chrono::milliseconds GLANCE(50);

bool contains_nul(const std::string& s)
{
  return s.find('\0') != std::string::npos;
}

// Closes all descriptors from 3 on: an agent has sockets, and the leases of
// executors would be held by whoever inherits them.
void close_others(long limit)
{
#ifdef SYS_close_range
  if (syscall(SYS_close_range, 3U, ~0U, 0U) == 0) { // Linux 5.9
    return;
  }
#endif
  for (long fd = 3; fd < limit; fd++) {
    close(static_cast<int>(fd));
  }
}

// What a child does until it is another program. It has the memory of the agent,
// and calls the system only.
void become(const char* program, char* const argv[], char* const envp[], int out, long limit)
{
  setsid(); // its own process group, which a timeout kills as a whole
  struct sigaction usual;
  memset(&usual, 0, sizeof usual);
  usual.sa_handler = SIG_DFL;
  for (int s = 1; s < NSIG; s++) {
    sigaction(s, &usual, nullptr); // fails for KILL, STOP and libc's own
  }
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  int in = open("/dev/null", O_RDONLY);
  if (in < 0 || dup2(in, 0) < 0 || dup2(out, 1) < 0 || dup2(out, 2) < 0) {
    _exit(126);
  }
  close_others(limit);
  if (chdir("/") != 0) {
    _exit(126);
  }
  execve(program, argv, envp);
  _exit(127);
}

// vfork stops the thread that calls it until the program has begun. fork would
// copy the page tables of the agent, whose threads wait meanwhile for what they
// touch: 80 ms with 2 GB (measured, p99 of a call of the hook; with vfork 0.1).
// It is no part of start: what that keeps in registers would not survive.
pid_t begin(const char* program, char* const argv[], char* const envp[], int out, long limit)
{
  const pid_t pid = vfork();
  if (pid == 0) {
    become(program, argv, envp, out, limit);
  }
  return pid;
}

std::string described(const std::string& what, int status)
{
  if (WIFSIGNALED(status)) {
    return what + " was ended by signal " + std::to_string(WTERMSIG(status));
  }
  if (WEXITSTATUS(status) == 127) {
    return what + " could not be started";
  }
  return what + " ended with status " + std::to_string(WEXITSTATUS(status));
}

bool number(const std::string& text, long least, long most, long* value)
{
  char* end = nullptr;
  errno = 0;
  *value = strtol(text.c_str(), &end, 10);
  return errno == 0 && !text.empty() && *end == '\0' && *value >= least && *value <= most;
}

} // namespace

std::string set(Options* options, const std::string& key, const std::string& value)
{
  long n = 0;
  if (key == "program" || key == "log") {
    if (value.empty() || value[0] != '/' || contains_nul(value)) {
      return key + " must be an absolute path";
    }
    (key == "program" ? options->program : options->log) = value;
    return "";
  }
  if (key == "timeout_seconds") {
    if (!number(value, 1, 24 * 60 * 60, &n)) {
      return key + " must be a number from 1 to 86400";
    }
    options->timeout = std::chrono::seconds(n);
    return "";
  }
  if (key == "parallel") {
    if (!number(value, 1, 100, &n)) {
      return key + " must be a number from 1 to 100";
    }
    options->parallel = static_cast<size_t>(n);
    return "";
  }
  return "there is no parameter " + key + "; they are program, log, timeout_seconds and parallel";
}

std::chrono::seconds grace(std::chrono::milliseconds timeout)
{
  const std::chrono::milliseconds removal = std::min<std::chrono::milliseconds>(std::chrono::seconds(30), timeout / 2);
  return std::chrono::duration_cast<std::chrono::seconds>(timeout - removal);
}

Reaper::Reaper(const Options& options_, const Log& log_)
  : options(options_), log(log_)
{
  // The thread must not get the agent's signals: it inherits this mask.
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  thread = std::thread(&Reaper::work, this);
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

Reaper::~Reaper()
{
  {
    std::lock_guard<std::mutex> lock(mutex);
    ending = true;
  }
  news.notify_one();
  thread.join();
}

bool Reaper::reap(const std::string& framework, const std::string& executor)
{
  if (executor.empty() || contains_nul(executor) || contains_nul(framework)) {
    return false;
  }
  {
    std::lock_guard<std::mutex> lock(mutex);
    if (jobs.size() >= options.waiting) {
      return false;
    }
    jobs.push_back(Job{framework, executor});
  }
  news.notify_one();
  return true;
}

void Reaper::work()
{
  for (;;) {
    Job job;
    bool have = false;
    {
      std::unique_lock<std::mutex> lock(mutex);
      const bool full = children.size() >= options.parallel;
      if (children.empty()) {
        news.wait(lock, [this] { return ending || !jobs.empty(); });
      } else if (full || jobs.empty()) {
        news.wait_for(lock, GLANCE, [&] { return ending || (!full && !jobs.empty()); });
      }
      if (ending) {
        return;
      }
      if (!full && !jobs.empty()) {
        job = jobs.front();
        jobs.pop_front();
        have = true;
      }
    }
    if (have) {
      start(job);
    }
    look();
  }
}

void Reaper::start(const Job& job)
{
  // Each id is an argument of its own: nothing takes it for more than a value.
  std::vector<std::string> words = {
    options.program, "reap", "--grace", std::to_string(grace(options.timeout).count()) + "s", "--executor-id", job.executor};
  if (!job.framework.empty()) {
    words.push_back("--framework-id");
    words.push_back(job.framework);
  }
  std::vector<char*> argv;
  for (std::string& word : words) {
    argv.push_back(&word[0]);
  }
  argv.push_back(nullptr);

  // The agent's environment is not the program's: what it needs of the machine
  // stands in /etc/dce/dce.yaml.
  char path[] = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
  char home[] = "HOME=/";
  char* envp[] = {path, home, nullptr};

  const char* sink = options.log.empty() ? "/dev/null" : options.log.c_str();
  int out = open(sink, O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0640);
  if (out >= 0 && out < 3) { // of an agent that has closed its own
    const int low = out;
    out = fcntl(low, F_DUPFD_CLOEXEC, 3);
    close(low);
  }
  if (out < 0) {
    log("opening " + std::string(sink) + ": " + strerror(errno));
    return;
  }
  struct rlimit files;
  const long limit = getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur != RLIM_INFINITY
    ? static_cast<long>(files.rlim_cur) : 65536;

  const pid_t pid = begin(options.program.c_str(), argv.data(), envp, out, limit);
  const int failure = errno;
  close(out);
  if (pid < 0) {
    log("starting dce reap for executor " + job.executor + ": " + strerror(failure));
    return;
  }
  children.push_back(Child{pid, job, std::chrono::steady_clock::now() + options.timeout, false});
}

// Reaps what has ended and kills what takes too long.
void Reaper::look()
{
  const auto now = std::chrono::steady_clock::now();
  for (size_t i = 0; i < children.size();) {
    Child& child = children[i];
    int status = 0;
    const pid_t ended = waitpid(child.pid, &status, WNOHANG);
    if (ended == 0 || (ended < 0 && errno == EINTR)) {
      if (!child.killed && now >= child.until) {
        child.killed = true;
        kill(-child.pid, SIGKILL); // the group, which setsid has made
        kill(child.pid, SIGKILL);  // or the process, before it has
      }
      i++;
      continue;
    }
    const std::string what = "dce reap for executor " + child.job.executor;
    if (ended > 0 && child.killed) {
      log(what + " took too long and was killed");
    } else if (ended > 0 && status != 0) {
      log(described(what, status));
    }
    children.erase(children.begin() + static_cast<std::ptrdiff_t>(i));
  }
}

} // namespace dce
