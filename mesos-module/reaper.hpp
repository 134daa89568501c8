// Runs `dce reap` for executors that an agent has removed. Nothing here knows
// of Mesos, so that it is compiled and tested without its headers.

#ifndef DCE_REAPER_HPP
#define DCE_REAPER_HPP

#include <sys/types.h>

#include <condition_variable>
#include <cstddef>
#include <chrono>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace dce {

struct Options
{
  // The program, absolute. Its arguments are its own, never a shell's.
  std::string program = "/usr/local/bin/dce";

  // A file that takes what the program says; empty is /dev/null.
  std::string log;

  // How long one run may take before it and all of its children are killed.
  std::chrono::milliseconds timeout = std::chrono::minutes(5);

  // How many may run at once, and how many may wait: more are dropped, since
  // the next sweep of an executor, or of `dce reap --watch`, finds their pods.
  size_t parallel = 4;
  size_t waiting = 10000;
};

// Sets one option by the name that it has in modules.json. Says what is wrong,
// or nothing.
std::string set(Options* options, const std::string& key, const std::string& value);

// How long one run may let a pod stop: half a minute less than the run may take,
// in which the pod is killed and removed, or half of that where it is short.
std::chrono::seconds grace(std::chrono::milliseconds timeout);

// Starts programs from a thread of its own: whoever asks never waits, not even
// for a fork, and no zombie is left.
class Reaper
{
public:
  using Log = std::function<void(const std::string&)>;

  // `log` is called from the thread, for what went wrong.
  Reaper(const Options& options, const Log& log);

  // Ends the thread. What runs goes on without it.
  ~Reaper();

  Reaper(const Reaper&) = delete;
  Reaper& operator=(const Reaper&) = delete;

  // Asks for the pods of an executor to be removed. False when its ids cannot
  // be arguments of a program, or when too many wait.
  bool reap(const std::string& framework, const std::string& executor);

private:
  struct Job
  {
    std::string framework;
    std::string executor;
  };

  struct Child
  {
    pid_t pid;
    Job job;
    std::chrono::steady_clock::time_point until;
    bool killed;
  };

  void work();
  void start(const Job& job);
  void look();

  const Options options;
  const Log log;

  std::mutex mutex;
  std::condition_variable news;
  std::deque<Job> jobs;
  bool ending = false;

  std::vector<Child> children; // the thread's own
  std::thread thread;
};

} // namespace dce

#endif // DCE_REAPER_HPP
