// SPDX-License-Identifier: Apache-2.0

package host

import (
	"context"
	"syscall"
	"testing"
	"time"

	"github.com/causeway-chat/causeway/core/chat"
)

// BenchmarkDeliver is one post of 1 KB to a bridge process and back, one at a time.
func BenchmarkDeliver(b *testing.B) {
	l := newLab(b, setup{opt: Options{}})
	l.connected(b)
	post := onePost()
	for b.Loop() {
		if o := l.Deliver(context.Background(), post); o.Kind != chat.Delivered {
			b.Fatalf("%+v", o)
		}
	}
}

// BenchmarkDeliverParallel is the same over many lanes at once.
func BenchmarkDeliverParallel(b *testing.B) {
	l := newLab(b, setup{opt: Options{}})
	l.connected(b)
	post := onePost()
	b.SetParallelism(32)
	b.RunParallel(func(p *testing.PB) {
		for p.Next() {
			if o := l.Deliver(context.Background(), post); o.Kind != chat.Delivered {
				b.Errorf("%+v", o)
			}
		}
	})
}

func onePost() chat.Post {
	return chat.Post{Key: "k", Chat: "c", Action: chat.ActSend, Text: chat.Text{Body: string(make([]byte, 1000))}}
}

// BenchmarkEvents is events of 1 KB from a bridge process to an intake in memory, acknowledged.
func BenchmarkEvents(b *testing.B) {
	l := newLab(b, setup{opt: Options{}, script: script{Events: b.N, Size: 1000}})
	l.connected(b)
	b.ResetTimer()
	l.untilStored(b, b.N)
}

// BenchmarkDeathToNextLife is from kill -9 to the bridge's next word; the first part of it, until the death is seen, is
// reported apart.
func BenchmarkDeathToNextLife(b *testing.B) {
	opt := quickOptions()
	opt.CrashLoopAfter = 1 << 30
	l := newLab(b, setup{opt: opt})
	l.connected(b)
	var seen time.Duration
	for b.Loop() {
		lives, door, begun := l.Lives(), l.current.Load().door, time.Now()
		l.signal(syscall.SIGKILL)
		<-door.empty
		seen += time.Since(begun)
		l.until(b, "another life", func() bool {
			return l.Lives() > lives && l.states[len(l.states)-1].State == chat.Connected
		})
	}
	b.ReportMetric(float64(seen.Microseconds())/float64(b.N), "µs/death-seen")
}
