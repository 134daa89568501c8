package supervisor

import (
	"context"
	"errors"
	"slices"
	"testing"
)

type fakeCgroup struct {
	calls *[]string
	err   error
}

func (c fakeCgroup) Create(context.Context) error {
	*c.calls = append(*c.calls, "create")
	return c.err
}

func (c fakeCgroup) Remove(context.Context) error {
	*c.calls = append(*c.calls, "remove")
	return c.err
}

func TestACgroupIsMadeFirstAndRemovedLast(t *testing.T) {
	var calls []string
	note := func(name string, err error) func(context.Context) error {
		return func(context.Context) error { calls = append(calls, name); return err }
	}
	e := InCgroup(&fake{t: t, prepare: note("prepare the pod", nil), remove: note("remove the pod", nil)}, fakeCgroup{&calls, nil})
	if err := errors.Join(e.Prepare(t.Context()), e.Remove(t.Context())); err != nil {
		t.Fatal(err)
	}
	if want := []string{"create", "prepare the pod", "remove the pod", "remove"}; !slices.Equal(calls, want) {
		t.Errorf("got %q, want %q", calls, want)
	}
}

func TestAPodWithoutItsCgroupIsNotPrepared(t *testing.T) {
	var calls []string
	e := InCgroup(&fake{t: t}, fakeCgroup{&calls, errFake})
	if err := e.Prepare(t.Context()); !errors.Is(err, errFake) {
		t.Errorf("got %v", err)
	}
}

func TestACgroupStaysAsLongAsSomethingOfThePodDoes(t *testing.T) {
	var calls []string
	e := InCgroup(&fake{t: t, remove: func(context.Context) error { return errFake }}, fakeCgroup{&calls, nil})
	if err := e.Remove(t.Context()); !errors.Is(err, errFake) || len(calls) > 0 {
		t.Errorf("got %v and %q", err, calls)
	}
}
