// SPDX-License-Identifier: Apache-2.0

package sdk_test

import (
	"context"
	"time"

	"github.com/causeway-chat/causeway/core/chat"
	"github.com/causeway-chat/causeway/plugins/sdk"
)

// clock is a whole bridge: a network on which one chat is told the time, and where every post is accepted.
type clock struct {
	sdk.NoLookup
	sdk.NoMedia
}

var _ sdk.Bridge = clock{}

func (clock) Describe() sdk.Description {
	return sdk.Description{Network: "clock", Version: "1", Capabilities: chat.Capabilities{
		Network: "clock", Text: chat.TextLimit{Max: 1000, Unit: chat.CodePoints}, Repeat: chat.RepeatDropped,
	}}
}

func (clock) Run(ctx context.Context, s *sdk.Session) error {
	s.SetState(chat.State{State: chat.Connected, Since: time.Now()})
	tick := time.NewTicker(time.Minute)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case now := <-tick.C:
			stamp := now.Format(time.RFC3339)
			text := chat.MessageNew{ID: chat.RemoteMessage(stamp), Content: chat.Content{Text: chat.Text{Body: stamp}}}
			event := chat.Event{Key: chat.EventKey(stamp), At: now, Chat: "tower", Body: text}
			if err := s.Store(context.WithoutCancel(ctx), []chat.Event{event}); err != nil {
				return err
			}
		}
	}
}

func (clock) Deliver(_ context.Context, p chat.Post) chat.Outcome {
	return chat.DeliveredAs(chat.RemoteMessage(p.Key))
}

// The whole main of a bridge.
func ExampleServe() {
	sdk.Serve(clock{})
}
