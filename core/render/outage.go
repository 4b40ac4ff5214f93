// SPDX-License-Identifier: Apache-2.0

package render

import (
	"strings"
	"time"

	"github.com/causeway-chat/causeway/core/chat"
)

// outage says since when a network cannot be reached, or after how long it was back and what has arrived since.
func (in Input) outage(o chat.Outage) string {
	say := in.say()
	format := say.unreachable
	switch trouble, lasting := say.troubles[o.Trouble]; {
	case !o.Until.IsZero():
		format = say.back
	case lasting:
		format = trouble
	}
	line := strings.NewReplacer("{network}", in.beside(in.cleanName(o.Network)), "{time}", in.beside(clock(o)),
		"{duration}", say.duration(o.Until.Sub(o.Since))).Replace(format)
	return line + say.arrived(o)
}

// gap says what the network has not kept for us.
func (in Input) gap(o chat.Outage) string {
	return strings.NewReplacer("{network}", in.beside(in.cleanName(o.Network)), "{from}", in.beside(written(o.Since)),
		"{to}", in.beside(written(o.Until))).Replace(in.say().gap)
}

// arrived tells what became of what waited, once the network is back.
func (w *words) arrived(o chat.Outage) (rest string) {
	if o.Until.IsZero() {
		return ""
	}
	if o.Delivered > 0 {
		rest += w.counted(w.delivered, o.Delivered)
	}
	if o.Waiting > 0 {
		rest += w.counted(w.onTheWay, o.Waiting)
	}
	return rest
}

// beside isolates words from a sentence of our own that runs the other way.
func (in Input) beside(s string) string { return isolate(s, in.say().unreachable) }

// dated is how long ago a time is that needs its date beside it: the clock alone could mean another day.
const dated = 12 * time.Hour

// clock is when an outage began. Readers sit in many zones, so it is told in the one that all of them can reckon with.
func clock(o chat.Outage) string {
	layout := "15:04 UTC"
	if o.Told.Sub(o.Since) > dated {
		layout = "2006-01-02 15:04 UTC"
	}
	return o.Since.UTC().Format(layout)
}

// duration writes the two largest units of a time: "2 d 3 h", "5 h 58 min", "45 s".
func (w *words) duration(d time.Duration) string {
	s := max(int(d.Round(time.Second)/time.Second), 1)
	switch {
	case s < 60:
		return w.counted(w.seconds, s)
	case s < 3600:
		return w.counted(w.minutes, s/60)
	case s < 24*3600:
		return w.both(w.counted(w.hours, s/3600), w.minutes, s/60%60)
	}
	return w.both(w.counted(w.days, s/(24*3600)), w.hours, s/3600%24)
}

// both adds a smaller unit, unless there is none of it.
func (w *words) both(larger string, unit forms, n int) string {
	if n == 0 {
		return larger
	}
	return larger + w.andUnit + w.counted(unit, n)
}
