package agent_test

import (
	"context"
	"fmt"
	"os"

	mesos "github.com/mesos/mesos-go/api/v1/lib"

	"dce/internal/devcluster/agent"
)

func Example() {
	ctx := context.Background()
	work, err := os.MkdirTemp("", "agent")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(work)
	a, err := agent.Start(ctx, agent.Options{WorkDir: work})
	if err != nil {
		panic(err)
	}
	events := a.Watch(ctx)

	framework := mesos.FrameworkInfo{ID: &mesos.FrameworkID{Value: "example"}, User: "root"}
	executor := mesos.ExecutorInfo{
		ExecutorID: mesos.ExecutorID{Value: "executor"},
		Command:    &mesos.CommandInfo{Value: new("echo an executor that subscribes to nothing; exit 3")},
	}
	task := mesos.TaskInfo{Name: "task", TaskID: mesos.TaskID{Value: "task-1"}}
	if err := a.Launch(ctx, framework, executor, task); err != nil {
		panic(err)
	}

	fmt.Println((<-events).Failure.Status)
	fmt.Println((<-events).Status.GetMessage())
	if err := a.Stop(ctx); err != nil {
		panic(err)
	}
	// Output:
	// 768
	// Executor terminated
}
