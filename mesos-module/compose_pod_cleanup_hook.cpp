// ComposePodCleanupHook: when an agent removes an executor, whatever became of
// it, `dce reap` removes what its pods have left. This file is all that knows of
// Mesos; the interface that it uses is the same from 1.0 on.

#include <string>

#include <glog/logging.h>

#include <mesos/hook.hpp>
#include <mesos/mesos.hpp>
#include <mesos/module.hpp>
#include <mesos/version.hpp>

#include <mesos/module/hook.hpp>

#include <stout/nothing.hpp>
#include <stout/try.hpp>

#include "reaper.hpp"

namespace {

class ComposePodCleanupHook : public mesos::Hook
{
public:
  explicit ComposePodCleanupHook(const dce::Options& options)
    : reaper(options, [](const std::string& text) {
        LOG(WARNING) << "ComposePodCleanupHook: " << text;
      }) {}

  // The agent calls it from its main actor: it must return at once, and an
  // error would only be logged.
  Try<Nothing> slaveRemoveExecutorHook(
      const mesos::FrameworkInfo& framework,
      const mesos::ExecutorInfo& executor) override
  {
    if (!reaper.reap(framework.id().value(), executor.executor_id().value())) {
      LOG(WARNING) << "ComposePodCleanupHook: executor " << executor.executor_id().value() << " is left to the next sweep";
    }
    return Nothing();
  }

private:
  dce::Reaper reaper;
};

mesos::Hook* create(const mesos::Parameters& parameters)
{
  dce::Options options;
  for (int i = 0; i < parameters.parameter_size(); i++) {
    const mesos::Parameter& p = parameters.parameter(i);
    const std::string problem = dce::set(&options, p.key(), p.value());
    if (!problem.empty()) {
      LOG(ERROR) << "ComposePodCleanupHook: " << problem;
      return nullptr;
    }
  }
  return new ComposePodCleanupHook(options);
}

} // namespace

// The name in modules.json, and in the agent's --hooks.
mesos::modules::Module<mesos::Hook> ComposePodCleanupHook(
    MESOS_MODULE_API_VERSION,
    MESOS_VERSION,
    "dce",
    "",
    "Removes what the pods of a removed executor have left",
    nullptr,
    create);
