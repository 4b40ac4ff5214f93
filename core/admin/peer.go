// SPDX-License-Identifier: Apache-2.0

package admin

import (
	"context"
	"fmt"
	"net"

	"github.com/causeway-chat/causeway/core/command"
)

type peerKey struct{}

// withPeer notes which user of the machine is at the other end of a unix socket.
func withPeer(ctx context.Context, c net.Conn) context.Context {
	if p, ok := c.(*placed); ok {
		c = p.Conn
	}
	u, ok := c.(*net.UnixConn)
	if !ok {
		return ctx
	}
	uid, ok := peerUID(u)
	if !ok {
		return ctx
	}
	return context.WithValue(ctx, peerKey{}, uid)
}

// operator is the caller of a command on the control socket. Whoever can open it is the operator.
func operator(ctx context.Context) command.Caller {
	name := "operator"
	if uid, ok := ctx.Value(peerKey{}).(uint32); ok {
		name = fmt.Sprintf("operator (uid %d)", uid)
	}
	return command.Caller{Who: command.Operator, Name: name}
}
