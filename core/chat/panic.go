// SPDX-License-Identifier: Apache-2.0

package chat

import (
	"fmt"
	"runtime"
)

// PanicText is what may be logged of a panic's value: its type, unless it is an error of the Go runtime. The value itself may
// hold what people wrote.
func PanicText(v any) string {
	if e, ok := v.(runtime.Error); ok {
		return e.Error()
	}
	return fmt.Sprintf("%T", v)
}
