package mesos_test

import (
	"context"
	"fmt"

	v1 "github.com/mesos/mesos-go/api/v1/lib"

	"dce/internal/diag"
	"dce/internal/mesos"
)

// An executor's loop posts events to itself; here the handler does the work.
// Run outlives the Shutdown, for the last updates, and ends with its context.
func ExampleSession() {
	run := func(ctx context.Context, environ []string) error {
		env, err := mesos.ParseEnvironment(environ)
		if err != nil {
			return err
		}
		session, err := mesos.NewSession(env, mesos.Options{})
		if err != nil {
			return err
		}
		ctx, leave := context.WithCancel(ctx)
		defer leave()
		return session.Run(ctx, func(e mesos.Event) {
			switch e := e.(type) {
			case mesos.Launch:
				for _, task := range e.Tasks {
					_ = session.Update(mesos.Update{TaskID: task.TaskID.Value, State: v1.TASK_STARTING})
				}
			case mesos.Kill:
				_ = session.Update(mesos.Update{TaskID: e.TaskID, State: v1.TASK_KILLED})
			case mesos.Shutdown:
				_ = session.Flush(ctx, env.ShutdownGrace/2)
				leave()
			case mesos.Lost: // Run returns its error
			}
		})
	}

	err := run(context.Background(), []string{"PATH=/bin"})
	problems, _ := diag.Of(err)
	fmt.Println(problems[0].Summary)
	fmt.Println(problems[0].Hint)
	fmt.Println(problems.Exit())
	// Output:
	// not started by a Mesos agent
	// run the pod on this machine with `dce up --local`
	// 4
}
