// SPDX-License-Identifier: Apache-2.0

package media

import (
	"context"
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/causeway-chat/causeway/core/chat"
)

// cursed is a file that no decoder survives.
type cursed struct{}

func (cursed) ReadAt([]byte, int64) (int, error) { panic("what somebody sent") }

func TestBytesThatNoDecoderSurvivesAreDamaged(t *testing.T) {
	f, err := Inspect(cursed{}, 100)
	if err != nil || f.Code != CodeDamaged || f.MIME != typeBytes {
		t.Errorf("%+v, %v", f, err)
	}
	if !strings.Contains(f.Trace, "cursed") || strings.Contains(f.Trace, "somebody") || len(f.Trace) > maxTrace {
		t.Errorf("it lacks the place, or holds the value: %s", f.Trace)
	}
}

func TestAConversionThatPanicsIsAFailureOfTheseBytes(t *testing.T) {
	c, s := NewConverter(ConverterOptions{}), newSpool(t)
	m := sent(t, s, chat.Photo, jpegOf(t, 4, 4))
	none := []byte(nil)
	_, _, err := c.make(t.Context(), s, m, Form{Kind: chat.Photo, MIME: typeJPEG}, func(context.Context, *os.File, *os.File, chat.Media, Form) error {
		_ = none[len(m.Hash)]
		return nil
	})
	var failure *Failure
	if !errors.As(err, &failure) || failure.Code != CodeUnreadable || !strings.Contains(err.Error(), "index out of range") {
		t.Errorf("got %v", err)
	}
	if left := listing(t, s); len(left) != 1 {
		t.Errorf("the spool holds %v", left)
	}
}
