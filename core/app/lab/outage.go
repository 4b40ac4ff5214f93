// SPDX-License-Identifier: Apache-2.0

package lab

import (
	"time"

	"github.com/causeway-chat/causeway/core/chat"
)

// CodeUnreachable is what a bridge says, and what becomes of posts, while the way to the network is cut.
const CodeUnreachable = "unreachable"

// Outage is how the way to the network is.
type Outage struct {
	// Cut lets nothing through, neither up nor down.
	Cut bool
	// Deaf lets nothing up, and the bridge says so.
	Deaf bool
	// Silent is a bridge that does not notice, and goes on saying that it is connected.
	Silent bool
	// State is what the bridge says instead of that the network is unreachable, for example that it was logged out.
	State chat.AccountState
}

// SetOutage cuts the way to the network, or lets things through again. Posts that are on their way fail.
func (n *Network) SetOutage(o Outage) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.outage = o
	n.wake()
}

// Out reports whether the way to the network is cut.
func (n *Network) Out() bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.outage.Cut
}

// Echo plays a network that shows our account its own message like anybody's, without a word of whose it is.
func (n *Network) Echo(c chat.RemoteChat, id chat.RemoteMessage) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.push(c, "us", string(id)+"/echo", chat.MessageNew{ID: id, Content: chat.Content{Text: chat.Text{Body: n.textOf(c, id)}}})
}

// news reports whether the way to the network has changed since the bridge has told of it.
func (b *Bridge) news() bool {
	b.net.mu.Lock()
	defer b.net.mu.Unlock()
	return b.told != b.net.outage
}

// tellState says how the way to the network is.
func (b *Bridge) tellState() {
	b.net.mu.Lock()
	b.told = b.net.outage
	o := b.told
	b.net.mu.Unlock()
	st := chat.State{State: chat.Connected, Since: time.Now()}
	switch {
	case o.State != "":
		st.State, st.Why = o.State, chat.Reason{Code: string(o.State)}
	case o.Deaf:
		st.State, st.Why = chat.Degraded, chat.Reason{Code: chat.CodeCannotReceive, Sentence: "The network hands nothing over."}
	case o.Cut && !o.Silent:
		st.State, st.Why = chat.Down, chat.Reason{Code: CodeUnreachable, Sentence: "The network cannot be reached."}
	}
	b.watch.State(b.account, st)
}
