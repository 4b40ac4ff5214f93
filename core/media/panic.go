// SPDX-License-Identifier: Apache-2.0

package media

import (
	"fmt"
	"runtime"
	"runtime/debug"
)

// maxTrace bounds, in bytes, what is kept of a panic.
const maxTrace = 4 << 10

// trace is what a panic was, and where. Its value may hold a part of the file, unless it is the Go runtime's own.
func trace(p any) string {
	what := fmt.Sprintf("%T", p)
	if e, ok := p.(runtime.Error); ok {
		what = e.Error()
	}
	t := what + "\n" + string(debug.Stack())
	return t[:min(len(t), maxTrace)]
}

// guarded works so that a panic is a failure of these bytes. Decoders are handed what anybody may send: what ends this process
// once would end it again after each start.
func guarded(work func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = failed(CodeUnreadable, fmt.Errorf("it panicked: %s", trace(p)))
		}
	}()
	return work()
}
