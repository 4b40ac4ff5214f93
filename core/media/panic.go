// SPDX-License-Identifier: Apache-2.0

package media

import (
	"fmt"
	"runtime/debug"

	"github.com/causeway-chat/causeway/core/chat"
)

// maxTrace bounds, in bytes, what is kept of a panic.
const maxTrace = 4 << 10

// trace is what a panic was, and where.
func trace(p any) string {
	t := chat.PanicText(p) + "\n" + string(debug.Stack())
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
