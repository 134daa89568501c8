package cli

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"time"

	"github.com/spf13/pflag"
)

// maxCores is more than any machine has. What is far above it would not fit into a
// cgroup's quota, which is counted in microseconds.
const maxCores = 1 << 20

var (
	errDuration = errors.New("write a number with a unit, not below zero: 500ms, 30s, 1m30s, 2h")
	errCores    = errors.New("write a number of cores, not below zero: 2, or 0.5 for half of one")
	errCount    = errors.New("write a whole number, not below zero")
	errID       = errors.New("write an id; without the flag all are meant")
)

// duration is a flag of time, which is never below zero.
type duration time.Duration

func durationVar(fs *pflag.FlagSet, to *time.Duration, name string, value time.Duration, usage string) {
	*to = value
	fs.Var((*duration)(to), name, usage)
}

// String is the duration as Go writes it.
func (d *duration) String() string { return time.Duration(*d).String() }

// Type names the flag's kind.
func (*duration) Type() string { return "duration" }

// Set takes a duration of zero or more.
func (d *duration) Set(text string) error {
	v, err := time.ParseDuration(text)
	if err != nil || v < 0 {
		return errDuration
	}
	*d = duration(v)
	return nil
}

// cores is a flag of processors: a number that a machine may have.
type cores float64

func coresVar(fs *pflag.FlagSet, to *float64, name, usage string) { fs.Var((*cores)(to), name, usage) }

// String is the number as short as it can be.
func (c *cores) String() string { return strconv.FormatFloat(float64(*c), 'g', -1, 64) }

// Type names the flag's kind.
func (*cores) Type() string { return "float64" }

// Set takes a number of zero or more.
func (c *cores) Set(text string) error {
	v, err := strconv.ParseFloat(text, 64)
	if err != nil || math.IsNaN(v) || v < 0 || v > maxCores {
		return errCores
	}
	*c = cores(v)
	return nil
}

// amount is a flag of how many. Its default may be below zero, for none given.
type amount int

func amountVar(fs *pflag.FlagSet, to *int, name, short string, value int, usage string) {
	*to = value
	fs.VarP((*amount)(to), name, short, usage)
}

// String is the number.
func (c *amount) String() string { return fmt.Sprint(int(*c)) }

// Type names the flag's kind.
func (*amount) Type() string { return "int" }

// Set takes a number of zero or more.
func (c *amount) Set(text string) error {
	v, err := strconv.Atoi(text)
	if err != nil || v < 0 {
		return errCount
	}
	*c = amount(v)
	return nil
}

// idText is a flag of an id. An empty one, of a script whose variable is not set,
// would mean everything.
type idText string

func idVar(fs *pflag.FlagSet, to *string, name, usage string) { fs.Var((*idText)(to), name, usage) }

// String is the id.
func (i *idText) String() string { return string(*i) }

// Type names the flag's kind.
func (*idText) Type() string { return "string" }

// Set takes an id that says something.
func (i *idText) Set(text string) error {
	if text == "" {
		return errID
	}
	*i = idText(text)
	return nil
}
