package podlog

import "time"

// stampLayout is the engine's own for `docker logs --timestamps`, and of one
// width: it sorts as text.
const stampLayout = "2006-01-02T15:04:05.000000000Z "

// Stamp is what stands before a line in the file of a service: its time in UTC,
// and a blank. Every line has one, that of the zero time too.
func Stamp(t time.Time) string { return t.UTC().Format(stampLayout) }

// Unstamp takes a line of such a file apart. One that has no stamp is a text as
// it is, of no known time.
func Unstamp(line string) (t time.Time, text string) {
	if len(line) < len(stampLayout) {
		return time.Time{}, line
	}
	t, err := time.Parse(stampLayout, line[:len(stampLayout)])
	if err != nil {
		return time.Time{}, line
	}
	return t, line[len(stampLayout):]
}
