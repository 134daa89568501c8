// Package scheduler is the deciding half of the stand-in for Marathon: apps, groups, deployments, instances, backoff.
//
// It is called by internal/devcluster/marathon, which holds the one Scheduler of a cluster behind a lock: requests,
// task updates, results of health checks and the passing of time go in as method calls that are given the time, and
// Effects come out: what to launch, what to kill, what to tell the listeners. It reads no clock, starts nothing, knows
// nothing of HTTP or Mesos, and draws ids and ports only from the functions it was given, so that a test sees the same
// cluster every time.
//
// What it does is what Marathon 1.10 does (mesosphere/marathon at 90619da7); files and classes of Marathon are named
// where a rule comes from. What it leaves out: pods, persistent and external volumes, secrets, roles but "*",
// containers, more than one agent. Fewer tasks are ended at once, since all of them are on one engine.
//
//	            launch              update             update
//	scheduled ----------> staging ----------> starting ----------> running
//	    ^                    |                    |                    |
//	    |   failed, killed   |                    |                    |
//	    +--------------------+--------------------+--------------------+--> gone, when it is not wanted any more
package scheduler
