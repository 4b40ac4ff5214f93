// SPDX-License-Identifier: Apache-2.0

package host

import (
	"context"
	"os"
	"testing"

	"github.com/hashicorp/go-plugin"
	"google.golang.org/grpc"

	"github.com/causeway-chat/causeway/core/chat"
	"github.com/causeway-chat/causeway/plugins/wire"
	pb "github.com/causeway-chat/causeway/plugins/wire/causeway/v1"
)

// rude is a bridge that was not made with the SDK: it says that it is drained although nobody has asked, and goes.
type rude struct{ pb.UnimplementedBridgeServer }

func playRude() {
	plugin.Serve(&plugin.ServeConfig{
		HandshakeConfig:  plugin.HandshakeConfig{MagicCookieKey: wire.CookieKey, MagicCookieValue: wire.CookieValue},
		VersionedPlugins: map[int]plugin.PluginSet{wire.Major: {wire.PluginName: rudePlugin{}}},
		GRPCServer:       plugin.DefaultGRPCServer,
	})
}

type rudePlugin struct{ plugin.NetRPCUnsupportedPlugin }

func (rudePlugin) GRPCServer(_ *plugin.GRPCBroker, g *grpc.Server) error {
	pb.RegisterBridgeServer(g, rude{})
	return nil
}

func (rudePlugin) GRPCClient(context.Context, *plugin.GRPCBroker, *grpc.ClientConn) (any, error) {
	return nil, os.ErrInvalid
}

func (rude) Describe(context.Context, *pb.DescribeRequest) (*pb.DescribeResponse, error) {
	return wire.PackDescription(wire.Description{Network: "test", Capabilities: chat.Capabilities{Network: "test"}}), nil
}

func (rude) Session(stream pb.Bridge_SessionServer) error {
	first, err := stream.Recv()
	if err != nil {
		return err
	}
	opened := &pb.SessionUp{Frame: &pb.SessionUp_Opened{Opened: &pb.Opened{Epoch: first.GetOpen().GetEpoch()}}}
	if err := stream.Send(opened); err != nil {
		return err
	}
	return stream.Send(&pb.SessionUp{Frame: &pb.SessionUp_Drained{Drained: &pb.Drained{}}})
}

func TestBridgeThatDrainsUnaskedIsStartedAgain(t *testing.T) {
	t.Parallel()
	l := newLab(t, setup{role: "rude", opt: quickOptions()})
	l.untilStateSeen(t, chat.Down, CodeProtocolViolation)
	l.until(t, "another life", func() bool { return l.opens >= 2 })
}
